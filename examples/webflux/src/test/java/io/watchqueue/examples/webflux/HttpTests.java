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
package io.watchqueue.examples.webflux;

import static io.watchqueue.examples.webflux.RunningApplication.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.Environment;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.function.client.WebClient;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Responses and refusals over HTTP. */
class HttpTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final String KEYRING = "/keyrings/{reference}";
    private static final String CHANGES = "/keyrings/{reference}/changes";

    /** For the possessor, the user and all others. */
    private static final int VIEW_READ_SEARCH_LINK = 0x1b1b001b;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final RunningApplication application =
            RunningApplication.start(
                    "watchqueue.keyrings=@u,%:orders",
                    "watchqueue.streams.max=2",
                    "watchqueue.streams.heartbeat=50ms",
                    "watchqueue.streams.stalled=1s",
                    "watchqueue.hosts=KEYS.example",
                    "watchqueue.linger=100ms");

    @AfterEach
    void nothingIsLeftOpen() {
        application.closeWith(kernel);
    }

    @Test
    void listsTheKeyringsOfTheConfiguration() {
        assertThat(application.get("/keyrings").get("keyrings").values())
                .extracting(JsonNode::asString)
                .containsExactly("@u", "%:orders");
    }

    @Test
    void showsNoPayloadAnywhere() {
        KeyId orders = keys.addKeyring("orders", Keyring.USER);
        String secret = "hunter2-hunter2";
        KeyId token = keys.add("user", "token", secret.getBytes(StandardCharsets.UTF_8), orders);
        assertThat(text(KEYRING, "%:orders")).contains("token").doesNotContain(secret);
        StepVerifier.create(
                        application
                                .client()
                                .get()
                                .uri(CHANGES, "@u")
                                .accept(MediaType.TEXT_EVENT_STREAM)
                                .retrieve()
                                .bodyToFlux(String.class)
                                .filter(text -> !text.isEmpty()))
                .assertNext(text -> assertThat(text).contains("token").doesNotContain(secret))
                .then(() -> keys.update(token, (secret + 2).getBytes(StandardCharsets.UTF_8)))
                .assertNext(text -> assertThat(text).contains("UPDATED").doesNotContain(secret))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void refusesOtherKeyringsWhetherTheyExistOrNot() {
        keys.addKeyring("private", Keyring.USER);
        for (String other : List.of("%:private", "%:none", "@s", "12345", "../x", "%:orders ")) {
            for (String path : List.of(KEYRING, CHANGES)) {
                assertProblem(answer(path, other), 403, "Keyring refused", "watchqueue.keyrings");
            }
        }
    }

    @Test
    void answersNotFoundForAMissingKeyring() {
        for (String path : List.of(KEYRING, CHANGES)) {
            assertProblem(answer(path, "%:orders"), 404, "No such keyring now", "ENOKEY");
        }
    }

    @Test
    void refusesAnotherUsersKeyringByNameUnlessItIsPossessed() {
        KeyId[] foreign = new KeyId[1];
        kernel.runAs(
                4711,
                4711,
                () -> {
                    foreign[0] = keys.addKeyring("orders", Keyring.USER);
                    keys.setPermissions(foreign[0], VIEW_READ_SEARCH_LINK);
                });
        KeyId theirs = foreign[0];
        for (String path : List.of(KEYRING, CHANGES)) {
            assertProblem(
                    answer(path, "%:orders"),
                    403,
                    "Keyring refused",
                    theirs + " is owned by user 4711");
        }
        assertThat(application.get("/actuator/health/details").toString())
                .contains("name it by its serial");
        keys.link(theirs, Keyring.USER);
        assertThat(application.get(KEYRING, "%:orders").get("key").asInt())
                .isEqualTo(theirs.value());
    }

    @Test
    void answersForbiddenForAKeyringWithoutView() {
        KeyId orders = keys.addKeyring("orders", Keyring.USER);
        kernel.fail(NativeCall.WATCH_KEY, "EACCES");
        assertProblem(answer(KEYRING, "%:orders"), 403, "Keyring not permitted", "EACCES");
        assertThat(application.get(KEYRING, "%:orders").get("key").asInt())
                .isEqualTo(orders.value());
    }

    @Test
    void answersUnavailableIfKeyringsCannotBeWatched() {
        kernel.fail(NativeCall.PIPE2, "EMFILE");
        assertProblem(
                answer(KEYRING, "@u"), 503, "Keyrings cannot be watched now", "RLIMIT_NOFILE");
        kernel.fail(NativeCall.PIPE2, "ENOPKG");
        assertProblem(answer(CHANGES, "@u"), 503, "Keyrings cannot be watched now", "WATCH_QUEUE");
    }

    @Test
    void refusesStreamsBeyondTheLimitUntilOneEnds() {
        Disposable first = application.changes("@u").subscribe();
        Disposable second = application.changes("@u").subscribe();
        eventually(
                "both browsers are there",
                () -> application.gauge("watchqueue.subscribers", "keyring:@u") == 2);
        ResponseEntity<String> refused = answer(CHANGES, "@u");
        assertProblem(refused, 503, "Too many streams", "watchqueue.streams.max");
        assertThat(refused.getHeaders().getFirst(HttpHeaders.RETRY_AFTER)).isEqualTo("10");
        assertThat(application.get(KEYRING, "@u").get("keyType").asString()).isEqualTo("keyring");
        first.dispose();
        eventually(
                "the browser is there",
                () -> application.gauge("watchqueue.subscribers", "keyring:@u") == 1);
        StepVerifier.create(application.changes("@u")).expectNextCount(1).thenCancel().verify(SOON);
        second.dispose();
    }

    @Test
    void sendsHeartbeatsOnAnIdleStream() {
        StepVerifier.create(application.changes("@u").mapNotNull(ServerSentEvent::comment))
                .expectNext("", "", "")
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void disconnectsABrowserThatReadsNothing() throws IOException {
        // Enough keys for the snapshot to fill the buffers of TCP.
        for (int key = 1; key <= 500; key++) {
            keys.add("user", "key " + key, new byte[] {1}, Keyring.USER);
        }
        try (Socket browser = new Socket()) {
            browser.setReceiveBufferSize(1024);
            browser.connect(
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), application.port()));
            browser.getOutputStream()
                    .write(
                            "GET /keyrings/@u/changes HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
            eventually(
                    "the browser is there",
                    () -> application.gauge("watchqueue.subscribers", "keyring:@u") == 1);
            eventually(
                    "the browser is disconnected",
                    () -> {
                        keys.add("user", "changing", new byte[] {1}, Keyring.USER);
                        return application.gauge("watchqueue.subscribers", "keyring:@u") == 0;
                    });
            assertThatItEnds(browser.getInputStream());
        }
    }

    private static void assertThatItEnds(InputStream stream) {
        byte[] buffer = new byte[65536];
        try {
            while (stream.read(buffer) >= 0) {
                // Discard the data that was under way.
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("reset");
        }
    }

    @Test
    void refusesAnUnknownHost() {
        for (String host : List.of("localhost", "127.0.0.1:8080", "[::1]:80", "Keys.example")) {
            assertThat(status("/keyrings", host)).as(host).isEqualTo(200);
        }
        for (String host : List.of("evil.example", "localhost.evil.example:8080", "10.0.0.1")) {
            assertThat(status("/keyrings", host)).as(host).isEqualTo(421);
        }
    }

    @Test
    void answersAnyHostWithTheStatusOnly() {
        for (String path :
                List.of(
                        "/actuator/health",
                        "/actuator/health/liveness",
                        "/actuator/health/readiness")) {
            JsonNode health = application.get(path);
            assertThat(health.get("status").asString()).as(path).isEqualTo("UP");
            assertThat(health.has("components")).as(path).isFalse();
            assertThat(status(path, "10.0.0.1:8080")).as(path).isEqualTo(200);
        }
        for (String path :
                List.of("/actuator/health/details", "/actuator/metrics", "/actuator", "/")) {
            assertThat(status(path, "localhost")).as(path).isEqualTo(200);
            assertThat(status(path, "10.0.0.1:8080")).as(path).isEqualTo(421);
        }
    }

    @Test
    void allowsForeignPagesNothing() {
        HttpHeaders headers =
                application
                        .client()
                        .get()
                        .uri(KEYRING, "@u")
                        .header(HttpHeaders.ORIGIN, "https://evil.example")
                        .retrieve()
                        .toBodilessEntity()
                        .block()
                        .getHeaders();
        assertThat(headers.headerNames())
                .noneMatch(name -> name.toLowerCase(Locale.ROOT).startsWith("access-control"));
        assertThat(headers.getFirst("Content-Security-Policy")).contains("default-src 'none'");
        assertThat(headers.getFirst("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(headers.getFirst("Cross-Origin-Resource-Policy")).isEqualTo("same-origin");
        assertThat(headers.getCacheControl()).isEqualTo("no-store");
    }

    @Test
    void listensOnLoopbackOnly() {
        assertThat(application.bean(Environment.class).getProperty("server.address"))
                .isEqualTo("127.0.0.1");
    }

    @Test
    void healthReportsTheKernelAndTheKeyrings() {
        JsonNode health = application.get("/actuator/health/details");
        assertThat(health.get("status").asString()).isEqualTo("UP");
        JsonNode details = health.get("components").get("watchQueue").get("details");
        assertThat(details.get("keyrings").get("%:orders").asString()).contains("ENOKEY");
        assertThat(details.get("keyrings").get("@u").asInt()).isPositive();
    }

    private ResponseEntity<String> answer(String path, String reference) {
        return application
                .client()
                .get()
                .uri(path, reference)
                .accept(MediaType.TEXT_EVENT_STREAM, MediaType.APPLICATION_JSON)
                .retrieve()
                .onStatus(status -> true, response -> Mono.empty())
                .toEntity(String.class)
                .block();
    }

    private String text(String path, String reference) {
        return application
                .client()
                .get()
                .uri(path, reference)
                .retrieve()
                .bodyToMono(String.class)
                .block();
    }

    private int status(String path, String host) {
        return WebClient.create()
                .get()
                .uri("http://127.0.0.1:" + application.port() + path)
                .header(HttpHeaders.HOST, host)
                .exchangeToMono(
                        response -> response.releaseBody().thenReturn(response.statusCode()))
                .block()
                .value();
    }

    private static void assertProblem(
            ResponseEntity<String> answer, int status, String title, String detail) {
        assertThat(answer.getStatusCode().value()).isEqualTo(status);
        assertThat(answer.getHeaders().getContentType())
                .isEqualTo(MediaType.APPLICATION_PROBLEM_JSON);
        JsonNode problem = JsonMapper.shared().readTree(answer.getBody());
        assertThat(problem.get("status").asInt()).isEqualTo(status);
        assertThat(problem.get("title").asString()).isEqualTo(title);
        assertThat(problem.get("detail").asString()).contains(detail);
    }
}
