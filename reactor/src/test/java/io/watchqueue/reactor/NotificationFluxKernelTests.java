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
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** The stream on the real kernel. */
@Timeout(300)
class NotificationFluxKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private final TestKeys test = new TestKeys();
    private final Keyctl keys = test.keys;
    private final KeyId keyring = test.keyring;
    private final KeyId key = test.add("token");

    @AfterEach
    void removeKeys() {
        test.close();
        // A stream's descriptors are open until then, and the next test would count them.
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
    }

    @Test
    void changesArriveAsTheyHappen() {
        Flux<Notification> changes =
                NotificationFlux.builder().watch(keyring, 1).watch(key, 2).build();
        StepVerifier.create(changes)
                .then(() -> keys.update(key, new byte[] {2}))
                .expectNext(new KeyNotification(KeyEvent.UPDATED, key, 2))
                .then(() -> keys.unlink(key, keyring))
                .expectNext(new KeyNotification(KeyEvent.UNLINKED, keyring, key, 1))
                .expectNext(new RemovalNotification(key, 2))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void leavesKeepingAndDroppingToTheKernelWithoutDemand() {
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
                .expectNext(new KeyNotification(KeyEvent.SETATTR, key, 0))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void reportsATrailingLossWithoutAFurtherEvent() {
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
                .expectNext(new KeyNotification(KeyEvent.UPDATED, key, 0))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void everyEventOfAFloodIsReceivedOrCoveredByALoss() {
        int posted = 20_000;
        AtomicReference<NotificationRecorder.QueueGauges> opened = new AtomicReference<>();
        List<Notification> received =
                NotificationFlux.builder()
                        .watch(key)
                        .recorder(recording(opened))
                        .build()
                        .doOnSubscribe(
                                s ->
                                        Schedulers.boundedElastic()
                                                .schedule(() -> flood(posted, opened.get())))
                        .takeUntil(NotificationFluxKernelTests::isLast)
                        .collectList()
                        .block(SOON);
        long events = received.stream().filter(KeyNotification.class::isInstance).count();
        boolean lost = received.stream().anyMatch(LossNotification.class::isInstance);
        assertThat(events).isPositive();
        assertThat(lost).isEqualTo(events < posted + 1);
    }

    private void flood(int events, NotificationRecorder.QueueGauges queue) {
        post(events);
        // The last event must find room.
        FakeStreams.eventually(() -> queue.queuedBytes() == 0);
        keys.revoke(key);
    }

    private static boolean isLast(Notification notification) {
        return notification instanceof KeyNotification change && change.event() == KeyEvent.REVOKED;
    }

    @Test
    void signalsThatAKeyCannotBeWatchedAndLeavesNothingOpen() throws IOException {
        long before = TestProcess.descriptors();
        StepVerifier.create(
                        NotificationFlux.builder()
                                .watch(key)
                                .watch(KeyId.of(Integer.MAX_VALUE))
                                .build())
                .expectError(KeyUnavailableException.class)
                .verify(SOON);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(before);
    }

    @Test
    void leavesNothingAfterSubscriptions() throws Exception {
        NotificationFlux flux = NotificationFlux.builder().watch(keyring).build();
        flux.take(0).blockLast(SOON);
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
        long before = TestProcess.descriptors();
        for (int i = 0; i < 200; i++) {
            flux.subscribe().dispose();
        }
        NotificationFlux disposed = NotificationFlux.builder().watch(keyring).build();
        Flux<Notification> completed = disposed.doOnSubscribe(s -> disposed.dispose());
        completed.blockLast(SOON);
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(before);
    }

    @Test
    void leavesNotificationsWithoutDemandInTheKernel() {
        AtomicReference<NotificationRecorder.QueueGauges> opened = new AtomicReference<>();
        NotificationFlux flux =
                NotificationFlux.builder().watch(key).recorder(recording(opened)).build();
        TestSubscriber<Notification> subscriber = FakeStreams.subscribe(flux, 0);
        NotificationRecorder.QueueGauges queue = opened.get();
        post(200);
        assertThat(queue.queuedBytes()).isEqualTo(200 * 16);
        int asked = 0;
        for (int demand : new int[] {1, 1, 5, 20, 1, 3, 100}) {
            subscriber.request(demand);
            asked += demand;
            FakeStreams.awaitCount(subscriber, asked);
            int delivered = asked;
            FakeStreams.eventually(
                    () -> queue.queuedBytes() + queue.bufferedBytes() + delivered * 16 == 200 * 16);
            assertThat(queue.bufferedBytes()).isLessThan(128);
        }
        subscriber.cancel();
    }

    private static NotificationRecorder recording(
            AtomicReference<NotificationRecorder.QueueGauges> opened) {
        return new NotificationRecorder() {
            @Override
            public void recordOpened(QueueGauges queue) {
                opened.set(queue);
            }
        };
    }

    /** The kernel counts how often a thread waited: each wakeup is one more. */
    @Test
    void wakesTheReaderOnlyForDemand() throws IOException {
        TestSubscriber<Notification> idle =
                FakeStreams.subscribe(
                        NotificationFlux.builder().watch(keyring).build(), Long.MAX_VALUE);
        NotificationFlux flux = NotificationFlux.builder().watch(key).build();
        TestSubscriber<Notification> subscriber = FakeStreams.subscribe(flux, 3);
        post(3);
        FakeStreams.awaitCount(subscriber, 3);
        Path reader = TestProcess.thread(FakeStreams.THREAD);
        Path status = reader.resolve("status");
        long waits = settledWaits(status, reader.resolve("stat"));
        post(2_000);
        FakeStreams.sleep(500);
        assertThat(waits(status)).isEqualTo(waits);
        subscriber.request(1);
        FakeStreams.awaitCount(subscriber, 4);
        // The wait is counted when the thread waits again, which may be after the fourth arrived.
        FakeStreams.eventually(() -> waits(status) > waits);
        subscriber.cancel();
        idle.cancel();
    }

    private static long settledWaits(Path status, Path stat) {
        long waits;
        long before = -1;
        while ((waits = waits(status)) != before || TestProcess.state(stat) != 'S') {
            before = waits;
            FakeStreams.sleep(100);
        }
        return waits;
    }

    private static long waits(Path status) {
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("voluntary_ctxt_switches"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .sum();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aPrefetchHoldsAFloodThatTheKernelCannot() {
        AtomicReference<NotificationRecorder.QueueGauges> opened = new AtomicReference<>();
        NotificationFlux flux =
                NotificationFlux.builder()
                        .watch(key)
                        .prefetch(5_000)
                        .recorder(recording(opened))
                        .build();
        TestSubscriber<Notification> subscriber = FakeStreams.subscribe(flux, 0);
        for (int posted = 250; posted <= 5_000; posted += 250) {
            post(250);
            int expected = posted;
            FakeStreams.eventually(() -> opened.get().prefetched() == expected);
        }
        post(1_000); // for which there is neither room
        subscriber.request(Long.MAX_VALUE);
        FakeStreams.eventually(
                () -> {
                    List<Notification> received = subscriber.getReceivedOnNext();
                    return received.size() > 5_000
                            && received.get(received.size() - 1) instanceof LossNotification;
                });
        // The rest of one read, the notifications in the kernel, and the loss.
        assertThat(subscriber.getReceivedOnNext()).hasSizeBetween(5_000 + 512, 5_000 + 512 + 8 + 1);
        assertThat(
                        subscriber.getReceivedOnNext().stream()
                                .filter(LossNotification.class::isInstance))
                .hasSize(1);
        subscriber.cancel();
    }

    @Test
    void completesWhenTheLastKeyIsDestroyedIfAskedTo() {
        KeyId other = test.add("other");
        NotificationFlux flux =
                NotificationFlux.builder()
                        .watch(key, 1)
                        .watch(other, 2)
                        .completeWhenUnwatched()
                        .build();
        StepVerifier.create(flux)
                .then(() -> keys.invalidate(key))
                .expectNext(new KeyNotification(KeyEvent.INVALIDATED, key, 1))
                .expectNext(new RemovalNotification(key, 1))
                .then(() -> keys.unlink(other, keyring))
                .expectNext(new RemovalNotification(other, 2))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void readersOfOnesOwnHaveTheirNames() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        NotificationReader reader = NotificationReader.create("credentials");
        StepVerifier.create(
                        NotificationFlux.builder()
                                .watch(key)
                                .reader(reader)
                                .build()
                                .doOnNext(n -> thread.set(Thread.currentThread())))
                .then(() -> post(1))
                .expectNextCount(1)
                .thenCancel()
                .verify(SOON);
        assertThat(thread.get().getName()).isEqualTo("credentials");
        assertThat(thread.get().isDaemon()).isTrue();
        assertThat(Schedulers.isNonBlockingThread(thread.get())).isTrue();
        StepVerifier.create(
                        NotificationFlux.builder()
                                .watch(key)
                                .reader(NotificationReader.create(Executors.defaultThreadFactory()))
                                .build()
                                .doOnNext(n -> thread.set(Thread.currentThread()))
                                .doOnNext(n -> Flux.never().blockFirst()))
                .then(() -> post(1))
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("blocking"))
                .verify(SOON);
        FakeStreams.awaitTheEndOf("credentials");
        FakeStreams.awaitTheEndOf(thread.get().getName());
    }

    private void post(int times) {
        test.post(key, times);
    }
}
