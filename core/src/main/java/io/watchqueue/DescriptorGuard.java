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

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps a descriptor open while calls on it are under way, so that its number cannot mean another
 * file in the middle of one. The upper bit of the state says closed, the others count the calls.
 */
final class DescriptorGuard {

    private static final int CLOSED = 1 << 31;

    private final AtomicInteger state = new AtomicInteger();
    private final Runnable release;

    /**
     * Creates a guard that runs {@code release} once: when it is closed and no call is under way
     * any more.
     */
    DescriptorGuard(Runnable release) {
        this.release = release;
    }

    /** Tells whether the call may go on; every true must be followed by an {@link #exit()}. */
    boolean enter() {
        while (true) {
            int current = state.get();
            if (current < 0) {
                return false;
            }
            if (state.compareAndSet(current, current + 1)) {
                return true;
            }
        }
    }

    void exit() {
        if (state.decrementAndGet() == CLOSED) {
            release.run();
        }
    }

    /** Lets no further call in. Returns false if that was so before. */
    boolean close() {
        int before = state.getAndUpdate(current -> current | CLOSED);
        if (before == 0) {
            release.run();
        }
        return before >= 0;
    }

    boolean isClosed() {
        return state.get() < 0;
    }
}
