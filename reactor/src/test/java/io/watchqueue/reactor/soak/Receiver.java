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
package io.watchqueue.reactor.soak;

import io.watchqueue.KeyId;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Keeps the notifications that it receives, and checks that they are no more than it requested. */
final class Receiver extends BaseSubscriber<Notification> {

    private final Demand demand;
    private final AtomicLong outstanding = new AtomicLong();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Set<Long> removed = ConcurrentHashMap.newKeySet();

    /** The reader thread's, until this has ended. */
    final List<Notification> received = new ArrayList<>();

    final List<String> mistakes = new ArrayList<>();

    private volatile int count;
    private volatile boolean lost;
    private volatile boolean completed;
    private volatile @Nullable Throwable error;

    /** The number of notifications at which it cancels from within onNext; never if negative. */
    private volatile int cancelsAt = -1;

    private boolean cancelled;

    Receiver(Demand demand) {
        this.demand = demand;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        switch (demand) {
            case UNBOUNDED -> askForAll();
            case ONE_BY_ONE -> ask(1);
            default -> {} // somebody calls askNowAndThen
        }
    }

    /** To be called again and again. */
    void askNowAndThen(Random random) {
        if (demand == Demand.BURSTS && random.nextInt(2) == 0) {
            ask(1 + random.nextInt(700));
        } else if (demand == Demand.STARVING && random.nextInt(4) == 0) {
            ask(1 + random.nextInt(2));
        }
    }

    void askForAll() {
        outstanding.set(Long.MAX_VALUE / 2);
        requestUnbounded();
    }

    private void ask(int more) {
        outstanding.addAndGet(more);
        request(more);
    }

    void cancelFromOnNext() {
        cancelsAt = count + 1;
    }

    @Override
    protected void hookOnNext(Notification notification) {
        received.add(notification);
        count = received.size();
        if (outstanding.decrementAndGet() < 0) {
            mistakes.add("more than was requested: " + notification);
        }
        if (cancelled) {
            mistakes.add("after it was cancelled: " + notification);
        }
        if (notification instanceof RemovalNotification removal) {
            removed.add(removal.id());
        }
        lost |= notification instanceof LossNotification;
        if (cancelsAt >= 0 && count >= cancelsAt) {
            cancelled = true;
            cancel();
        } else if (demand == Demand.ONE_BY_ONE) {
            ask(1);
        }
    }

    @Override
    protected void hookOnError(Throwable throwable) {
        error = throwable;
        ended.countDown();
    }

    @Override
    protected void hookOnComplete() {
        completed = true;
        ended.countDown();
    }

    boolean awaitEnd(long milliseconds) throws InterruptedException {
        return ended.await(milliseconds, TimeUnit.MILLISECONDS);
    }

    boolean hasRemovalOf(KeyId key) {
        return removed.contains((long) key.value());
    }

    int count() {
        return count;
    }

    boolean hasLoss() {
        return lost;
    }

    boolean isCompleted() {
        return completed;
    }

    @Nullable Throwable error() {
        return error;
    }
}
