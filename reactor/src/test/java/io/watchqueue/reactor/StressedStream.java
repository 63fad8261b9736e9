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

import io.watchqueue.FakeQueues;
import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.test.FakeKernel;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;

/**
 * A stream whose reader is an actor of a stress test, and not a thread: it does a round on request.
 * Where the thread would go to sleep, the round ends in the middle.
 */
final class StressedStream implements CoreSubscriber<Notification> {

    final FakeKernel kernel = new FakeKernel();
    final NotificationFlux flux;
    private final NotificationReader reader;
    private volatile @Nullable ReaderLoop loop;

    // Of the subscriber. Volatile, because the rounds may be done by different threads.
    private volatile @Nullable Subscription subscription;
    volatile int received;
    volatile int completed;
    volatile int failed;

    StressedStream(int prefetch) {
        kernel.neverWait();
        reader = new NotificationReader(started -> loop = started);
        flux = new NotificationFlux(this::open, settings(prefetch));
    }

    NotificationSettings settings(int prefetch) {
        return new NotificationSettings(reader, prefetch, false, NotificationRecorder.NONE);
    }

    WatchQueue open() {
        return FakeQueues.open(kernel, 32);
    }

    void post(int notifications) {
        for (int i = 0; i < notifications; i++) {
            kernel.post(FakeKernel.key(1, 1, 0, 1));
        }
    }

    /** The work of the reader's thread before it sleeps or begins again. */
    void round() {
        ReaderLoop current = loop;
        if (current == null) {
            return;
        }
        try {
            current.round();
        } catch (FakeKernel.WouldWait e) {
            // From here on only a wakeup lets it go on.
        }
    }

    /**
     * Goes on until the thread sleeps; not at all if it sleeps already, because nothing woke it.
     */
    void rest() {
        for (int rounds = 0; rounds < 10 && !kernel.isWaiting(); rounds++) {
            round();
        }
    }

    void request(long n) {
        Subscription current = subscription;
        if (current != null) {
            current.request(n);
        }
    }

    void cancel() {
        Subscription current = subscription;
        if (current != null) {
            current.cancel();
        }
    }

    /**
     * The number of open queues, which have two descriptors each. The reader's descriptors are not
     * counted.
     */
    int open(int ofReader) {
        return kernel.mistakes().isEmpty() ? (kernel.open().size() - ofReader) / 2 : -1;
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        this.subscription = subscription;
    }

    @Override
    public void onNext(Notification notification) {
        received++;
    }

    @Override
    public void onError(Throwable error) {
        failed++;
    }

    @Override
    public void onComplete() {
        completed++;
    }
}
