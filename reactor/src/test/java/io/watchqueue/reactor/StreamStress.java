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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueClosedException;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** The allowed outcomes of calls that race; all others are forbidden. */
public final class StreamStress {

    private StreamStress() {}

    /** A request comes while the reader finds no demand and goes to sleep. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "delivered")
    @State
    public static class RequestAndPause {
        private final StressedStream stream = new StressedStream(0);

        public RequestAndPause() {
            stream.flux.subscribe(stream);
            stream.post(1);
        }

        @Actor
        public void subscriber() {
            stream.request(1);
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(I_Result result) {
            stream.rest();
            result.r1 = stream.received;
        }
    }

    /** A request comes while the reader uses up the demand. */
    @JCStressTest
    @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "all delivered")
    @State
    public static class RequestAndUseUp {
        private final StressedStream stream = new StressedStream(0);

        public RequestAndUseUp() {
            stream.flux.subscribe(stream);
            stream.request(1);
            stream.post(5);
        }

        @Actor
        public void subscriber() {
            stream.request(2);
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(I_Result result) {
            stream.rest();
            result.r1 = stream.received;
        }
    }

    /** The same, with prefetched notifications. */
    @JCStressTest
    @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "all delivered")
    @State
    public static class RequestAndPrefetch {
        private final StressedStream stream = new StressedStream(4);

        public RequestAndPrefetch() {
            stream.flux.subscribe(stream);
            stream.request(1);
            stream.post(5);
        }

        @Actor
        public void subscriber() {
            stream.request(2);
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(I_Result result) {
            stream.rest();
            result.r1 = stream.received;
        }
    }

    /** Something is posted while the reader finds nothing and goes to sleep. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "delivered")
    @State
    public static class PostAndArm {
        private final StressedStream stream = new StressedStream(0);

        public PostAndArm() {
            stream.flux.subscribe(stream);
            stream.request(2);
        }

        @Actor
        public void kernel() {
            stream.post(1);
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(I_Result result) {
            stream.rest();
            result.r1 = stream.received;
        }
    }

    /** Received, terminal signals, queues left open. */
    @JCStressTest
    @Outcome(
            id = {"0, 0, 0", "1, 0, 0", "2, 0, 0"},
            expect = Expect.ACCEPTABLE,
            desc = "silent")
    @State
    public static class CancelAndEmit {
        private final StressedStream stream = new StressedStream(0);

        public CancelAndEmit() {
            stream.flux.subscribe(stream);
            stream.request(10);
            stream.post(2);
        }

        @Actor
        public void subscriber() {
            stream.cancel();
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(III_Result result) {
            stream.rest();
            result.r1 = stream.received;
            result.r2 = stream.completed + stream.failed;
            result.r3 = stream.open(2);
        }
    }

    /** Completions, errors, queues left open. */
    @JCStressTest
    @Outcome(id = "0, 0, 0", expect = Expect.ACCEPTABLE, desc = "the cancellation was in time")
    @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "it was not")
    @State
    public static class DisposeAndCancel {
        private final StressedStream stream = new StressedStream(0);

        public DisposeAndCancel() {
            stream.flux.subscribe(stream);
            stream.request(1);
        }

        @Actor
        public void owner() {
            stream.flux.dispose();
        }

        @Actor
        public void subscriber() {
            stream.cancel();
        }

        @Actor
        public void reader() {
            stream.round();
        }

        @Arbiter
        public void result(III_Result result) {
            stream.rest();
            result.r1 = stream.completed;
            result.r2 = stream.failed;
            result.r3 = stream.open(2);
        }
    }

    /** Completions, queues left open, whether onDispose completed. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "completed, and nothing is left")
    @State
    public static class SubscribeAndDispose {
        private final StressedStream stream = new StressedStream(0);

        @Actor
        public void subscriber() {
            stream.flux.subscribe(stream);
        }

        @Actor
        public void owner() {
            stream.flux.dispose();
        }

        @Arbiter
        public void result(III_Result result) {
            boolean started = !stream.kernel.open().isEmpty();
            stream.rest();
            result.r1 = stream.completed;
            result.r2 = stream.open(started ? 2 : 0);
            result.r3 = stream.flux.onDispose().toFuture().isDone() ? 1 : 0;
        }
    }

    /** The last subscription ends while a new one comes: it must not get the reader that ends. */
    @JCStressTest
    @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the new one is served")
    @State
    public static class LastAndFirst {
        private final StressedStream first = new StressedStream(0);
        private final Flux<Notification> again = first.flux;
        private volatile int received;

        public LastAndFirst() {
            first.flux.subscribe(first);
            first.cancel();
        }

        @Actor
        public void reader() {
            first.round();
        }

        @Actor
        public void subscriber() {
            again.subscribe(notification -> received++);
        }

        @Arbiter
        public void result(I_Result result) {
            first.post(1);
            first.rest();
            result.r1 = received;
        }
    }

    /** Whether the receiver was completed, queues left open, whether onDispose completed. */
    @JCStressTest
    @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "completed, and nothing is left")
    @State
    public static class ReceiveAndDispose {
        private final StressedStream stream = new StressedStream(0);
        private final ReactiveWatchQueue queue =
                new ReactiveWatchQueue(stream::open, stream.settings(0));

        public ReceiveAndDispose() {
            queue.open().block();
        }

        @Actor
        public void subscriber() {
            queue.receive().subscribe(stream);
        }

        @Actor
        public void owner() {
            queue.dispose();
        }

        @Arbiter
        public void result(III_Result result) {
            boolean started = !stream.kernel.open().isEmpty();
            stream.rest();
            result.r1 = stream.completed;
            result.r2 = stream.open(started ? 2 : 0);
            result.r3 = queue.onDispose().toFuture().isDone() ? 1 : 0;
        }
    }

    /** Whether the watch was placed; queues left open or calls on closed descriptors. */
    @JCStressTest
    @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "placed, and gone with the queue")
    @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "refused, because the queue is closed")
    @State
    public static class WatchAndClose {
        private final StressedStream stream = new StressedStream(0);
        private final WatchQueue queue = stream.open();
        private int placed;

        @Actor
        public void watcher() {
            try {
                queue.watch(KeyId.of(2), 2);
                placed = 1;
            } catch (WatchQueueClosedException e) {
                placed = 0;
            }
        }

        @Actor
        public void closer() {
            queue.close();
        }

        @Arbiter
        public void result(II_Result result) {
            result.r1 = placed;
            result.r2 = stream.open(0);
        }
    }

    /** Received and counted as lost, of three; completions. */
    @JCStressTest
    @Outcome(id = "3, 1", expect = Expect.ACCEPTABLE, desc = "it adds up")
    @State
    public static class OverflowAndRequest implements CoreSubscriber<Notification> {
        private static final Notification EVENT = new KeyNotification(KeyEvent.UPDATED, 1, 0, 0);

        private final Sinks.Many<Notification> source = Sinks.many().multicast().directBestEffort();
        private volatile Subscription subscription;
        private volatile long accounted;
        private volatile int completed;

        @SuppressWarnings("this-escape") // to an upstream that requests nothing yet
        public OverflowAndRequest() {
            source.asFlux().transform(NotificationOperators.boundedWithLoss(1)).subscribe(this);
        }

        @Actor
        public void source() {
            source.tryEmitNext(EVENT);
            source.tryEmitNext(EVENT);
            source.tryEmitNext(EVENT);
            source.tryEmitComplete();
        }

        @Actor
        public void subscriber() {
            subscription.request(1);
            subscription.request(1);
        }

        @Arbiter
        public void result(II_Result result) {
            subscription.request(Long.MAX_VALUE);
            result.r1 = (int) accounted;
            result.r2 = completed;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
        }

        @Override
        public void onNext(Notification notification) {
            accounted += notification instanceof LossNotification loss ? loss.dropped() : 1;
        }

        @Override
        public void onError(Throwable error) {
            accounted = -1;
        }

        @Override
        public void onComplete() {
            completed++;
        }
    }
}
