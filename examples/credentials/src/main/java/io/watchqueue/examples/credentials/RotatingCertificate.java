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

import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.Unpooled;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Secret;

import org.jspecify.annotations.Nullable;

import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.tcp.SslProvider;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;
import reactor.netty.tcp.SslProvider.SslContextSpec;
import reactor.util.Loggers;

import java.io.InputStream;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * The current certificate of a Reactor Netty server, with its private key, for {@code
 * HttpServer.secure(..)}. Each new connection gets the certificate that is in the key at that
 * moment; connections that are open go on. Without a certificate new connections are refused, and
 * the reason is logged once.
 *
 * <p>Each rotation makes a new {@code SslContext}, so no client can resume a session of an earlier
 * certificate.
 */
public final class RotatingCertificate implements Consumer<SslContextSpec> {

    /** TLS settings, such as {@code Http11SslContextSpec::forServer}. */
    public interface Settings {

        /**
         * Makes the settings of a certificate.
         *
         * @param certificates a text in which the certificate is, followed by those that certify it
         * @param privateKey a text in which the private key is
         * @return the settings
         * @throws IllegalArgumentException if it finds none
         */
        GenericSslContextSpec<?> of(InputStream certificates, InputStream privateKey);
    }

    private final RotatingSecret secret;
    private final Settings settings;
    private volatile @Nullable Loaded loaded;
    private volatile @Nullable String refusal;

    private record Loaded(long version, SslProvider provider) {}

    private RotatingCertificate(RotatingSecret secret, Settings settings) {
        this.secret = secret;
        this.settings = settings;
    }

    /**
     * Serves a certificate.
     *
     * @param secret the certificate, followed by those that certify it, and its private key in
     *     PKCS#8 without a password, all in PEM. They are one secret, so that both rotate at once
     * @param settings makes the TLS settings of each certificate
     * @return the certificate
     */
    public static RotatingCertificate of(RotatingSecret secret, Settings settings) {
        return new RotatingCertificate(
                Objects.requireNonNull(secret, "secret"),
                Objects.requireNonNull(settings, "settings"));
    }

    /** Sets the certificate of a server. */
    @Override
    public void accept(SslContextSpec server) {
        // A server needs a default. This one has no certificate, and is never used, because the
        // connections of clients that send no name are mapped as well.
        GenericSslContextSpec<?> none = Http11SslContextSpec.forClient();
        server.sslContext(none).setSniAsyncMappings((name, promise) -> answer(promise));
    }

    /** Called for each new connection, on its event loop. */
    private Future<SslProvider> answer(Promise<SslProvider> promise) {
        secret.current(this::provider)
                .doOnError(this::refuse)
                .subscribe(promise::trySuccess, promise::tryFailure);
        return promise;
    }

    /** Only one thread at a time uses the secret, and so it reads each certificate once. */
    private SslProvider provider(Secret current) {
        Loaded known = loaded;
        if (known == null || known.version() != current.version()) {
            known = new Loaded(current.version(), read(current));
            loaded = known;
            refusal = null;
        }
        return known.provider();
    }

    private SslProvider read(Secret current) {
        GenericSslContextSpec<?> read;
        try {
            // Each looks for its part of the same text.
            read = settings.of(pem(current), pem(current));
        } catch (IllegalArgumentException e) {
            // Without the cause, which may quote the private key.
            throw new MalformedCertificateException(secret, current.key());
        }
        return SslProvider.builder().sslContext(read).build();
    }

    /** Reads the secret in its place, so that there is no copy to wipe. */
    private static InputStream pem(Secret current) {
        return new ByteBufInputStream(Unpooled.wrappedBuffer(current.payload()));
    }

    private void refuse(Throwable reason) {
        loaded = null; // a private key is not kept longer than its secret
        String message = String.valueOf(reason.getMessage());
        if (!message.equals(refusal)) {
            refusal = message;
            Loggers.getLogger(RotatingCertificate.class)
                    .error("new connections are refused: " + message);
        }
    }
}
