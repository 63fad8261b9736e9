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

import io.watchqueue.internal.Errno;

import java.util.concurrent.locks.LockSupport;
import java.util.function.IntSupplier;

/**
 * System calls and pauses that go on after an interrupt: a signal ends a call early with EINTR, and
 * profilers and debuggers send signals to any thread; Thread.interrupt() ends a pause.
 */
final class Interrupted {

    /** So many signals do not come within so short a time. */
    private static final int SUSPICIOUS = 1_000;

    private static final long SHORT_NANOS = 100_000_000;

    private Interrupted() {}

    /**
     * Repeats the call until no signal interrupts it. Not for close(2), which closes the descriptor
     * even if it returns an error.
     *
     * @return what the call returned; -EINTR if that is no signal's: request-key(8) can reject a
     *     key with any error number, and each use of that key then fails with it
     */
    static int retry(IntSupplier call) {
        long since = System.nanoTime();
        for (int repeated = 1; ; repeated++) {
            int result = call.getAsInt();
            if (result != -Errno.EINTR) {
                return result;
            }
            if (repeated % SUSPICIOUS == 0) {
                long now = System.nanoTime();
                if (now - since < SHORT_NANOS) {
                    return result;
                }
                since = now;
            }
        }
    }

    /** Sleeps that long, even on an interrupted thread, which stays interrupted. */
    static void pause(long nanos) {
        long deadline = System.nanoTime() + nanos;
        boolean interrupted = false;
        try {
            for (long left = nanos; left > 0; left = deadline - System.nanoTime()) {
                interrupted |= Thread.interrupted();
                LockSupport.parkNanos(left);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
