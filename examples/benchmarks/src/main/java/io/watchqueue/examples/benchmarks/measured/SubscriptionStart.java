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
package io.watchqueue.examples.benchmarks.measured;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.reactor.NotificationFlux;

import reactor.core.Disposable;

/**
 * Measures the time from {@code subscribe} to the placed watch: the first time in a JVM, class
 * loading included, and the last of many times.
 */
final class SubscriptionStart {

    private SubscriptionStart() {}

    static void run(int times) {
        long begun = System.nanoTime();
        WatchQueueSupport.probe();
        long loaded = System.nanoTime();
        Keyctl keys = Keyctl.system();
        KeyId key = keys.add("user", "benchmark-start", new byte[1], Keyring.USER);
        System.out.println("load " + (loaded - begun));
        for (int i = 0; i < times; i++) {
            NotificationFlux flux = NotificationFlux.builder().watch(key, 1).build();
            long start = System.nanoTime();
            Disposable subscription = flux.subscribe();
            long nanos = System.nanoTime() - start;
            subscription.dispose();
            flux.dispose();
            flux.onDispose().block();
            System.out.println((i == 0 ? "first " : "again ") + nanos);
        }
        keys.unlink(key, Keyring.USER);
        System.exit(0);
    }
}
