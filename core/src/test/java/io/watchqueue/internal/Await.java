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
package io.watchqueue.internal;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** Waits for an effect of another thread or of the kernel. */
public final class Await {

    /** Much longer than anything takes, even on a busy machine. */
    public static final Duration SOON = Duration.ofMinutes(1);

    private Await() {}

    /** Waits until a condition holds. */
    public static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still not so after " + SOON + ": " + what);
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(1);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits until a key that has a timeout has expired. */
    public static void expiry(Keyctl keys, KeyId key) {
        until("key " + key + " has expired", () -> hasExpired(keys, key));
    }

    private static boolean hasExpired(Keyctl keys, KeyId key) {
        try {
            keys.describe(key);
            return false;
        } catch (KeyUnavailableException e) {
            return e.errnoName().equals("EKEYEXPIRED");
        }
    }
}
