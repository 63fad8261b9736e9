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
package io.watchqueue.examples.keywatch;

import org.jspecify.annotations.Nullable;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * Changes that wait for the next run of a command. The stream's thread adds to them without
 * waiting, so that the kernel's queue stays empty during a run; there is room for a bounded number.
 */
final class PendingChanges {

    /** In characters, all of them ASCII. Linux takes a variable of 128 KiB, MAX_ARG_STRLEN. */
    static final int ROOM = 64 * 1024;

    private StringBuilder events = new StringBuilder();
    private int omitted;
    private boolean lost;
    private boolean changed;
    private long firstNanos;
    private boolean complete;
    private @Nullable Throwable failure;

    /**
     * Changes for one run.
     *
     * @param events the first of them, JSON in ASCII, each on a line
     * @param omitted the number of those after them that had no room
     * @param lost whether changes were lost
     */
    record Batch(String events, int omitted, boolean lost) {}

    synchronized void add(Report report) {
        if (report.kind() == Report.Kind.FOUND) {
            return;
        }
        if (!changed) {
            changed = true;
            firstNanos = System.nanoTime();
        }
        lost |= report.kind() == Report.Kind.LOSS;
        String line = inAscii(report.line());
        if (omitted > 0 || events.length() + 1 + line.length() > ROOM) {
            omitted++;
        } else {
            events.append(events.isEmpty() ? "" : "\n").append(line);
        }
        notifyAll();
    }

    /** No more changes come. */
    synchronized void complete() {
        complete = true;
        notifyAll();
    }

    /** No more changes come, because of an error. */
    synchronized void fail(Throwable reason) {
        failure = reason;
        complete();
    }

    /**
     * Waits for a change, and then for those that come with it.
     *
     * @param debounce how long after the first one; less if no more come
     * @return null after the last change
     * @throws RuntimeException the error after which no more come
     */
    synchronized @Nullable Batch take(Duration debounce) throws InterruptedException {
        while (!changed && !complete) {
            wait();
        }
        if (!changed) {
            if (failure != null) {
                throw failure instanceof RuntimeException exception
                        ? exception
                        : new IllegalStateException(failure);
            }
            return null;
        }
        long nanos = debounce.toNanos();
        for (long left = leftOf(nanos); left > 0 && !complete; left = leftOf(nanos)) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        Batch batch = new Batch(events.toString(), omitted, lost);
        events = new StringBuilder();
        omitted = 0;
        lost = false;
        changed = false;
        return batch;
    }

    private long leftOf(long nanos) {
        return firstNanos + nanos - System.nanoTime();
    }

    /** Other characters would reach the command in the encoding of the locale, or not at all. */
    private static String inAscii(String json) {
        StringBuilder ascii = new StringBuilder(json.length());
        for (int i = 0; i < json.length(); i++) {
            char one = json.charAt(i);
            if (one < 0x80) {
                ascii.append(one);
            } else {
                ascii.append(String.format(Locale.ROOT, "\\u%04x", (int) one));
            }
        }
        return ascii.toString();
    }
}
