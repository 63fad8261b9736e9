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
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueRehearsal;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Has the JVM compile the way of a notification, from the kernel to a subscriber, before the first
 * watch is placed: the first flood of a process is not to be read by an interpreter.
 */
final class Rehearsal {

    /**
     * One is enough for HotSpot's first compiler and not for its second, which shall compile what
     * it has seen of the real subscribers.
     */
    private static final int QUEUES = 1;

    private static boolean done;

    private Rehearsal() {}

    /** Once in a process. Whoever comes meanwhile waits, as it is for them as well. */
    static synchronized void once() {
        if (!done) {
            done = perform();
        }
    }

    static boolean perform() {
        return WatchQueueRehearsal.run(QUEUES, Rehearsal::read);
    }

    /** Does on the calling thread what a reader does on its own. */
    private static void read(WatchQueue queue) {
        AtomicReference<@Nullable ReaderLoop> loop = new AtomicReference<>();
        NotificationSettings settings =
                new NotificationSettings(
                        new NotificationReader(loop::set), 0, false, NotificationRecorder.NONE);
        new NotificationSubscription(queue, settings, ended -> {}).start(new Audience());
        ReaderLoop started = loop.get();
        if (started != null) {
            started.run();
        }
    }

    /** Takes small portions at first, then everything, and leaves. */
    private static final class Audience implements CoreSubscriber<Notification> {

        private static final int PORTION = 8;
        private static final int IN_PORTIONS = 1024;

        private @Nullable Subscription subscription;
        private int received;

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            subscription.request(PORTION);
        }

        @Override
        public void onNext(Notification notification) {
            received++;
            Subscription current = subscription;
            if (current == null || received % PORTION != 0) {
                return;
            }
            if (received == WatchQueueRehearsal.NOTIFICATIONS) {
                current.cancel();
            } else {
                current.request(received < IN_PORTIONS ? PORTION : Long.MAX_VALUE);
            }
        }

        @Override
        public void onError(Throwable error) {
            // It is over, which is all that matters: a real queue will say what is wrong.
        }

        @Override
        public void onComplete() {
            // Nobody disposes of it.
        }
    }
}
