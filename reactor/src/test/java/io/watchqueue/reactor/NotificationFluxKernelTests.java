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
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The stream on the real kernel. */
@Timeout(120)
class NotificationFluxKernelTests {

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;

    private final Keyctl keys = Keyctl.system();
    private KeyId keyring;
    private KeyId key;

    @BeforeEach
    void createKeys() {
        keyring = keys.addKeyring("watchqueue-test", Keyring.USER);
        key = keys.add("user", "token", new byte[] {1}, keyring);
    }

    @AfterEach
    void removeKeys() {
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void changesArriveAsTheyHappen() {
        Flux<Notification> changes =
                NotificationFlux.builder().watch(keyring, 1).watch(key, 2).build();
        StepVerifier.create(changes)
                .then(() -> keys.update(key, new byte[] {2}))
                .expectNext(new KeyNotification(KeyEvent.UPDATED, key.value(), 0, 2))
                .then(() -> keys.unlink(key, keyring))
                .expectNext(new KeyNotification(KeyEvent.UNLINKED, keyring.value(), key.value(), 1))
                .expectNext(new RemovalNotification(key.value(), 2))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void withoutDemandTheKernelKeepsAndDropsAndSaysSo() {
        StepVerifier.create(NotificationFlux.builder().capacity(32).watch(key).build(), 0)
                .expectSubscription()
                .then(() -> post(100))
                .expectNoEvent(Duration.ofMillis(200))
                .thenRequest(32)
                .expectNextCount(32)
                .expectNoEvent(Duration.ofMillis(200))
                .thenRequest(5)
                .expectNext(new LossNotification())
                .then(() -> post(1))
                .expectNext(new KeyNotification(KeyEvent.SETATTR, key.value(), 0, 0))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aTrailingLossNeedsNoFurtherEvent() {
        StepVerifier.create(NotificationFlux.builder().capacity(32).watch(key).build(), 0)
                .then(() -> post(100))
                .thenRequest(Long.MAX_VALUE)
                .expectNextCount(32)
                .expectNext(new LossNotification())
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void theFilterIsTheKernels() {
        NotificationFilter updates =
                NotificationFilter.of(NotificationFilter.events(KeyEvent.UPDATED));
        StepVerifier.create(NotificationFlux.builder().filter(updates).watch(key).build())
                .then(() -> post(10))
                .then(() -> keys.update(key, new byte[] {2}))
                .expectNext(new KeyNotification(KeyEvent.UPDATED, key.value(), 0, 0))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void everyEventOfAFloodIsReceivedOrCoveredByALoss() {
        int posted = 20_000;
        List<Notification> received =
                NotificationFlux.builder()
                        .watch(key)
                        .build()
                        .doOnSubscribe(
                                s -> Schedulers.boundedElastic().schedule(() -> flood(posted)))
                        .takeUntil(NotificationFluxKernelTests::isLast)
                        .collectList()
                        .block(SOON);
        long events = received.stream().filter(KeyNotification.class::isInstance).count();
        boolean lost = received.stream().anyMatch(LossNotification.class::isInstance);
        assertThat(events).isPositive();
        assertThat(lost).isEqualTo(events < posted + 1);
    }

    private void flood(int events) {
        post(events);
        // The last event must find room, so the reader gets the time to empty the queue.
        Schedulers.boundedElastic().schedule(() -> keys.revoke(key), 1, TimeUnit.SECONDS);
    }

    private static boolean isLast(Notification notification) {
        return notification instanceof KeyNotification change && change.event() == KeyEvent.REVOKED;
    }

    @Test
    void whatCannotBeWatchedIsAnErrorAndLeavesNothingOpen() throws IOException {
        long before = TestProcess.descriptors();
        StepVerifier.create(
                        NotificationFlux.builder()
                                .watch(key)
                                .watch(KeyId.of(Integer.MAX_VALUE))
                                .build())
                .expectError(KeyUnavailableException.class)
                .verify(SOON);
        assertThat(TestProcess.descriptors()).isEqualTo(before);
    }

    @Test
    void subscriptionsLeaveNothingBehind() throws Exception {
        NotificationFlux flux = NotificationFlux.builder().watch(keyring).build();
        flux.take(0).blockLast(SOON);
        long before = TestProcess.descriptors();
        for (int i = 0; i < 200; i++) {
            flux.subscribe().dispose();
        }
        NotificationFlux disposed = NotificationFlux.builder().watch(keyring).build();
        Flux<Notification> completed = disposed.doOnSubscribe(s -> disposed.dispose());
        completed.blockLast(SOON);
        long deadline = System.nanoTime() + SOON.toNanos();
        while (TestProcess.descriptors() > before && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
        assertThat(TestProcess.descriptors()).isEqualTo(before);
    }

    private void post(int times) {
        for (int i = 0; i < times; i++) {
            keys.setPermissions(key, ALL_PERMISSIONS);
        }
    }
}
