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
import io.watchqueue.reactor.NotificationFlux;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

/**
 * Opens a number of queues and closes them, several times. Prints the time for each queue, and its
 * memory in this process.
 */
final class OpenAndClose {

    private OpenAndClose() {}

    static void run(int queues, int rounds) {
        Keyctl keys = Keyctl.system();
        KeyId key = keys.add("user", "benchmark-open", new byte[1], Keyring.USER);
        for (int round = 0; round < rounds; round++) {
            NotificationFlux flux = NotificationFlux.builder().watch(key).build();
            long memory = memory();
            long start = System.nanoTime();
            for (int i = 0; i < queues; i++) {
                flux.subscribe();
            }
            long opened = System.nanoTime();
            long taken = memory() - memory;
            long closing = System.nanoTime();
            flux.dispose();
            flux.onDispose().block();
            long closed = System.nanoTime();
            System.out.println(
                    (opened - start) / queues
                            + " "
                            + (closed - closing) / queues
                            + " "
                            + taken / queues);
        }
        keys.unlink(key, Keyring.USER);
        System.exit(0);
    }

    /** Bytes in use, on the heap and in direct buffers. */
    private static long memory() {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory()
                - runtime.freeMemory()
                + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                        .mapToLong(BufferPoolMXBean::getMemoryUsed)
                        .sum();
    }
}
