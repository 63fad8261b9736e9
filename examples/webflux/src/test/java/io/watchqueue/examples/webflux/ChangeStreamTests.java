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

/** What a browser gets, from the simulated kernel. */
class ChangeStreamTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final String TREE = "/keyrings/{reference}";
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
    void changesComeBehindATreeOfAll() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(
                        event -> {
                            assertThat(event.id()).isEqualTo("1");
                            assertThat(event.retry()).isEqualTo(Duration.ofSeconds(2));
                            JsonNode tree = assertResync(event, "subscribed");
                            assertThat(tree.get("serial").asInt()).isEqualTo(orders.value());
                            assertThat(tree.get("type").asString()).isEqualTo("keyring");
                            assertThat(members(tree)).containsExactly("token");
                        })
                .then(() -> keys.update(token, SECRET))
                .assertNext(
                        event -> {
                            assertThat(event.id()).isEqualTo("2");
                            assertChange(event, "UPDATED", token);
                            assertThat(event.data().get("node").get("permissions").asString())
                                    .isEqualTo("3f010000");
                        })
                .then(() -> keys.revoke(token))
                .assertNext(event -> assertChange(event, "REVOKED", token))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void whatIsLinkedIsFollowedAndAllThatIsInIt() {
        KeyId elsewhere = keys.addKeyring("elsewhere", Keyring.USER);
        KeyId deep = keys.add("user", "deep", SECRET, elsewhere);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.link(elsewhere, orders))
                .assertNext(
                        event -> {
                            assertChange(event, "LINKED", orders);
                            JsonNode node = event.data().get("node");
                            assertThat(node.get("serial").asInt()).isEqualTo(elsewhere.value());
                            assertThat(members(node)).containsExactly("deep");
                        })
                .then(() -> keys.update(deep, SECRET))
                .assertNext(event -> assertChange(event, "UPDATED", deep))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void whatIsUnlinkedIsFollowedNoMoreAndAgainWhenItIsBack() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        keys.link(token, Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.unlink(token, orders))
                .assertNext(event -> assertChange(event, "UNLINKED", orders))
                .then(() -> assertThat(kernel.queue().watches()).containsOnlyKeys(orders))
                .then(() -> keys.update(token, SECRET))
                .then(() -> keys.link(token, orders))
                .assertNext(event -> assertChange(event, "LINKED", orders))
                .then(() -> keys.update(token, SECRET))
                .assertNext(event -> assertChange(event, "UPDATED", token))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyThatIsDestroyedIsToldAndGoneFromTheTree() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        keys.add("user", "other", SECRET, orders);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.invalidate(token))
                .assertNext(event -> assertChange(event, "INVALIDATED", token))
                .assertNext(
                        event -> {
                            assertThat(event.event()).isEqualTo("removed");
                            assertThat(event.data().get("key").asInt()).isEqualTo(token.value());
                        })
                .then(
                        () ->
                                assertThat(members(application.get(TREE, "%:orders")))
                                        .containsExactly("other"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aLossIsToldInItsPlaceAndMadeUpForAtOnce() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        KeyId kept = keys.addKeyring("kept", orders);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(
                        () -> {
                            kernel.queue().dropNext(2);
                            keys.add("user", "missed", SECRET, orders);
                            keys.unlink(token, orders);
                            keys.clear(kept);
                        })
                .thenConsumeWhile(event -> "notification".equals(event.event()))
                .assertNext(
                        event -> {
                            assertThat(event.event()).isEqualTo("loss");
                            assertThat(event.data().get("origin").asString()).isEqualTo("kernel");
                            assertThat(event.data().get("dropped").isNull()).isTrue();
                        })
                .assertNext(
                        event ->
                                assertThat(members(assertResync(event, "loss")))
                                        .containsExactlyInAnyOrder("missed", "kept"))
                .then(() -> keys.clear(kept))
                .assertNext(event -> assertChange(event, "CLEARED", kept))
                .thenCancel()
                .verify(SOON);
        assertThat(application.count("watchqueue.losses", "origin:kernel")).isEqualTo(1);
    }

    @Test
    void aBrowserThatComesBackIsToldSo() {
        StepVerifier.create(
                        application
                                .client()
                                .get()
                                .uri("/keyrings/{reference}/changes", "%:orders")
                                .header("Last-Event-ID", "17")
                                .retrieve()
                                .bodyToFlux(RunningApplication.EVENT))
                .assertNext(event -> assertResync(event, "reconnected"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void allBrowsersShareAQueueAndTheLastOneClosesIt() {
        ChangeStreams streams = application.bean(ChangeStreams.class);
        KeyringFeed feed = application.bean(KeyringFeeds.class).get("%:orders");
        List<TestSubscriber<Object>> browsers = new ArrayList<>();
        for (int browser = 1; browser <= 20; browser++) {
            browsers.add(TestSubscriber.create());
            streams.open(feed, false, () -> {}).subscribe(browsers.get(browser - 1));
        }
        eventually(
                "all are told",
                () -> browsers.stream().allMatch(b -> b.getReceivedOnNext().size() == 1));
        assertThat(kernel.queues()).hasSize(1);
        assertThat(application.gauge("watchqueue.subscribers", "keyring:%:orders")).isEqualTo(20);
        keys.clear(orders);
        eventually(
                "all are told",
                () -> browsers.stream().allMatch(b -> b.getReceivedOnNext().size() == 2));
        browsers.forEach(TestSubscriber::cancel);
        eventually(
                "the queue is closed",
                () -> kernel.queues().stream().allMatch(SimulatedQueue::isClosed));
        assertThat(application.gauge("watchqueue.subscribers", "keyring:%:orders")).isZero();
    }

    @Test
    void aSlowBrowserLosesAloneAndIsToldHowMuch() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        ChangeStreams streams = application.bean(ChangeStreams.class);
        KeyringFeed feed = application.bean(KeyringFeeds.class).get("%:orders");
        TestSubscriber<ServerSentEvent<Object>> slow =
                TestSubscriber.builder().initialRequest(1).build();
        TestSubscriber<ServerSentEvent<Object>> quick = TestSubscriber.create();
        streams.open(feed, false, () -> {}).subscribe(slow);
        streams.open(feed, false, () -> {}).subscribe(quick);
        eventually("it is told", () -> quick.getReceivedOnNext().size() == 1);
        eventually("it is told", () -> slow.getReceivedOnNext().size() == 1);
        int changes = 500;
        for (int change = 1; change <= changes; change++) {
            keys.update(token, SECRET);
            int told = change + 1;
            eventually("it is told", () -> quick.getReceivedOnNext().size() == told);
        }
        slow.request(Long.MAX_VALUE);
        eventually("the loss is told", () -> names(slow).contains("loss"));
        eventually(
                "the resync is told",
                () -> names(slow).get(names(slow).size() - 1).equals("resync"));
        assertThat(names(quick)).doesNotContain("loss");
        int loss = names(slow).indexOf("loss");
        ChangeEvents.Loss told = (ChangeEvents.Loss) slow.getReceivedOnNext().get(loss).data();
        assertThat(told.origin()).isEqualTo("client");
        assertThat(told.dropped()).isEqualTo(changes - (loss - 1));
        assertThat(application.count("watchqueue.losses", "origin:subscriber")).isEqualTo(1);
        quick.cancel();
        slow.cancel();
    }

    @Test
    void theStreamEndsWithItsKeyring() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.invalidate(orders))
                .assertNext(event -> assertChange(event, "INVALIDATED", orders))
                .assertNext(event -> assertThat(event.event()).isEqualTo("removed"))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void theStreamEndsWithItsKeyringAlsoIfTheRemovalIsLost() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> kernel.queue().dropNext(2))
                .then(() -> keys.invalidate(orders))
                .assertNext(event -> assertThat(event.event()).isEqualTo("loss"))
                .thenConsumeWhile(event -> "resync".equals(event.event()))
                .expectComplete()
                .verify(SOON);
        assertThatTheSuccessorIsFollowed();
    }

    @Test
    void theStreamEndsWithARevokedKeyring() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.revoke(orders))
                .assertNext(event -> assertChange(event, "REVOKED", orders))
                .expectComplete()
                .verify(SOON);
        keys.unlink(orders, Keyring.USER);
        assertThatTheSuccessorIsFollowed();
    }

    private void assertThatTheSuccessorIsFollowed() {
        KeyId successor = keys.addKeyring("orders", Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(
                        event ->
                                assertThat(assertResync(event, "subscribed").get("serial").asInt())
                                        .isEqualTo(successor.value()))
                .then(() -> keys.clear(successor))
                .assertNext(event -> assertChange(event, "CLEARED", successor))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyThatWasUnlinkedWithoutViewIsFollowedAgain() {
        KeyId token = keys.add("user", "token", SECRET, orders);
        keys.link(token, Keyring.USER);
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(() -> keys.setPermissions(token, 0x3e3e3e3e))
                .assertNext(event -> assertChange(event, "SETATTR", token))
                .then(() -> keys.unlink(token, orders))
                .assertNext(event -> assertChange(event, "UNLINKED", orders))
                .then(() -> assertThat(kernel.queue().watches()).containsKey(token))
                .then(() -> keys.link(token, orders))
                .assertNext(event -> assertChange(event, "LINKED", orders))
                .then(() -> keys.setPermissions(token, 0x3f3f3f3f))
                .assertNext(event -> assertChange(event, "SETATTR", token))
                .then(() -> keys.setPermissions(token, 0x3e3e3e3e))
                .assertNext(event -> assertChange(event, "SETATTR", token))
                .then(() -> keys.unlink(token, orders))
                .assertNext(event -> assertChange(event, "UNLINKED", orders))
                .then(() -> keys.setPermissions(token, 0x3f3f3f3f))
                .then(() -> keys.link(token, orders))
                .assertNext(event -> assertChange(event, "LINKED", orders))
                .then(() -> keys.revoke(token))
                .assertNext(event -> assertChange(event, "REVOKED", token))
                .then(() -> keys.invalidate(orders))
                .thenConsumeWhile(event -> true)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void aKeyringThatIsMadeAnewIsFollowedFromThenOn() {
        keys.invalidate(orders);
        StepVerifier.create(application.changes("%:orders"))
                .expectErrorSatisfies(
                        e -> assertThat(e).isInstanceOf(WebClientResponseException.NotFound.class))
                .verify(SOON);
        KeyId anew = keys.addKeyring("orders", Keyring.USER);
        assertThat(application.get(TREE, "%:orders").get("serial").asInt()).isEqualTo(anew.value());
    }

    @Test
    void aFailureOfTheQueueEndsTheStreamAndTheNextOneWorks() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(kernel::settle)
                .then(() -> kernel.fail(NativeCall.READ, "EIO"))
                .then(() -> keys.clear(orders))
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(application.changes("%:orders"))
                .assertNext(event -> assertResync(event, "subscribed"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void theEndOfTheApplicationCompletesTheStreams() {
        StepVerifier.create(application.changes("%:orders"))
                .expectNextCount(1)
                .then(application::close)
                .expectComplete()
                .verify(SOON);
    }

    private static List<String> names(TestSubscriber<ServerSentEvent<Object>> browser) {
        return browser.getReceivedOnNext().stream().map(ServerSentEvent::event).toList();
    }

    private static List<String> members(JsonNode keyring) {
        return keyring.get("members").values().stream()
                .map(member -> member.get("description").asString())
                .toList();
    }

    private static JsonNode assertResync(ServerSentEvent<JsonNode> event, String reason) {
        assertThat(event.event()).isEqualTo("resync");
        assertThat(event.data().get("reason").asString()).isEqualTo(reason);
        assertThat(Instant.parse(event.data().get("at").asString()))
                .isBeforeOrEqualTo(Instant.now());
        return event.data().get("tree");
    }

    private static void assertChange(ServerSentEvent<JsonNode> event, String name, KeyId key) {
        assertThat(event.event()).isEqualTo("notification");
        assertThat(event.data().get("event").asString()).isEqualTo(name);
        assertThat(event.data().get("key").asInt()).isEqualTo(key.value());
    }
}
