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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

import java.io.IOException;

/** Counts the notifications of each flood, up to the change of permissions that marks its end. */
final class FloodReader extends BaseSubscriber<Notification> {

    private final long workNanos;
    private long delivered;
    private long losses;
    private long firstAt;
    private long cpuAtFirst;

    FloodReader(long workNanos) {
        this.workNanos = workNanos;
    }

    /**
     * Runs the reader. With a prefetch, the work is done on another thread, as a program that needs
     * a prefetch would do.
     */
    void run(KeyId key, int capacity, int prefetch) throws IOException {
        Flux<Notification> changes =
                NotificationFlux.builder()
                        .capacity(capacity)
                        .watch(key, 1)
                        .prefetch(prefetch)
                        .build();
        if (prefetch > 0) {
            changes = changes.publishOn(Schedulers.newSingle("worker", true));
        }
        ThreadTimes.cpuNanos(); // loads its classes, which are not to be measured
        changes.subscribe(this);
        System.out.println("ready");
        while (System.in.read() != -1) {
            // Wait for the end of standard input.
        }
    }

    @Override
    protected void hookOnNext(Notification notification) {
        if (notification instanceof LossNotification) {
            losses++;
        } else if (notification instanceof KeyNotification change) {
            if (change.event() == KeyEvent.UPDATED) {
                if (delivered++ == 0) {
                    firstAt = System.nanoTime();
                    cpuAtFirst = ThreadTimes.cpuNanos();
                }
                work();
            } else if (change.event() == KeyEvent.SETATTR && delivered > 0) {
                printFlood();
            }
        }
    }

    private void work() {
        if (workNanos > 0) {
            long end = System.nanoTime() + workNanos;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
        }
    }

    private void printFlood() {
        long nanos = System.nanoTime() - firstAt;
        long cpu = ThreadTimes.cpuNanos() - cpuAtFirst;
        System.out.println(
                "delivered=" + delivered + " losses=" + losses + " nanos=" + nanos + " cpu=" + cpu);
        delivered = 0;
        losses = 0;
    }

    @Override
    protected void hookOnError(Throwable error) {
        error.printStackTrace();
        System.exit(1);
    }
}
