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

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The pause of a reader in a flood. If its only subscription has prefetched notifications that the
 * subscriber has not requested, the reader sleeps before it waits for more, and so reads the flood
 * in batches. A wakeup for each notification would take the processor from the subscriber. It would
 * also use up the reader's scheduling credit, which the reader needs when the queue fills.
 */
final class FloodPause {

    /** Shorter than a flood needs to fill the smallest of these queues, timer slack included. */
    static final long NANOS = 100_000;

    /** A smaller queue can fill while a thread sleeps for the shortest time that it can. */
    private static final int SMALLEST_CAPACITY = 256;

    /** A queue fills fast if one read has found this part of it filled. */
    private static final int QUARTER = 4;

    private final long nanos;
    private volatile @Nullable Thread sleeper;

    FloodPause(long nanos) {
        this.nanos = nanos;
    }

    /**
     * Whether a queue in which that many notifications were found has room for those of a pause.
     */
    static boolean leavesRoom(int found, int capacity) {
        return found > 0 && capacity >= SMALLEST_CAPACITY && found < capacity / QUARTER;
    }

    /**
     * Sleeps on the reader thread until something is signalled, at most for the length of the
     * pause. An interrupt does not end the sleep; the thread stays interrupted.
     */
    void sleep(AtomicReference<?> signalled) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + nanos;
        // Either this sees the signal, or the thread that has signalled sees the sleeper.
        sleeper = Thread.currentThread();
        for (long left = nanos;
                left > 0 && signalled.get() == null;
                left = deadline - System.nanoTime()) {
            // While the flag is set, no thread is parked.
            interrupted |= Thread.interrupted();
            LockSupport.parkNanos(left);
        }
        sleeper = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the sleep, if there is one. From any thread, after it has signalled. */
    void end() {
        LockSupport.unpark(sleeper);
    }
}
