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

import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.Notification;
import io.watchqueue.test.FakeKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import reactor.core.Scannable;
import reactor.test.subscriber.TestSubscriber;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A reader leaves a flood in the kernel's queue for a moment, but only without demand. */
@Timeout(300)
class ReaderPauseTests {

    private static final int CAPACITY = 512;

    private final FakeStreams streams =
            new FakeStreams().prefetch(1_000).pause(Duration.ofHours(1));
    private final FakeKernel kernel = streams.kernel;

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void leavesAFloodInTheKernelUntilASlowSubscriberRequests() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(CAPACITY), 0);
        postAndAwaitThatItIsRead(1);
        streams.post(2, 4);
        assertThatItStays(3);
        subscriber.request(1);
        awaitCount(subscriber, 1);
        eventually(() -> kernel.queued() == 0);
        streams.post(5, 5);
        assertThatItStays(1);
        subscriber.request(Long.MAX_VALUE);
        awaitCount(subscriber, 5);
        assertThat(subscriber.getReceivedOnNext().stream().map(FakeStreams::serial))
                .containsExactly(1, 2, 3, 4, 5);
        subscriber.cancel();
    }

    @Test
    void pausesOnlyForAMoment() {
        TestSubscriber<Notification> subscriber =
                subscribe(streams.pause(Duration.ofMillis(100)).flux(CAPACITY), 0);
        postAndAwaitThatItIsRead(1);
        postAndAwaitThatItIsRead(2);
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        subscriber.cancel();
    }

    @Test
    void doesNotPauseWhileThereIsDemand() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(CAPACITY), 3);
        for (int key = 1; key <= 3; key++) {
            streams.post(key, key);
            awaitCount(subscriber, key);
        }
        subscriber.cancel();
    }

    @Test
    void doesNotEndThePauseOnAnInterruptAndKeepsIt() {
        Queue<Boolean> interrupts = new ConcurrentLinkedQueue<>();
        TestSubscriber<Notification> subscriber =
                subscribe(
                        streams.flux(CAPACITY)
                                .doOnNext(
                                        any -> {
                                            interrupts.add(Thread.interrupted());
                                            Thread.currentThread().interrupt();
                                        }),
                        1);
        streams.post(1, 1);
        awaitCount(subscriber, 1);
        postAndAwaitThatItIsRead(2);
        streams.post(3, 3);
        assertThatItStays(1);
        subscriber.request(1);
        awaitCount(subscriber, 2);
        assertThat(interrupts).containsExactly(false, true);
        subscriber.cancel();
    }

    @Test
    void endsThePauseOnACancel() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(CAPACITY), 0);
        postAndAwaitThatItIsRead(1);
        subscriber.cancel();
        eventually(() -> kernel.open().isEmpty() && streams.readers() == 0);
    }

    @Test
    void doesNotMissARequestWhileThePauseBegins() {
        AtomicInteger received = new AtomicInteger();
        TestSubscriber<Notification> subscriber =
                subscribe(streams.flux(CAPACITY).doOnNext(any -> received.incrementAndGet()), 0);
        postAndAwaitThatItIsRead(1);
        for (int key = 2; key <= 10_000; key++) {
            streams.post(key, key);
            subscriber.request(1);
            long deadline = System.nanoTime() + FakeStreams.SOON.toNanos();
            while (received.get() < key - 1) {
                // At once, for as long as the reader is about to pause.
                Thread.onSpinWait();
                assertThat(System.nanoTime()).as("request %d", key).isLessThan(deadline);
            }
        }
        subscriber.cancel();
    }

    @Test
    void neitherDelaysANewSubscriberNorPausesForTwo() {
        TestSubscriber<Notification> first = subscribe(streams.flux(CAPACITY), 0);
        postAndAwaitThatItIsRead(1);
        TestSubscriber<Notification> second = subscribe(streams.flux(CAPACITY), 1);
        streams.post(2, 2);
        awaitCount(second, 1);
        postAndAwaitThatItIsRead(3);
        postAndAwaitThatItIsRead(4);
        first.cancel();
        second.cancel();
    }

    /** The shortest sleep is as long as a flood needs for a small queue. */
    @ParameterizedTest
    @CsvSource({"224, false", "256, true"})
    void readsASmallQueueAtOnce(int capacity, boolean patient) {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(capacity), 0);
        postAndAwaitThatItIsRead(1);
        assertThatTheNextStays(patient);
        subscriber.cancel();
    }

    @ParameterizedTest
    @CsvSource({"128, false", "127, true"})
    void readsAQueueAtOnceThatWasAQuarterFull(int posted, boolean patient) {
        ReactiveWatchQueue queue = streams.queue(CAPACITY);
        streams.post(1, posted);
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        // So many make it look for more, which is not there yet.
        Scannable source = FakeStreams.source(subscriber);
        eventually(() -> source.scan(Scannable.Attr.BUFFERED) == posted);
        assertThatTheNextStays(patient);
        subscriber.cancel();
    }

    private void postAndAwaitThatItIsRead(int key) {
        streams.post(key, key);
        eventually(() -> kernel.queued() == 0);
    }

    private void assertThatTheNextStays(boolean stays) {
        streams.post(1_000, 1_000);
        if (stays) {
            assertThatItStays(1);
        } else {
            eventually(() -> kernel.queued() == 0);
        }
    }

    private void assertThatItStays(int queued) {
        FakeStreams.sleep(50);
        assertThat(kernel.queued()).isEqualTo(queued);
    }
}
