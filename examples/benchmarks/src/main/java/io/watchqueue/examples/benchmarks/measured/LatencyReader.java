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
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import reactor.core.publisher.BaseSubscriber;

import java.util.concurrent.CountDownLatch;

/** Prints the time of arrival of each change, in nanoseconds of CLOCK_MONOTONIC. */
final class LatencyReader extends BaseSubscriber<Notification> {

    private final long[] arrived;
    private int changes;
    private final CountDownLatch all = new CountDownLatch(1);

    LatencyReader(int changes) {
        this.arrived = new long[changes];
    }

    void run(KeyId key) throws InterruptedException {
        NotificationFlux.builder().watch(key, 1).build().subscribe(this);
        System.out.println("ready");
        all.await();
        StringBuilder lines = new StringBuilder();
        for (long at : arrived) {
            lines.append(at).append('\n');
        }
        System.out.print(lines);
    }

    @Override
    protected void hookOnNext(Notification notification) {
        // HotSpot's nanoTime() is CLOCK_MONOTONIC, as in the writer of twin.c.
        arrived[changes++] = System.nanoTime();
        if (changes == arrived.length) {
            cancel();
            all.countDown();
        }
    }
}
