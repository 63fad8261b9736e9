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
package io.watchqueue;

import io.watchqueue.internal.Kernel;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The one owner of a descriptor. Only a caller that has entered knows the number, and the
 * descriptor stays open until the last one has left: its number cannot mean another file in the
 * middle of a call. A closed descriptor cannot be entered, whichever thread closed it.
 */
final class Descriptor {

    /** Returned by {@link #tryEnter} for a closed descriptor. */
    static final int NONE = -1;

    private static final int CLOSED = 1 << 31;

    private final Kernel kernel;
    private final int number;

    /** The upper bit says closed, the others count the calls that are under way. */
    private final AtomicInteger state = new AtomicInteger();

    private final CompletableFuture<@Nullable Void> released = new CompletableFuture<>();

    /** Takes over a descriptor that is open: from here on only this object may close it. */
    Descriptor(Kernel kernel, int number) {
        this.kernel = kernel;
        this.number = number;
    }

    /**
     * Returns the number, which is good until the {@link #exit} that must follow.
     *
     * @throws WatchQueueClosedException if the descriptor is closed
     */
    int enter(String operation) {
        int entered = tryEnter();
        if (entered == NONE) {
            throw new WatchQueueClosedException(operation);
        }
        return entered;
    }

    /** Returns the number, which is good until the {@link #exit} that must follow; or NONE. */
    int tryEnter() {
        while (true) {
            int current = state.get();
            if (current < 0) {
                return NONE;
            }
            if (state.compareAndSet(current, current + 1)) {
                return number;
            }
        }
    }

    void exit() {
        if (state.decrementAndGet() == CLOSED) {
            release();
        }
    }

    /**
     * Lets no further call in, and closes the descriptor as soon as no call is under way. Returns
     * false if it was closed before.
     */
    boolean close() {
        int before = state.getAndUpdate(current -> current | CLOSED);
        if (before == 0) {
            release();
        }
        return before >= 0;
    }

    private void release() {
        try {
            kernel.close(number);
        } finally {
            released.complete(null);
        }
    }

    /** Completes when the kernel has closed it, on the thread of the last call. */
    CompletableFuture<@Nullable Void> onClose() {
        return released;
    }

    boolean isClosed() {
        return state.get() < 0;
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
