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

import io.watchqueue.Notification;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxOperator;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;

/** See {@link NotificationOperators#boundedWithLoss}. */
final class FluxBoundedWithLoss extends FluxOperator<Notification, Notification> {

    private final int capacity;

    FluxBoundedWithLoss(Flux<? extends Notification> source, int capacity) {
        super(source);
        this.capacity = capacity;
    }

    @Override
    public void subscribe(CoreSubscriber<? super Notification> actual) {
        source.subscribe(new Bounded(actual, capacity));
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Scannable's
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.SYNC;
        }
        return super.scanUnsafe(key);
    }

    private static final class Bounded
            implements CoreSubscriber<Notification>, Subscription, Scannable {

        private final CoreSubscriber<? super Notification> actual;
        private final Context context;
        private final int capacity;

        /** Under its own lock: it is filled and emptied by different threads. */
        private final LossyQueue queue;

        private @Nullable Subscription upstream;
        private @Nullable Throwable error;
        private volatile boolean done;
        private volatile boolean cancelled;

        /** Whether the end was signalled. For the thread that drains. */
        private boolean ended;

        private volatile long requested;

        private static final AtomicLongFieldUpdater<Bounded> REQUESTED =
                AtomicLongFieldUpdater.newUpdater(Bounded.class, "requested");

        /** The number of reasons to drain; the thread that counts the first one drains for all. */
        @SuppressWarnings("UnusedVariable") // but by WIP
        private volatile int wip;

        private static final AtomicIntegerFieldUpdater<Bounded> WIP =
                AtomicIntegerFieldUpdater.newUpdater(Bounded.class, "wip");

        Bounded(CoreSubscriber<? super Notification> actual, int capacity) {
            this.actual = actual;
            this.context = actual.currentContext();
            this.capacity = capacity;
            this.queue = new LossyQueue(capacity);
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            if (Operators.validate(upstream, subscription)) {
                upstream = subscription;
                try {
                    actual.onSubscribe(this);
                } catch (Throwable e) {
                    subscription.cancel();
                    onError(e);
                    return;
                }
                subscription.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(Notification notification) {
            if (done) {
                Operators.onNextDropped(notification, context);
                return;
            }
            boolean queued;
            synchronized (queue) {
                queued = queue.offer(notification);
            }
            if (!queued) {
                Operators.onDiscard(notification, context);
            }
            drain();
        }

        @Override
        public void onError(Throwable throwable) {
            if (done) {
                Operators.onErrorDropped(throwable, context);
                return;
            }
            error = throwable;
            done = true;
            drain();
        }

        @Override
        public void onComplete() {
            done = true;
            drain();
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                Operators.addCap(REQUESTED, this, n);
                drain();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
            Subscription current = upstream;
            if (current != null) {
                current.cancel();
            }
            drain();
        }

        private void drain() {
            if (WIP.getAndIncrement(this) != 0) {
                return;
            }
            int missed = 1;
            do {
                emit();
                missed = WIP.addAndGet(this, -missed);
            } while (missed != 0);
        }

        private void emit() {
            long demand = requested;
            long emitted = 0;
            while (!cancelled && !ended) {
                // Read before the queue: all that came before the end is in the queue then.
                boolean ending = done;
                Notification next = emitted < demand ? poll() : null;
                if (next != null) {
                    deliver(next);
                    emitted++;
                } else {
                    if (ending && isEmpty()) {
                        end();
                    }
                    break;
                }
            }
            if (cancelled) {
                discard();
            } else if (emitted > 0) {
                Operators.produced(REQUESTED, this, emitted);
            }
        }

        private void deliver(Notification next) {
            try {
                actual.onNext(next);
            } catch (Throwable e) {
                // Against §2.13, so it gets no further signal; those that share the source go on.
                cancel();
                Uncaught.report(e);
            }
        }

        private void end() {
            ended = true;
            Throwable reason = error;
            Uncaught.run(reason != null ? () -> actual.onError(reason) : actual::onComplete);
        }

        private void discard() {
            Notification next;
            while ((next = poll()) != null) {
                Operators.onDiscard(next, context);
            }
        }

        private @Nullable Notification poll() {
            synchronized (queue) {
                return queue.poll();
            }
        }

        private boolean isEmpty() {
            synchronized (queue) {
                return queue.isEmpty();
            }
        }

        private int size() {
            synchronized (queue) {
                return queue.size();
            }
        }

        @Override
        @SuppressWarnings("rawtypes") // the signature is Scannable's
        public @Nullable Object scanUnsafe(Attr key) {
            if (key == Attr.ACTUAL) {
                return actual;
            }
            if (key == Attr.PARENT) {
                return upstream;
            }
            if (key == Attr.REQUESTED_FROM_DOWNSTREAM) {
                return requested;
            }
            if (key == Attr.BUFFERED) {
                return size();
            }
            if (key == Attr.CAPACITY) {
                return capacity;
            }
            if (key == Attr.CANCELLED) {
                return cancelled;
            }
            if (key == Attr.TERMINATED) {
                return done;
            }
            if (key == Attr.ERROR) {
                return error;
            }
            if (key == Attr.RUN_STYLE) {
                return Attr.RunStyle.SYNC;
            }
            return null;
        }
    }
}
