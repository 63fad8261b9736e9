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

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * A thread for each action: in the common pool a blocking action would keep others from beginning.
 */
public final class Background {

    private static final Executor THREADS = action -> new Thread(action).start();

    private Background() {}

    /** Runs an action. */
    public static CompletableFuture<Void> run(Runnable action) {
        return CompletableFuture.runAsync(action, THREADS);
    }

    /** Computes something. */
    public static <T> CompletableFuture<T> get(Supplier<T> action) {
        return CompletableFuture.supplyAsync(action, THREADS);
    }
}
