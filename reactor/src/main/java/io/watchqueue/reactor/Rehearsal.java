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
import io.watchqueue.WatchQueueRehearsal;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Has the JVM compile the way of a notification, from the kernel to a subscriber, before the first
 * watch is placed: the first flood of a process is not to be read by an interpreter, nor while a
 * compiler takes the processor from the reader.
 *
 * <p>Three queues of one reader pass a portion on, round and round: whoever has received it posts
 * in the next one's queue. So the reader wakes up, reads, finds nothing more and waits for each
 * portion, as it does when a kernel posts. The third subscriber is behind: what it has not asked
 * for is prefetched.
 */
final class Rehearsal {

    /**
     * How often a portion is passed on, each time and all in all. HotSpot's second compiler begins
     * after 5,000 calls and is done before these are; it has to have seen ends by then, or what it
     * compiles would not outlive the first.
     */
    private static final int HOPS = 500;

    private static final int TIMES = 120;

    /** So few that every seat is woken up for nothing now and then, as by a kernel. */
    private static final int FEW = 1;

    /** So many that a queue which gives them can have been full, for what its reader knows. */
    private static final int MANY = 9;

    /** Queues, and their subscribers. */
    private static final int SEATS = 3;

    /** Of the last seat: reached with many portions on their way, and not with few. */
    private static final int PREFETCH = WatchQueueRehearsal.PORTION;

    /** Documented at {@link NotificationFlux}. */
    private static final String PROPERTY = "io.watchqueue.rehearsal";

    private static boolean done;

    private final List<WatchQueueRehearsal> queues = new ArrayList<>();
    private final List<Audience> audiences;
    private final boolean bounded;
    private final int portions;
    private int hops = HOPS;

    /**
     * Prepares one.
     *
     * @param bounded whether all subscribers ask for each portion, or the first for all there is
     * @param portions how many are passed on at the same time
     */
    Rehearsal(boolean bounded, int portions) {
        this.bounded = bounded;
        this.portions = portions;
        this.audiences = List.of(new First(), new Second(), new Third());
    }

    /** Once in a process. Whoever comes meanwhile waits, as it is for them as well. */
    static synchronized void once() {
        if (!done) {
            done = !Boolean.parseBoolean(System.getProperty(PROPERTY, "true")) || repeat();
        }
    }

    /** Returns false if there is no kernel for it, or it has no room. */
    static boolean repeat() {
        for (int i = 0; i < TIMES; i++) {
            if (!new Rehearsal(i % 2 == 0, i % 4 < 2 ? FEW : MANY).perform()) {
                return false;
            }
        }
        return true;
    }

    boolean perform() {
        try {
            return open() && run();
        } finally {
            queues.forEach(WatchQueueRehearsal::close);
        }
    }

    private boolean open() {
        while (queues.size() < SEATS) {
            WatchQueueRehearsal queue = WatchQueueRehearsal.open();
            if (queue == null) {
                return false;
            }
            queues.add(queue);
        }
        return true;
    }

    /** Does on the calling thread what a reader does on its own. */
    private boolean run() {
        AtomicReference<@Nullable ReaderLoop> loop = new AtomicReference<>();
        NotificationReader reader =
                new NotificationReader(
                        created -> {
                            // A thread may be woken up before it is told of a subscription.
                            created.wakeup();
                            created.round();
                            loop.set(created);
                        });
        for (int i = 0; i < SEATS; i++) {
            int prefetch = i == SEATS - 1 ? PREFETCH : 0;
            NotificationSettings settings =
                    new NotificationSettings(reader, prefetch, false, NotificationRecorder.NONE);
            new NotificationSubscription(queues.get(i).queue(), settings, ended -> {})
                    .start(audiences.get(i));
        }
        for (int i = 0; i < portions; i++) {
            passOnTo(bounded ? i % SEATS : 0);
        }
        ReaderLoop started = loop.get();
        if (started != null) {
            started.wakeup();
            started.run();
        }
        return hops == 0;
    }

    /** Or ends it, when it is over or there is no room. */
    private void passOnTo(int index) {
        if (hops == 0 || queues.get(index).post() == 0) {
            audiences.forEach(Audience::leave);
        } else {
            hops--;
            audiences.get(index).posted();
        }
    }

    /**
     * There are three, since HotSpot takes two kinds of subscribers for all there are: it would
     * compile for them, and do it again in the first flood, for the real one.
     */
    private abstract class Audience implements CoreSubscriber<Notification> {

        private final int next;
        private final boolean unbounded;

        /** How many of those on their way it does not ask for: odd, or it would wait for one. */
        private final int behind;

        private @Nullable Subscription subscription;
        private int unasked;
        private int received;

        Audience(int index) {
            next = (index + 1) % SEATS;
            unbounded = !bounded && index == 0;
            behind = index < SEATS - 1 ? 0 : portions == FEW ? 1 : PREFETCH + 1;
        }

        void leave() {
            if (subscription != null) {
                subscription.cancel();
            }
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            if (behind == 0) {
                subscription.request(unbounded ? Long.MAX_VALUE : WatchQueueRehearsal.PORTION);
            }
        }

        void posted() {
            unasked += WatchQueueRehearsal.PORTION;
            if (subscription != null && behind > 0 && unasked > behind) {
                subscription.request(unasked - behind);
                unasked = behind;
            }
        }

        @Override
        public void onNext(Notification notification) {
            if ((++received + behind) % WatchQueueRehearsal.PORTION == 0) {
                if (subscription != null && behind == 0 && !unbounded) {
                    subscription.request(WatchQueueRehearsal.PORTION);
                }
                passOnTo(next);
            }
        }

        @Override
        public void onError(Throwable error) {
            // A real queue will say what is wrong.
            audiences.forEach(Audience::leave);
        }

        @Override
        public void onComplete() {
            // Nobody disposes of it.
        }
    }

    private final class First extends Audience {
        First() {
            super(0);
        }
    }

    private final class Second extends Audience {
        Second() {
            super(1);
        }
    }

    private final class Third extends Audience {
        Third() {
            super(2);
        }
    }
}
