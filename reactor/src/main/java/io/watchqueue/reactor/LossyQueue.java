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

import io.watchqueue.LossNotification;
import io.watchqueue.Notification;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;

/**
 * A bounded queue that drops new notifications when it is full, and marks the last one that it
 * holds, as the kernel's does. Unlike the kernel's, it counts the dropped ones. Not thread-safe.
 */
final class LossyQueue {

    private final int capacity;
    private final ArrayDeque<Entry> entries = new ArrayDeque<>(0);

    /** The number dropped after the notification that was polled last. */
    private long lost;

    private static final class Entry {
        final Notification notification;
        long lostBehind;

        Entry(Notification notification) {
            this.notification = notification;
        }
    }

    LossyQueue(int capacity) {
        this.capacity = capacity;
    }

    /** Returns false if there is no room; then the place is marked. */
    boolean offer(Notification notification) {
        if (entries.size() < capacity) {
            entries.add(new Entry(notification));
            return true;
        }
        Entry last = entries.getLast();
        last.lostBehind = sum(last.lostBehind, weight(notification));
        return false;
    }

    /** Takes the next notification, which may be a loss; null if there is none. */
    @Nullable Notification poll() {
        if (lost != 0) {
            LossNotification loss = new LossNotification(LossNotification.Origin.SUBSCRIBER, lost);
            lost = 0;
            return loss;
        }
        Entry next = entries.poll();
        if (next == null) {
            return null;
        }
        lost = next.lostBehind;
        return next.notification;
    }

    boolean isEmpty() {
        return entries.isEmpty() && lost == 0;
    }

    /** The number of notifications in it, without losses. */
    int size() {
        return entries.size();
    }

    private static long weight(Notification dropped) {
        return dropped instanceof LossNotification loss ? loss.dropped() : 1;
    }

    private static long sum(long one, long other) {
        return one == LossNotification.UNKNOWN || other == LossNotification.UNKNOWN
                ? LossNotification.UNKNOWN
                : one + other;
    }
}
