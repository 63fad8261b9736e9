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
package io.watchqueue.reactor.secret;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.core.scheduler.Scheduler;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The latest report about a secret, as a hot stream. There is one report for all subscribers and no
 * queue for any of them: each gets the latest report when it has demand, and skips those before it.
 *
 * <p><b>Threads:</b> {@link #report} and {@link #complete} may be called under a lock, because they
 * call no subscriber; {@link #signal} must not. Subscribers are called on the scheduler, each by
 * one thread at a time.
 */
final class Rotations extends Flux<Rotation> {

    private final Scheduler scheduler;
    private final Set<Subscriber> subscribers = ConcurrentHashMap.newKeySet();
    private volatile @Nullable Rotation latest;
    private volatile boolean complete;

    Rotations(Scheduler scheduler) {
        this.scheduler = scheduler;
    }

    /** Replaces the latest report. Subscribers get it after a {@link #signal}. */
    void report(Rotation rotation) {
        latest = rotation;
    }

    /** Makes all subscribers complete, the present ones after a {@link #signal}. */
    void complete() {
        complete = true;
    }

    /** Has all subscribers look for news. */
    void signal() {
        subscribers.forEach(Subscriber::signal);
    }

    @Override
    public void subscribe(CoreSubscriber<? super Rotation> actual) {
        Subscriber subscriber = new Subscriber(actual);
        actual.onSubscribe(subscriber);
        // Added before it looks for the first time, so that it misses no report after that.
        subscribers.add(subscriber);
        subscriber.schedule();
    }

    /** One subscriber. It ends once: when it cancels, or with the last signal. */
    private final class Subscriber implements Subscription, Runnable {

        private final CoreSubscriber<? super Rotation> actual;
        private final AtomicBoolean ended = new AtomicBoolean();
        private final AtomicLong requested = new AtomicLong();

        /** Signals that no look has answered; the first look is that of the subscription. */
        private final AtomicInteger signals = new AtomicInteger(1);

        /** Of the thread that looks. */
        private @Nullable Rotation emitted;

        Subscriber(CoreSubscriber<? super Rotation> actual) {
            this.actual = actual;
        }

        @Override
        public void request(long n) {
            if (Operators.validate(n)) {
                requested.accumulateAndGet(n, Operators::addCap);
                signal();
            }
        }

        @Override
        public void cancel() {
            end();
        }

        private boolean end() {
            subscribers.remove(this);
            return ended.compareAndSet(false, true);
        }

        void signal() {
            if (signals.getAndIncrement() == 0) {
                schedule();
            }
        }

        void schedule() {
            try {
                scheduler.schedule(this);
            } catch (RejectedExecutionException e) {
                // After this nobody looks, as the signals are not answered.
                if (!end()) {
                    return;
                }
                if (scheduler.isDisposed()) {
                    actual.onComplete();
                } else {
                    actual.onError(Operators.onRejectedExecution(e, actual.currentContext()));
                }
            }
        }

        @Override
        public void run() {
            try {
                int answered = signals.get();
                while (answered != 0) {
                    look();
                    answered = signals.addAndGet(-answered);
                }
            } catch (Throwable e) {
                end();
                throw e;
            }
        }

        private void look() {
            Rotation rotation = latest;
            if (ended.get()) {
                subscribers.remove(this); // it may have cancelled before it was added
            } else if (complete) {
                if (end()) {
                    actual.onComplete();
                }
            } else if (rotation != null && rotation != emitted && requested.get() > 0) {
                emitted = rotation;
                requested.updateAndGet(n -> n == Long.MAX_VALUE ? n : n - 1);
                actual.onNext(rotation);
            }
        }
    }
}
