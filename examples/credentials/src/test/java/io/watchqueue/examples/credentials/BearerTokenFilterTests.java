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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.publisher.PublisherProbe;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class BearerTokenFilterTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final URI API = URI.create("https://api.example.org");

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId token = keys.add("user", "token", bytes("s-1"), Keyring.USER);
    private final RotatingSecret secret = RotatingSecret.follow("@u", "user", "token");

    @BeforeEach
    void begin() {
        awaitVersion(1);
    }

    @AfterEach
    void end() {
        secret.dispose();
        kernel.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /**
     * Sends a request, and returns the Authorization header of each attempt. Each attempt gets the
     * next answer.
     */
    private List<String> sent(URI request, BearerTokenFilter filter, HttpStatus... answers) {
        List<String> sent = new ArrayList<>();
        filter.filter(
                        ClientRequest.create(HttpMethod.GET, request).build(),
                        made -> {
                            sent.add(made.headers().getFirst("Authorization"));
                            return Mono.just(
                                    ClientResponse.create(answers[sent.size() - 1]).build());
                        })
                .block(SOON);
        return sent;
    }

    private List<String> sent(String request) {
        return sent(URI.create(request), BearerTokenFilter.of(secret, API), HttpStatus.OK);
    }

    @Test
    void sendsTheTokenToItsOrigin() {
        assertThat(sent("https://api.example.org/orders?page=2")).containsExactly("Bearer s-1");
        assertThat(sent("https://API.example.org:443/")).containsExactly("Bearer s-1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://api.example.org/",
                "https://api.example.org:8443/",
                "https://example.org/",
                "https://api.example.org.evil.test/",
                "https://api.example.org@evil.test/",
                "/orders"
            })
    void sendsTheTokenNowhereElse(String elsewhere) {
        assertThat(sent(elsewhere)).hasSize(1).containsOnlyNulls();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://api.example.org",
                "http://127.0.0.1.evil.test",
                "http://localhost@evil.test",
                "ftp://localhost",
                "https:///",
                "api.example.org"
            })
    void refusesAnOriginThatIsNotConfidential(String origin) {
        assertThatThrownBy(() -> BearerTokenFilter.of(secret, URI.create(origin)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("send a bearer token to " + origin)
                .hasMessageContaining("use an origin with https");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"PT-0.000000001S", "PT2562047H47M16.854775808S", "PT2562047788015215H30M7S"})
    void refusesAPatienceBeyondTheRangeOfATimeout(Duration patience) {
        assertThatThrownBy(() -> BearerTokenFilter.of(secret, API, patience))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "send a bearer token to " + API,
                        "a patience of " + patience,
                        "is not from PT0S to PT2562047H47M16.854775807S",
                        "pass a shorter one");
    }

    @Test
    void acceptsTheLongestPatience() {
        Duration longest = Duration.ofNanos(Long.MAX_VALUE);
        assertThat(sent(API, BearerTokenFilter.of(secret, API, longest), HttpStatus.OK))
                .containsExactly("Bearer s-1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://localhost:8080",
                "http://127.0.0.1",
                "http://[::1]:80",
                "HTTPS://A.b"
            })
    void acceptsAConfidentialOrigin(String origin) {
        URI uri = URI.create(origin);
        assertThat(sent(uri.resolve("/x"), BearerTokenFilter.of(secret, uri), HttpStatus.OK))
                .containsExactly("Bearer s-1");
    }

    @Test
    void doesNotSendANewlineAtTheEnd() {
        keys.update(token, bytes("s-2\n"));
        awaitVersion(2);
        assertThat(sent("https://api.example.org/")).containsExactly("Bearer s-2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "s-2\n\n", "s-2\r\n", "s 2", "s\n2", "s-2\0", "s-ü", "=", "s=2"})
    void doesNotSendAMalformedToken(String payload) {
        keys.update(token, bytes(payload));
        awaitVersion(2);
        assertThatThrownBy(() -> sent("https://api.example.org/"))
                .isInstanceOf(MalformedTokenException.class)
                .hasMessageContaining(token.toString())
                .hasMessageContaining("keyctl pupdate")
                .message()
                .doesNotContain(payload.strip().isEmpty() ? "s-1" : payload);
    }

    @Test
    void sendsNothingWithoutAToken() {
        keys.revoke(token);
        BearerTokenFilter filter = BearerTokenFilter.of(secret, API);
        List<ClientRequest> made = new ArrayList<>();
        StepVerifier.create(
                        filter.filter(
                                ClientRequest.create(HttpMethod.GET, API).build(),
                                request -> {
                                    made.add(request);
                                    return Mono.empty();
                                }))
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .hasMessage(
                                                "secret user 'token' in keyring @u was revoked: add"
                                                        + " it again by 'keyctl padd', which replaces the"
                                                        + " revoked one"))
                .verify(SOON);
        assertThat(made).isEmpty();
    }

    @Test
    void repeatsARefusedRequestWithTheNextToken() {
        List<String> sent = new ArrayList<>();
        ClientResponse response =
                BearerTokenFilter.of(secret, API)
                        .filter(
                                ClientRequest.create(HttpMethod.GET, API).build(),
                                made -> {
                                    sent.add(made.headers().getFirst("Authorization"));
                                    keys.update(token, bytes("s-" + (sent.size() + 1)));
                                    return Mono.just(
                                            ClientResponse.create(HttpStatus.UNAUTHORIZED).build());
                                })
                        .block(SOON);
        assertThat(sent).containsExactly("Bearer s-1", "Bearer s-2");
        assertThat(response.statusCode()).isEqualTo(HttpStatus.UNAUTHORIZED);
    }

    @Test
    void returnsTheRefusalIfNoOtherTokenComes() {
        assertThat(sent(API, BearerTokenFilter.of(secret, API), HttpStatus.UNAUTHORIZED))
                .containsExactly("Bearer s-1");
    }

    @Test
    void releasesAResponseThatNobodyWaitsFor() {
        PublisherProbe<DataBuffer> body =
                PublisherProbe.of(
                        Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes("no"))));
        BearerTokenFilter.of(secret, API)
                .filter(
                        ClientRequest.create(HttpMethod.GET, API).build(),
                        made ->
                                Mono.just(
                                        ClientResponse.create(HttpStatus.UNAUTHORIZED)
                                                .body(body.flux())
                                                .build()))
                .subscribe()
                .dispose();
        body.assertWasSubscribed();
    }

    @Test
    void aServerSeesEachTokenInTurn() throws IOException {
        try (TokenServer server = new TokenServer()) {
            WebClient client =
                    WebClient.builder()
                            .baseUrl(server.uri().toString())
                            .clientConnector(new JdkClientHttpConnector())
                            .filter(BearerTokenFilter.of(secret, server.uri()))
                            .build();
            for (int version = 1; version <= 5; version++) {
                server.accept("s-" + version);
                if (version > 1) {
                    keys.update(token, bytes("s-" + version));
                }
                // The client may start with the previous token.
                client.post()
                        .uri("/orders")
                        .bodyValue("an order")
                        .retrieve()
                        .toBodilessEntity()
                        .block(SOON);
            }
            assertThat(server.refusals()).isBetween(0, 4);
        }
    }

    private void awaitVersion(long version) {
        secret.rotations()
                .any(
                        rotation ->
                                rotation instanceof Rotation.Loaded loaded
                                        && loaded.version() == version)
                .block(SOON);
    }
}
