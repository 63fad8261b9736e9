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
import io.watchqueue.test.SimulatedQueue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.function.client.WebClientResponseException;

import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import tools.jackson.databind.JsonNode;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The stream of a browser, on the simulated kernel. */
class ChangeStreamTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final String KEYRING = "/keyrings/{reference}";
    private static final byte[] SECRET = "hunter2".getBytes(StandardCharsets.UTF_8);

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId orders = keys.addKeyring("orders", Keyring.USER);
    private final RunningApplication application =
            RunningApplication.start("watchqueue.keyrings=%:orders,@u", "watchqueue.linger=100ms");

    @AfterEach
    void nothingIsLeftOpen() {
        application.closeWith(kernel);
    }

    @Test
    void sendsTheKeyringAndThenChanges() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(
                        event -> {
                            assertThat(event.retry()).isEqualTo(Duration.ofSeconds(2));
                            assertSnapshot(event, orders);
                            assertThat(event.data().get("keyType").asString()).isEqualTo("keyring");
                            assertThat(members(event.data())).containsExactly("token");
                        })
                .then(() -> keys.update(token, SECRET))
                .assertNext(
                        event -> {
                            assertThat(event.retry()).isNull();
                            assertChanged(event, "UPDATED", token);
                            assertThat(event.data().get("root").asInt()).isEqualTo(orders.value());
                            assertThat(event.data().get("keyPermissions").asString())
                                    .isEqualTo("3f010000");
                            assertThat(Instant.parse(event.data().get("time").asString()))
                                    .isBeforeOrEqualTo(Instant.now());
                        })
                .then(() -> keys.revoke(token))
                .assertNext(
                        event -> {
                            assertChanged(event, "REVOKED", token);
                            assertThat(event.data().get("keyState").asString())
                                    .isEqualTo("REVOKED");
                        })
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void namesTheKeysOfALinkedKeyringAndTheKeyThatAnotherDisplaces() {
        KeyId elsewhere = keys.addKeyring("elsewhere", Keyring.USER);
        KeyId deep = keys.add("user", "deep", SECRET, elsewhere);
        KeyId other = keys.add("user", "deep", SECRET, Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.link(elsewhere, orders))
                .assertNext(
                        event -> {
                            assertEvent(event, "linked", elsewhere);
                            assertThat(event.data().get("keyringDescription").asString())
                                    .isEqualTo("orders");
                        })
                .assertNext(event -> assertEvent(event, "linked", deep))
                .then(() -> keys.link(other, elsewhere))
                .assertNext(
                        event -> {
                            assertEvent(event, "replaced", other);
                            assertThat(event.data().get("previous").asInt())
                                    .isEqualTo(deep.value());
                        })
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void reportsALossWhereItHappenedAndThenTheDifferences() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        keys.link(token, Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(
                        () -> {
                            kernel.queue().dropNext(1);
                            keys.unlink(token, orders);
                            keys.addKeyring("kept", orders);
                        })
                .thenConsumeWhile(event -> !"lost".equals(event.event()))
                .assertNext(
                        event -> {
                            assertThat(event.event()).isEqualTo("lost");
                            assertThat(event.data().get("origin").asString()).isEqualTo("KERNEL");
                            assertThat(event.data().has("dropped")).isFalse();
                        })
                .thenConsumeWhile(event -> !"unlinked".equals(event.event()))
                .assertNext(event -> assertEvent(event, "unlinked", token))
                .thenCancel()
                .verify(SOON);
        assertThat(application.count("watchqueue.losses", "origin:kernel")).isEqualTo(1);
    }

    @Test
    void allBrowsersShareAQueueThatTheLastOneCloses() {
        ChangeStreams streams = application.bean(ChangeStreams.class);
        KeyringFeed feed = application.bean(KeyringFeeds.class).get("%:orders");
        List<TestSubscriber<ServerSentEvent<String>>> browsers = new ArrayList<>();
        for (int browser = 1; browser <= 20; browser++) {
            browsers.add(TestSubscriber.create());
            streams.open(feed, () -> {}).subscribe(browsers.get(browser - 1));
        }
        eventually(
                "all have it",
                () -> browsers.stream().allMatch(b -> b.getReceivedOnNext().size() == 1));
        assertThat(kernel.queues()).hasSize(1);
        assertThat(application.gauge("watchqueue.subscribers", "keyring:%:orders")).isEqualTo(20);
        keys.add("user", "token", SECRET, orders);
        eventually(
                "all have it",
                () -> browsers.stream().allMatch(b -> b.getReceivedOnNext().size() == 2));
        assertThat(browsers.stream().map(b -> b.getReceivedOnNext().get(1).data()).distinct())
                .as("encoded once")
                .hasSize(1);
        browsers.forEach(TestSubscriber::cancel);
        eventually(
                "the queue is closed",
                () -> kernel.queues().stream().allMatch(SimulatedQueue::isClosed));
        assertThat(application.gauge("watchqueue.subscribers", "keyring:%:orders")).isZero();
    }

    @Test
    void aSlowBrowserLosesAloneAndGetsTheKeyringAgain() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        ChangeStreams streams = application.bean(ChangeStreams.class);
        KeyringFeed feed = application.bean(KeyringFeeds.class).get("%:orders");
        TestSubscriber<ServerSentEvent<String>> slow =
                TestSubscriber.builder().initialRequest(1).build();
        TestSubscriber<ServerSentEvent<String>> quick = TestSubscriber.create();
        streams.open(feed, () -> {}).subscribe(slow);
        streams.open(feed, () -> {}).subscribe(quick);
        eventually("it has arrived", () -> quick.getReceivedOnNext().size() == 1);
        eventually("it has arrived", () -> slow.getReceivedOnNext().size() == 1);
        for (int change = 1; change <= 500; change++) {
            keys.update(token, SECRET);
            int received = change + 1;
            eventually("it has arrived", () -> quick.getReceivedOnNext().size() == received);
        }
        slow.request(Long.MAX_VALUE);
        eventually(
                "the keyring has arrived again",
                () -> names(slow).lastIndexOf("snapshot") == names(slow).size() - 1);
        assertThat(names(quick)).doesNotContain("lost");
        assertThat(names(slow).subList(1, names(slow).size() - 2)).containsOnly("changed");
        assertThat(slow.getReceivedOnNext().get(names(slow).size() - 2).data())
                .contains("\"type\":\"lost\"", "\"origin\":\"SUBSCRIBER\"");
        assertThat(application.count("watchqueue.losses", "origin:subscriber")).isEqualTo(1);
        quick.cancel();
        slow.cancel();
    }

    @Test
    void theStreamEndsWithItsKeyring() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.invalidate(orders))
                .thenConsumeWhile(event -> "changed".equals(event.event()))
                .assertNext(event -> assertEvent(event, "gone", orders))
                .expectComplete()
                .verify(SOON);
        assertThatTheSuccessorIsFollowed();
    }

    @Test
    void theStreamEndsWithARevokedKeyring() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.revoke(orders))
                .assertNext(event -> assertChanged(event, "REVOKED", orders))
                .expectComplete()
                .verify(SOON);
        keys.unlink(orders, Keyring.USER);
        assertThatTheSuccessorIsFollowed();
    }

    private void assertThatTheSuccessorIsFollowed() {
        KeyId successor = keys.addKeyring("orders", Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(event -> assertSnapshot(event, successor))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void followsARecreatedKeyring() {
        keys.invalidate(orders);
        StepVerifier.create(application.changes("%:orders"))
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(WebClientResponseException.NotFound.class))
                .verify(SOON);
        KeyId recreated = keys.addKeyring("orders", Keyring.USER);
        assertThat(application.get(KEYRING, "%:orders").get("key").asInt())
                .isEqualTo(recreated.value());
    }

    @Test
    void endsTheStreamIfTheQueueFailsAndOpensTheNext() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(kernel::settle)
                .then(() -> kernel.fail(NativeCall.READ, "EIO"))
                .then(() -> keys.update(token, SECRET))
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(event -> assertSnapshot(event, orders))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void completesTheStreamsWhenTheApplicationEnds() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(application::close)
                .expectComplete()
                .verify(SOON);
    }

    private static List<String> names(TestSubscriber<ServerSentEvent<String>> browser) {
        return browser.getReceivedOnNext().stream().map(ServerSentEvent::event).toList();
    }

    private static List<String> members(JsonNode snapshot) {
        return snapshot.get("links").values().stream()
                .map(link -> link.get("keyDescription").asString())
                .toList();
    }

    private static void assertSnapshot(ServerSentEvent<JsonNode> event, KeyId keyring) {
        assertEvent(event, "snapshot", keyring);
    }

    private static void assertChanged(ServerSentEvent<JsonNode> event, String name, KeyId key) {
        assertEvent(event, "changed", key);
        assertThat(event.data().get("event").asString()).isEqualTo(name);
    }

    private static void assertEvent(ServerSentEvent<JsonNode> event, String type, KeyId key) {
        assertThat(event.event()).isEqualTo(type);
        assertThat(event.data().get("type").asString()).isEqualTo(type);
        assertThat(event.data().get("key").asInt()).isEqualTo(key.value());
    }
}
