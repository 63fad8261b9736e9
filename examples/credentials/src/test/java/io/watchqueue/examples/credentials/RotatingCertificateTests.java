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

import static io.watchqueue.examples.credentials.Eventually.SOON;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SniCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;
import io.watchqueue.reactor.secret.SecretUnavailableException;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.NettyPipeline;
import reactor.netty.http.Http11SslContextSpec;
import reactor.netty.http.Http2SslContextSpec;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.tcp.SslProvider.GenericSslContextSpec;
import reactor.test.util.LoggerUtils;
import reactor.test.util.TestLogger;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

/** A real server, and a certificate that is rotated in a key of the simulated kernel. */
class RotatingCertificateTests {

    private static Certificate first;
    private static Certificate second;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId key = keys.add("user", "tls", bytes(first.pem()), Keyring.USER);
    private final RotatingSecret secret = RotatingSecret.follow("@u", "user", "tls");
    private final RotatingCertificate certificate =
            RotatingCertificate.of(secret, Http11SslContextSpec::forServer);
    private final Trust trust = new Trust();
    private final List<Throwable> refusals = new CopyOnWriteArrayList<>();
    private DisposableServer server;
    private HttpClient client;

    @BeforeAll
    static void make() throws Exception {
        first = Certificate.make();
        second = Certificate.make();
    }

    @BeforeEach
    void serve() {
        trust.only(first);
        server =
                HttpServer.create()
                        .secure(certificate)
                        .doOnChannelInit(
                                (observer, channel, address) ->
                                        channel.pipeline()
                                                .addBefore(
                                                        NettyPipeline.ReactiveBridge,
                                                        "refusals",
                                                        new RefusalRecorder()))
                        .handle((request, response) -> response.sendString(Mono.just("42")))
                        .bindNow();
        client = client(ConnectionProvider.newConnection());
    }

    @AfterEach
    void end() {
        server.disposeNow();
        secret.dispose();
        kernel.close();
    }

    /** Trusts exactly the certificates that it is given, which are then valid for localhost. */
    private static final class Trust implements X509TrustManager {

        private final Set<X509Certificate> trusted = ConcurrentHashMap.newKeySet();

        void only(Certificate certificate) {
            trusted.clear();
            trusted.add(certificate.x509());
        }

