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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The changes that one writer makes to one key, and when. No two changes of a key are alike, so
 * that a notification identifies its change. Written by one thread, read by all.
 */
final class ChangeLog {

    /** The parts of a change that are in its notification. */
    record Change(KeyEvent event, int aux) {}

    private final KeyId key;
    private final List<Change> changes;
    private final Map<Change, Integer> numbers = new HashMap<>();
    private final long[] begins;
    private final long[] ends;
    private volatile int begun;
    private volatile int done;
    private volatile long leaving = Span.OPEN;

    ChangeLog(KeyId key, List<Change> changes) {
        this.key = key;
        this.changes = changes;
        changes.forEach(change -> numbers.put(change, numbers.size()));
        if (numbers.size() < changes.size()) {
            throw new IllegalArgumentException("some of these are alike: " + changes);
        }
        this.begins = new long[changes.size()];
        this.ends = new long[changes.size()];
    }

    KeyId key() {
        return key;
    }

    boolean isExhausted() {
        return begun == changes.size();
    }

    boolean isInvalidated() {
        return begun > 0 && changes.get(begun - 1).event() == KeyEvent.INVALIDATED;
    }

    /** Begins the next change, which is to be made when this returns. */
    Change begin(long at) {
        int number = begun;
        begins[number] = at;
        begun = number + 1;
        return changes.get(number);
    }

    /** The change that was begun last has been made. */
    void end(long at) {
        ends[done] = at;
        done = begun;
    }

    /**
     * From now on the key may be destroyed at any time, and its watches can no longer be removed.
     */
    void leaving(long at) {
        leaving = at;
    }

    /** When {@link #leaving} was called; {@link Span#OPEN} if it was not. */
    long leavingAt() {
        return leaving;
    }

    /** The number of changes that were begun. */
    int begun() {
        return begun;
    }

    Span span(int number) {
        return new Span(begins[number], number < done ? ends[number] : Span.OPEN);
    }

    /** The notification of a change, as a watch of that tag gets it. */
    KeyNotification notification(int number, int tag) {
        Change change = changes.get(number);
        return new KeyNotification(change.event(), key.value(), change.aux(), tag);
    }

    /** The number of the change that a notification is of, or -1 if there is none. */
    int numberOf(KeyNotification notification) {
        int number = numbers.getOrDefault(new Change(notification.event(), notification.aux()), -1);
        return number < begun ? number : -1;
    }
}
