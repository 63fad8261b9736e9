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
import io.watchqueue.WatchQueueWarmUp;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A round of the warm-up. Three queues of one reader stand in a circle: a subscriber that has
 * received a portion posts one in the next queue. So the reader wakes up, reads, finds nothing more
 * and waits for each portion, as it does when a kernel posts. The third subscriber requests less
 * than there is, and the rest is prefetched.
 *
 * <p>All of it happens on the calling thread, which owns the queues: it opens them, and when the
 * round is over, or any step of it has failed, it closes all of them.
 */
final class WarmUpRound {

    /** The number of portions that are posted. */
    private static final int POSTS = 500;

    /** Few enough that every queue sometimes wakes up with nothing to read, as a real one does. */
    private static final int FEW = 1;

    /** So many that, for all its reader knows, the queue can have been full. */
    private static final int MANY = 9;

    private static final int QUEUES = 3;

    /**
     * The prefetch of the last subscriber: used up with many portions on their way, and not with
     * few.
     */
    private static final int PREFETCH = WatchQueueWarmUp.PORTION;

    private final List<WatchQueueWarmUp> queues = new ArrayList<>();
    private final List<NotificationSubscription> subscriptions = new CopyOnWriteArrayList<>();
    private final List<PassingSubscriber> subscribers;
    private final boolean bounded;
    private final int portions;
    private int posts;
    private @Nullable Throwable failure;

    /** Whether portions are no longer passed on. */
    private volatile boolean over;

    /**
     * Prepares a round.
     *
     * @param bounded whether all subscribers request portion by portion, or the first without bound
     * @param few whether one portion is on its way at a time, or several
     */
    WarmUpRound(boolean bounded, boolean few) {
        this.bounded = bounded;
        this.portions = few ? FEW : MANY;
        this.subscribers =
                List.of(new FirstSubscriber(), new SecondSubscriber(), new ThirdSubscriber());
    }

    /**
     * Returns when the round is over and nothing of it is open, or throws the error that it failed
     * with.
     */
    void run() throws Throwable {
        try {
            while (queues.size() < QUEUES) {
                queues.add(WatchQueueWarmUp.open());
            }
            ReaderLoop loop = subscribe();
            for (int i = 0; i < portions; i++) {
                passOnTo(bounded ? i % QUEUES : 0);
            }
            if (loop != null) {
                wakeUp(loop);
                loop.run();
            }
        } finally {
            queues.forEach(WatchQueueWarmUp::close);
        }
        if (failure != null) {
            throw failure;
        }
    }

    /** From any thread: ends the round soon. */
    void stop() {
        over = true;
        subscriptions.forEach(NotificationSubscription::cancel);
    }

    /** Returns the loop that a reader would run on its own thread; null if none could be made. */
    private @Nullable ReaderLoop subscribe() {
        AtomicReference<@Nullable ReaderLoop> loop = new AtomicReference<>();
        NotificationReader reader =
                new NotificationReader(
                        created -> {
                            // A thread may be woken up before it has a subscription to serve.
                            created.wakeup();
                            created.round();
                            loop.set(created);
                        });
        for (int i = 0; i < QUEUES && !over; i++) {
            int prefetch = i == QUEUES - 1 ? PREFETCH : 0;
            NotificationSettings settings =
                    new NotificationSettings(reader, prefetch, false, NotificationRecorder.NONE);
            NotificationSubscription subscription =
                    new NotificationSubscription(queues.get(i).queue(), settings, ended -> {});
            subscriptions.add(subscription);
            subscription.start(subscribers.get(i));
        }
        if (over) {
            // Also for those that came after stop() had looked.
            stop();
        }
        return loop.get();
    }

    private void wakeUp(ReaderLoop loop) {
        try {
            loop.wakeup();
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void passOnTo(int index) {
        if (over) {
            return;
        }
        if (posts == POSTS) {
            stop();
            return;
        }
        try {
            if (queues.get(index).post() == 0) {
                throw new IllegalStateException(
                        "warm up: a pipe has no room for two notifications");
            }
            posts++;
            subscribers.get(index).posted();
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void fail(Throwable error) {
        if (failure == null) {
            failure = error;
        }
        stop();
    }

    /**
     * A subscriber. There are three classes of them: for a call that has met one or two classes,
     * HotSpot compiles code for these alone. It would compile again in the first flood, for the
     * real subscriber.
     */
    private abstract class PassingSubscriber implements CoreSubscriber<Notification> {

        private final int next;
        private final boolean unbounded;

        /**
         * How many notifications on their way it does not request: odd, or it would wait for one.
         */
        private final int behind;

        private @Nullable Subscription subscription;
        private int unasked;
        private int received;

        PassingSubscriber(int index) {
            next = (index + 1) % QUEUES;
            unbounded = !bounded && index == 0;
            behind = index < QUEUES - 1 ? 0 : portions == FEW ? 1 : PREFETCH + 1;
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            if (behind == 0) {
                subscription.request(unbounded ? Long.MAX_VALUE : WatchQueueWarmUp.PORTION);
            }
        }

        void posted() {
            unasked += WatchQueueWarmUp.PORTION;
            if (subscription != null && behind > 0 && unasked > behind) {
                subscription.request(unasked - behind);
                unasked = behind;
            }
        }

        @Override
        public void onNext(Notification notification) {
            if ((++received + behind) % WatchQueueWarmUp.PORTION == 0) {
                if (subscription != null && behind == 0 && !unbounded) {
                    subscription.request(WatchQueueWarmUp.PORTION);
                }
                passOnTo(next);
            }
        }

        @Override
        public void onError(Throwable error) {
            fail(error);
        }

        @Override
        public void onComplete() {
            // Never called: nothing disposes of the streams.
        }
    }

    private final class FirstSubscriber extends PassingSubscriber {
        FirstSubscriber() {
            super(0);
        }
    }

    private final class SecondSubscriber extends PassingSubscriber {
        SecondSubscriber() {
            super(1);
        }
    }

    private final class ThirdSubscriber extends PassingSubscriber {
        ThirdSubscriber() {
            super(2);
        }
    }
}
