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
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import reactor.core.publisher.BaseSubscriber;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Counts how often the reader's thread runs without changes, and without demand. A thread that was
 * never switched to has made no system call either.
 */
final class IdleReader {

    private static final int CHANGES = 100;

    private IdleReader() {}

    static void run(int seconds) throws Exception {
        Keyctl keys = Keyctl.system();
        KeyId key = keys.add("user", "benchmark-idle", new byte[1], Keyring.USER);
        Asking subscriber = new Asking();
        NotificationFlux.builder().watch(key, 1).build().subscribe(subscriber);
        subscriber.request(1);
        keys.update(key, new byte[1]);
        subscriber.await();

        // Demand without changes.
        subscriber.request(Long.MAX_VALUE / 2);
        Path reader = thread("watchqueue-read");
        settle(reader);
        long before = switches(reader);
        Thread.sleep(seconds * 1000L);
        System.out.println("idle " + (switches(reader) - before));

        // Changes without demand.
        Asking silent = new Asking();
        KeyId other = keys.add("user", "benchmark-unasked", new byte[1], Keyring.USER);
        NotificationFlux.builder().watch(other, 1).build().subscribe(silent);
        settle(reader);
        before = switches(reader);
        for (int i = 0; i < CHANGES; i++) {
            keys.update(other, new byte[1]);
        }
        Thread.sleep(1000);
        System.out.println("unasked " + (switches(reader) - before));
        keys.unlink(key, Keyring.USER);
        keys.unlink(other, Keyring.USER);
        System.exit(0);
    }

    /** Finds a thread by its name, which the kernel cuts off after 15 characters. */
    private static Path thread(String name) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            return threads.filter(thread -> name.equals(line(thread.resolve("comm"), 0)))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private static String line(Path file, int index) {
        try {
            return Files.readAllLines(file).get(index);
        } catch (IOException e) {
            return "";
        }
    }

    /** Waits until the thread sleeps. */
    private static void settle(Path thread) throws Exception {
        long last;
        do {
            last = switches(thread);
            Thread.sleep(500);
        } while (switches(thread) != last);
    }

    /** Returns the number of context switches away from the thread, voluntary or not. */
    private static long switches(Path thread) throws IOException {
        List<String> status = Files.readAllLines(thread.resolve("status"));
        return status.stream()
                .filter(line -> line.contains("ctxt_switches"))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                .sum();
    }

    private static final class Asking extends BaseSubscriber<Notification> {
        private volatile boolean received;

        @Override
        protected void hookOnSubscribe(org.reactivestreams.Subscription subscription) {
            // Requests later.
        }

        @Override
        protected void hookOnNext(Notification notification) {
            received = true;
        }

        void await() throws InterruptedException {
            while (!received) {
                Thread.sleep(1);
            }
        }
    }
}