        void also(Certificate certificate) {
            trusted.add(certificate.x509());
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authentication)
                throws CertificateException {
            if (!trusted.contains(chain[0])) {
                throw new CertificateException("not the expected certificate");
            }
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authentication) {
            throw new UnsupportedOperationException();
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** Records why the server refuses a connection; it may look again while it closes it. */
    private final class RefusalRecorder extends ChannelInboundHandlerAdapter {

        private boolean refused;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (!refused && event instanceof SniCompletionEvent lookup && lookup.cause() != null) {
                refused = true;
                refusals.add(lookup.cause());
            }
            context.fireUserEventTriggered(event);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** All its connections share the TLS sessions that can be resumed. */
    private HttpClient client(ConnectionProvider connections) {
        GenericSslContextSpec<?> tls =
                Http11SslContextSpec.forClient().configure(builder -> builder.trustManager(trust));
        return HttpClient.create(connections)
                .host("localhost")
                .port(server.port())
                .secure(spec -> spec.sslContext(tls))
                .disableRetry(true);
    }

    /** Emits the certificate of the connection over which the answer has come. */
    private static Mono<X509Certificate> request(HttpClient client) {
        return client.get()
                .uri("/")
                .responseConnection(
                        (response, connection) ->
                                connection
                                        .inbound()
                                        .receive()
                                        .aggregate()
                                        .asString()
                                        .filter("42"::equals)
                                        .map(answer -> served(connection)))
                .single();
    }

    private static X509Certificate served(Connection connection) {
        try {
            return (X509Certificate)
                    connection
                            .channel()
                            .pipeline()
                            .get(SslHandler.class)
                            .engine()
                            .getSession()
                            .getPeerCertificates()[0];
        } catch (SSLException e) {
            throw new AssertionError(e);
        }
    }

    /** Updates the key, and returns when the update is used. */
    private void update(String pem) {
        long version =
                secret.rotations()
                        .ofType(Rotation.Loaded.class)
                        .map(Rotation.Loaded::version)
                        .blockFirst(SOON);
        keys.update(key, bytes(pem));
        assertThat(NextVersion.after(secret, version, SOON).block()).isTrue();
    }

    /** Fails if a new connection is not refused, and returns the reason that the server sees. */
    private Throwable refusal() {
        refusals.clear();
        assertThatThrownBy(() -> request(client).block(SOON)).hasCauseInstanceOf(IOException.class);
        assertThat(refusals).hasSize(1);
        return refusals.get(0);
    }

    @Test
    void newConnectionsGetTheNewCertificateAndOpenOnesGoOn() {
        HttpClient open = client(ConnectionProvider.create("one", 1));
        assertThat(request(open).block(SOON)).isEqualTo(first.x509());
        assertThat(request(client).block(SOON)).isEqualTo(first.x509());
        trust.only(second);
        update(second.pem());
        assertThat(request(client).block(SOON)).isEqualTo(second.x509());
        assertThat(request(open).block(SOON)).isEqualTo(first.x509());
    }

    /** The address of a server is no name for TLS. */
    @Test
    void aClientThatSendsNoNameGetsTheSameCertificate() throws Exception {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, new TrustManager[] {trust}, null);
        try (SSLSocket socket =
                (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", server.port())) {
            socket.startHandshake();
            assertThat(socket.getSession().getPeerCertificates()).containsExactly(first.x509());
        }
        keys.revoke(key);
        try (SSLSocket socket =
                (SSLSocket) tls.getSocketFactory().createSocket("127.0.0.1", server.port())) {
            assertThatThrownBy(socket::startHandshake).isInstanceOf(IOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"REVOKED", "EXPIRED", "ABSENT"})
    void withoutASecretNewConnectionsAreRefusedAndOpenOnesGoOn(String reason) {
        HttpClient open = client(ConnectionProvider.create("one", 1));
        assertThat(request(open).block(SOON)).isEqualTo(first.x509());
        assertThat(request(client).block(SOON)).isEqualTo(first.x509());
        switch (reason) {
            case "REVOKED" -> keys.revoke(key);
            case "EXPIRED" -> {
                keys.setTimeout(key, Duration.ofMinutes(1));
                kernel.advance(Duration.ofMinutes(2));
            }
            default -> {
                keys.unlink(key, Keyring.USER);
                secret.rotations().any(Rotation.Unavailable.class::isInstance).block(SOON);
            }
        }
        assertThat(refusal())
                .isInstanceOfSatisfying(
                        SecretUnavailableException.class,
                        e -> assertThat(e.reason()).hasToString(reason));
        assertThat(request(open).block(SOON)).isEqualTo(first.x509());

        keys.add("user", "tls", bytes(second.pem()), Keyring.USER);
        secret.rotations().any(Rotation.Loaded.class::isInstance).block(SOON);
        trust.only(second);
        assertThat(request(client).block(SOON)).isEqualTo(second.x509());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nothing", "no key", "no certificate", "half a key", "not Base64"})
    void aMalformedCertificateIsRefusedWithAMessageWithoutIt(String what) {
        String pem =
                switch (what) {
                    case "nothing" -> "\n";
                    case "no key" -> second.certificatePem();
                    case "no certificate" -> second.keyPem();
                    case "half a key" ->
                            second.keyPem().substring(0, 90)
                                    + "\n-----END PRIVATE KEY-----\n"
                                    + second.certificatePem();
                    default -> second.pem().replace("PRIVATE KEY-----\nMI", "PRIVATE KEY-----\n..");
                };
        assertThat(request(client).block(SOON)).isEqualTo(first.x509());
        update(pem);
        Throwable refusal = refusal();
        assertThat(refusal)
                .isInstanceOf(MalformedCertificateException.class)
                .hasNoCause()
                .hasMessageContainingAll(
                        "secret user 'tls' in keyring @u is malformed because key " + key,
                        "private key in PKCS#8 without a password, all in PEM",
                        "keyctl pupdate " + key);
        for (String line : pem.lines().filter(line -> !line.startsWith("-")).toList()) {
            if (!line.isEmpty()) {
                assertThat(refusal.toString()).doesNotContain(line.substring(0, 10));
            }
        }

        update(second.pem());
        trust.only(second);
        assertThat(request(client).block(SOON)).isEqualTo(second.x509());
    }

    @Test
    void logsTheReasonOfRefusalsOnce() {
        TestLogger log = new TestLogger();
        LoggerUtils.useCurrentLoggersWithCapture();
        LoggerUtils.enableCaptureWith(log);
        try {
            update("no PEM");
            String reason = refusal().getMessage();
            refusal();
            keys.revoke(key);
            String next = refusal().getMessage();
            assertThat(log.getErrContent().lines())
                    .filteredOn(line -> !line.contains("no longer followed")) // of another test
                    .satisfiesExactly(
                            line -> assertThat(line).endsWith("connections are refused: " + reason),
                            line -> assertThat(line).endsWith("connections are refused: " + next));
        } finally {
            LoggerUtils.disableCapture();
        }
    }

    @Test
    void servesHttp2() {
        DisposableServer http2 =
                HttpServer.create()
                        .protocol(HttpProtocol.H2, HttpProtocol.HTTP11)
                        .secure(RotatingCertificate.of(secret, Http2SslContextSpec::forServer))
                        .handle((request, response) -> response.sendString(Mono.just("42")))
                        .bindNow();
        GenericSslContextSpec<?> tls =
                Http2SslContextSpec.forClient().configure(builder -> builder.trustManager(trust));
        assertThat(
                        HttpClient.create(ConnectionProvider.newConnection())
                                .protocol(HttpProtocol.H2)
                                .secure(spec -> spec.sslContext(tls))
                                .get()
                                .uri("https://localhost:" + http2.port())
                                .responseSingle(
                                        (response, body) ->
                                                body.thenReturn(response.version().toString()))
                                .block(SOON))
                .isEqualTo("HTTP/2.0");
        http2.disposeNow();
    }

    @Test
    void noRequestFailsWhileTheCertificateIsRotated() throws Exception {
        rotateUnderLoad(10);
    }

    @Test
    @Tag("proof")
    void noRequestFailsWhileTheCertificateIsRotatedAHundredTimes() throws Exception {
        rotateUnderLoad(100);
    }

    /** Each request opens a connection. Once a certificate was served, no earlier one is. */
    private void rotateUnderLoad(int rotations) throws Exception {
        List<X509Certificate> made = new CopyOnWriteArrayList<>(List.of(first.x509()));
        AtomicInteger latest = new AtomicInteger();
        Load load =
                Load.begin(
                        Mono.defer(
                                () -> {
                                    int before = latest.get();
                                    return request(client)
                                            .doOnNext(
                                                    served -> {
                                                        int index = made.indexOf(served);
                                                        assertThat(index)
                                                                .isGreaterThanOrEqualTo(before);
                                                        latest.accumulateAndGet(index, Math::max);
                                                    });
                                }));
        for (int rotation = 1; rotation <= rotations; rotation++) {
            Certificate next = Certificate.make();
            made.add(next.x509());
            trust.also(next);
            update(next.pem());
            load.awaitLaterRequests();
            assertThat(latest).hasValue(rotation);
        }
        load.end();
    }
}
