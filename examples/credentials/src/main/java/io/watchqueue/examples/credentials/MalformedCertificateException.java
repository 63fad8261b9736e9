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

import io.watchqueue.KeyId;
import io.watchqueue.reactor.secret.RotatingSecret;

/** A secret is no certificate with its private key. The message contains no secret. */
public final class MalformedCertificateException extends RuntimeException {

    private static final long serialVersionUID = 1;

    MalformedCertificateException(RotatingSecret secret, KeyId key) {
        super(
                secret
                        + " is malformed because key "
                        + key
                        + " does not have a certificate, followed by those that certify it, and its"
                        + " private key in PKCS#8 without a password, all in PEM: replace it by"
                        + " 'cat chain.pem key.pem | keyctl pupdate "
                        + key
                        + "'");
    }
}
