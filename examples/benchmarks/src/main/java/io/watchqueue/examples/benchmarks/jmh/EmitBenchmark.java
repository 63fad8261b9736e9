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
package io.watchqueue.examples.benchmarks.jmh;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * The whole way of a notification in this process: read, decoded, and emitted to a subscriber that
 * keeps it for a while. Needs a preloaded pipe_shim.c, whose pipe it fills before each invocation.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EmitBenchmark {

    private static final int UPDATES = 256;
    private static final int NOTIFICATIONS = UPDATES * 256;

    private final Keyctl keys = Keyctl.system();
    private final KeyId key = KeyId.of(1000);
    private final NotificationFlux changes = NotificationFlux.builder().watch(key).build();
    private final Keeper keeper = new Keeper();

    /** Subscribes. */
    @Setup
    public void subscribe() {
        changes.subscribe(keeper);
    }

    /** Fills the pipe. */
    @Setup(Level.Invocation)
    public void fill() {
        byte[] payload = new byte[1];
        for (int i = 0; i < UPDATES; i++) {
            keys.update(key, payload);
        }
    }

    /** Requests all notifications. */
    @Benchmark
    @OperationsPerInvocation(NOTIFICATIONS)
    public void emit() {
        keeper.request(NOTIFICATIONS);
        keeper.all.acquireUninterruptibly();
    }

    /** Ends the subscription. */
    @TearDown
    public void dispose() {
        changes.dispose();
    }

    private static final class Keeper extends BaseSubscriber<Notification> {
        private final Notification[] last = new Notification[512];
        private final Semaphore all = new Semaphore(0);
        private int count;

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            // Each invocation requests.
        }

        @Override
        protected void hookOnNext(Notification notification) {
            last[count & last.length - 1] = notification;
            if (++count == NOTIFICATIONS) {
                count = 0;
                all.release();
            }
        }
    }
}
