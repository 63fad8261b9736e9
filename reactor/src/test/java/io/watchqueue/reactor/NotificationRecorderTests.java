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

import static io.watchqueue.reactor.FakeStreams.SOON;
import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.test.subscriber.TestSubscriber;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(300)
class NotificationRecorderTests {

    private final Counting recorder = new Counting();
    private final FakeStreams streams = new FakeStreams().recorder(recorder);

    /** Counts everything, as an application would for its meters. */
    private static class Counting implements NotificationRecorder {
        final AtomicInteger open = new AtomicInteger();
        final AtomicLong reads = new AtomicLong();
        final AtomicLong received = new AtomicLong();
        final AtomicLong losses = new AtomicLong();
        final AtomicLong wakeups = new AtomicLong();
        final AtomicInteger callsForNothing = new AtomicInteger();
        final AtomicReference<QueueGauges> last = new AtomicReference<>();

        @Override
        public void recordOpened(QueueGauges queue) {
            open.incrementAndGet();
            last.set(queue);
        }

        @Override
        public void recordClosed(QueueGauges queue) {
            open.decrementAndGet();
        }

        @Override
        public void recordWakeup(QueueGauges queue) {
            wakeups.incrementAndGet();
        }

        @Override
        public void recordReads(QueueGauges queue, long reads) {
            this.reads.addAndGet(reads);
            callsForNothing.addAndGet(reads > 0 ? 0 : 1);
        }

        @Override
        public void recordReceived(QueueGauges queue, int notifications) {
            received.addAndGet(notifications);
            callsForNothing.addAndGet(notifications > 0 ? 0 : 1);
        }

        @Override
        public void recordLoss(QueueGauges queue, LossNotification loss) {
            losses.incrementAndGet();
        }
    }

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void countsEventsAndMeasuresTheQueue() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 3);
        assertThat(recorder.open).hasValue(1);
        streams.settle();
        NotificationRecorder.QueueGauges gauges = recorder.last.get();
        assertThat(gauges.capacity()).isEqualTo(32);
        assertThat(gauges.demand()).isEqualTo(3);
        assertThat(recorder.reads).hasValue(1);

        streams.post(1, 8);
        awaitCount(subscriber, 3);
        streams.settle();
        assertThat(recorder.wakeups.get()).isBetween(1L, 3L);
        assertThat(recorder.received).hasValue(3);
        assertThat(gauges.demand()).isZero();
        // Those that were not there yet when the first were read are buffered, or queued.
        assertThat(gauges.bufferedBytes() + gauges.queuedBytes()).isEqualTo(5 * 16);
        assertThat(gauges.bufferedBytes()).isLessThan(128);

        // There is no demand for them, so there is one loss, in whatever order they come.
        streams.post(9, 60);
        subscriber.request(Long.MAX_VALUE);
        eventually(() -> recorder.losses.get() == 1);
        awaitCount(subscriber, (int) recorder.received.get());
        assertThat(recorder.reads.get()).isEqualTo(streams.kernel.count(NativeCall.READ));
        assertThat(gauges.queuedBytes()).isZero();
        assertThat(gauges.bufferedBytes()).isZero();

        subscriber.cancel();
        eventually(() -> recorder.open.get() == 0);
        assertThat(gauges.queuedBytes()).isZero();
        assertThat(recorder.callsForNothing).hasValue(0);
    }

    @Test
    void measuresQueuedAndBufferedBytes() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 0);
        NotificationRecorder.QueueGauges gauges = recorder.last.get();
        streams.post(1, 8);
        assertThat(gauges.queuedBytes()).isEqualTo(8 * 16);
        assertThat(gauges.bufferedBytes()).isZero();
        subscriber.request(1);
        awaitCount(subscriber, 1);
        streams.settle();
        assertThat(gauges.queuedBytes()).isZero();
        assertThat(gauges.bufferedBytes()).isEqualTo(7 * 16);
        // Delivered without a read.
        subscriber.request(1);
        awaitCount(subscriber, 2);
        assertThat(recorder.callsForNothing).hasValue(0);
        subscriber.cancel();
    }

    @Test
    void aQueueThatFailsIsClosedOnce() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 1);
        streams.kernel.fail(NativeCall.READ, Errno.EIO);
        streams.post(1, 1);
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedError()).isTrue();
        assertThat(recorder.open).hasValue(0);
    }

    @Test
    void measuresPrefetchedNotifications() {
        TestSubscriber<Notification> subscriber = subscribe(streams.prefetch(10).flux(), 0);
        streams.post(1, 4);
        eventually(() -> recorder.last.get().prefetched() == 4);
        assertThat(recorder.received).hasValue(4);
        subscriber.request(3);
        awaitCount(subscriber, 3);
        eventually(() -> recorder.last.get().prefetched() == 1);
        subscriber.cancel();
    }

    @Test
    void aRecorderThatThrowsDoesNotDisturbTheStream() {
        AtomicInteger uncaught = new AtomicInteger();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.incrementAndGet());
        try {
            streams.recorder(
                    new NotificationRecorder() {
                        @Override
                        public void recordOpened(QueueGauges queue) {
                            throw new IllegalStateException("on the subscribing thread");
                        }

                        @Override
                        public void recordReceived(QueueGauges queue, int notifications) {
                            throw new IllegalStateException("on the reader's thread");
                        }
                    });
            TestSubscriber<Notification> subscriber = subscribe(streams.flux(), Long.MAX_VALUE);
            streams.post(1, 3);
            awaitCount(subscriber, 3);
            streams.post(4, 6);
            awaitCount(subscriber, 6);
            subscriber.cancel();
            eventually(() -> uncaught.get() > 1);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }
}
