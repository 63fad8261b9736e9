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
import io.watchqueue.reactor.NotificationReader;

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.BaseSubscriber;

import java.util.concurrent.Semaphore;

/**
 * Measures the processor time of a reader's thread for a change, when its queue is the only one and
 * when it is one of many. Two readers run side by side and take turns, with the same number of
 * changes each.
 */
final class ScaleReaders {

    private static final int ROUNDS = 12;
    private static final int NOT_COUNTED = 4;

    private final int queues;
    private final int changes;
    private final Keyctl keys = Keyctl.system();

    ScaleReaders(int queues, int changes) {
        this.queues = queues;
        this.changes = changes;
    }

    void run() {
        KeyId silent = keys.add("user", "benchmark-silent", new byte[1], Keyring.USER);
        KeyId busy = keys.add("user", "benchmark-busy", new byte[1], Keyring.USER);
        NotificationReader alone = NotificationReader.create("alone");
        NotificationReader shared = NotificationReader.create("shared");
        for (int i = 1; i < queues; i++) {
            NotificationFlux.builder()
                    .capacity(32)
                    .watch(silent)
                    .reader(shared)
                    .build()
                    .subscribe();
        }
        for (int round = 0; round < ROUNDS; round++) {
            long single = perChange(busy, alone);
            long amongMany = perChange(busy, shared);
            if (round >= NOT_COUNTED) {
                System.out.println(single + " " + amongMany);
            }
        }
        keys.unlink(silent, Keyring.USER);
        keys.unlink(busy, Keyring.USER);
        System.exit(0);
    }

    private long perChange(KeyId key, NotificationReader reader) {
        Arrivals arrivals = new Arrivals();
        NotificationFlux flux = NotificationFlux.builder().watch(key).reader(reader).build();
        flux.subscribe(arrivals);
        byte[] payload = new byte[1];
        long before = 0;
        for (int i = 0; i <= changes; i++) {
            keys.update(key, payload);
            arrivals.next.acquireUninterruptibly();
            if (i == 0) {
                before = ThreadTimes.cpuNanos(arrivals.thread());
            }
        }
        long after = ThreadTimes.cpuNanos(arrivals.thread());
        arrivals.cancel();
        flux.dispose();
        flux.onDispose().block();
        return (after - before) / changes;
    }

    private static final class Arrivals extends BaseSubscriber<Notification> {
        private final Semaphore next = new Semaphore(0);
        private volatile @Nullable Thread reader;

        @Override
        protected void hookOnNext(Notification notification) {
            reader = Thread.currentThread();
            next.release();
        }

        Thread thread() {
            Thread current = reader;
            if (current == null) {
                throw new IllegalStateException("no notification has arrived yet");
            }
            return current;
        }
    }
}
