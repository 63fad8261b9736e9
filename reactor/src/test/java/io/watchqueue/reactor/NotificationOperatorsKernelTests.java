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
package io.watchqueue.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

@Timeout(300)
class NotificationOperatorsKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);

    private final TestKeys test = new TestKeys();

    @AfterEach
    void removeKeys() {
        test.close();
    }

    @Test
    void keyringViewFollowsTheMembers() {
        KeyId first = test.add("first");
        // The reader may be faster than this thread, which made the key.
        CompletableFuture<KeyId> second = new CompletableFuture<>();
        CompletableFuture<KeyId> another = new CompletableFuture<>();
        Flux<Set<KeyId>> view =
                NotificationFlux.builder()
                        .watch(test.keyring)
                        .build()
                        .transform(NotificationOperators.keyringView(test.keyring));
        StepVerifier.create(view)
                .expectNext(Set.of(first))
                .then(() -> second.complete(test.add("second")))
                .expectNextMatches(members -> members.equals(Set.of(first, second.join())))
                .then(
                        () -> {
                            // Linked elsewhere first, so that linking it here displaces "second".
                            KeyId elsewhere = test.keys.addKeyring("elsewhere", Keyring.USER);
                            another.complete(
                                    test.keys.add("user", "second", new byte[] {2}, elsewhere));
                            test.keys.link(another.join(), test.keyring);
                            test.keys.unlink(elsewhere, Keyring.USER);
                        })
                .expectNextMatches(members -> members.equals(Set.of(first, another.join())))
                .then(() -> test.keys.unlink(first, test.keyring))
                .expectNextMatches(members -> members.equals(Set.of(another.join())))
                .then(() -> test.keys.clear(test.keyring))
                .expectNext(Set.of())
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void keyringViewEndsWithTheKeyring() {
        KeyId ring = test.keys.addKeyring("short-lived", test.keyring);
        KeyId member = test.keys.add("user", "member", new byte[] {1}, ring);
        Flux<Set<KeyId>> view =
                NotificationFlux.builder()
                        .watch(ring)
                        .build()
                        .transform(NotificationOperators.keyringView(ring));
        StepVerifier.create(view)
                .expectNext(Set.of(member))
                .then(() -> test.keys.revoke(ring))
                .expectNext(Set.of())
                .expectComplete()
                .verify(SOON);
        StepVerifier.create(view).verifyError(KeyUnavailableException.class);
    }

    @Test
    void keyringViewIsTrueAgainAfterALoss() {
        KeyId first = test.add("first");
        TestSubscriber<Set<KeyId>> subscriber = TestSubscriber.builder().initialRequest(1).build();
        NotificationFlux.builder()
                .capacity(32)
                .watch(test.keyring)
                .build()
                .transform(NotificationOperators.keyringView(test.keyring))
                .subscribe(subscriber);
        FakeStreams.eventually(() -> subscriber.getReceivedOnNext().equals(List.of(Set.of(first))));
        KeyId last = first;
        for (int i = 0; i < 200; i++) {
            test.keys.unlink(last, test.keyring);
            last = test.add("first");
        }
        Set<KeyId> members = Set.copyOf(test.keys.list(test.keyring));
        subscriber.request(Long.MAX_VALUE);
        FakeStreams.eventually(
                () -> {
                    List<Set<KeyId>> views = subscriber.getReceivedOnNext();
                    return views.get(views.size() - 1).equals(members);
                });
        subscriber.cancel();
    }

    /** The snapshot together with the changes after it is the present state. */
    @Test
    void aMirrorOfAKeyringNeverMissesAChange() {
        TestSubscriber<Resynced<Set<KeyId>>> subscriber =
                TestSubscriber.builder().initialRequest(0).build();
        NotificationFlux.builder()
                .capacity(32)
                .watch(test.keyring)
                .build()
                .transform(
                        NotificationOperators.resyncOnLoss(
                                Mono.fromSupplier(() -> Set.copyOf(test.keys.list(test.keyring)))))
                .subscribe(subscriber);
        List<KeyId> added = test.add(100);
        subscriber.request(10);
        FakeStreams.eventually(() -> subscriber.getReceivedOnNext().size() == 10);
        added.subList(0, 50).forEach(key -> test.keys.unlink(key, test.keyring));
        subscriber.request(Long.MAX_VALUE);
        Set<KeyId> members = Set.copyOf(test.keys.list(test.keyring));
        FakeStreams.eventually(() -> mirror(subscriber.getReceivedOnNext()).equals(members));
        assertThat(subscriber.getReceivedOnNext())
                .anyMatch(r -> r instanceof Resynced.Snapshot<?> s && s.loss() != null);
        subscriber.cancel();
    }

    private static Set<KeyId> mirror(List<Resynced<Set<KeyId>>> received) {
        Set<KeyId> mirror = new HashSet<>();
        for (Resynced<Set<KeyId>> resynced : received) {
            if (resynced instanceof Resynced.Snapshot<Set<KeyId>> snapshot) {
                mirror.clear();
                mirror.addAll(snapshot.state());
            } else if (resynced instanceof Resynced.Change<Set<KeyId>> changed) {
                KeyNotification change = (KeyNotification) changed.notification();
                if (change.event() == KeyEvent.LINKED) {
                    mirror.add(change.linkedKey().orElseThrow());
                } else if (change.event() == KeyEvent.UNLINKED) {
                    mirror.remove(change.linkedKey().orElseThrow());
                }
            }
        }
        return mirror;
    }

    @Test
    void failOnLossClosesTheQueue() {
        KeyId key = test.add("token");
        NotificationFlux flux = NotificationFlux.builder().capacity(32).watch(key).build();
        StepVerifier.create(flux.transform(NotificationOperators.failOnLoss()), 0)
                .then(() -> test.post(key, 100))
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(32)
                .expectError(NotificationLossException.class)
                .verify(SOON);
        flux.dispose();
        flux.onDispose().block(SOON);
    }

    @Test
    void aSlowSubscriberOfASharedStreamLosesAlone() {
        KeyId key = test.add("token");
        Flux<Notification> shared =
                NotificationFlux.builder().watch(key).build().publish(256).refCount(2);
        TestSubscriber<Notification> slow = TestSubscriber.builder().initialRequest(0).build();
        TestSubscriber<Notification> fast = TestSubscriber.create();
        shared.transform(NotificationOperators.boundedWithLoss(100)).subscribe(slow);
        shared.transform(NotificationOperators.boundedWithLoss(100)).subscribe(fast);
        for (int i = 1; i <= 10; i++) {
            test.post(key, 100);
            int posted = 100 * i;
            FakeStreams.eventually(() -> fast.getReceivedOnNext().size() == posted);
        }
        slow.request(Long.MAX_VALUE);
        FakeStreams.eventually(() -> slow.getReceivedOnNext().size() == 101);
        assertThat(slow.getReceivedOnNext().get(100))
                .isEqualTo(new LossNotification(LossNotification.Origin.SUBSCRIBER, 900));
        slow.cancel();
        fast.cancel();
    }
}
