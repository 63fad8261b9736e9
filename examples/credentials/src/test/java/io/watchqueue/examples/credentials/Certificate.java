/*
 * Copyright 2026 the watchqueue authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */
package io.watchqueue.examples.credentials;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;

/**
 * A certificate for localhost that openssl(1) has made.
 *
 * @param pem its private key, and the certificate itself
 */
record Certificate(String pem, X509Certificate x509) {

    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";

    /** Makes one. */
    static Certificate make() throws IOException, InterruptedException, CertificateException {
        Process script =
                new ProcessBuilder("./certificate", "localhost")
                        .redirectError(Redirect.INHERIT)
                        .start();
        String pem = new String(script.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        if (script.waitFor() != 0) {
            throw new IOException("./certificate localhost failed");
        }
        return new Certificate(pem, parse(pem.substring(pem.indexOf(BEGIN))));
    }

    private static X509Certificate parse(String pem) throws CertificateException {
        return (X509Certificate)
                CertificateFactory.getInstance("X.509")
                        .generateCertificate(
                                new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)));
    }

    String keyPem() {
        return pem.substring(0, pem.indexOf(BEGIN));
    }

    String certificatePem() {
        return pem.substring(pem.indexOf(BEGIN));
    }
}
