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
package io.watchqueue.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.FakeQueues;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyNotification;
import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.internal.Await;
import io.watchqueue.test.FakeKernel;

import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.NonBlocking;
import reactor.test.subscriber.TestSubscriber;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Streams from a {@link FakeKernel}, in which key 1 is watched with the tag 1. */
final class FakeStreams {

    static final Duration SOON = Await.SOON;
    static final Duration QUIET = Duration.ofMillis(50);
    static final String THREAD = "watchqueue-reader";

    final FakeKernel kernel = new FakeKernel();
    private final Set<Thread> readers = ConcurrentHashMap.newKeySet();
    private NotificationReader reader = reader(this::daemon);
    private int prefetch;
    private boolean completing;
    private NotificationRecorder recorder = NotificationRecorder.NONE;

    FakeStreams reader(NotificationReader reader) {
        this.reader = reader;
        return this;
    }

    /** The reader's pause for slow subscribers, instead of its own. */
    FakeStreams pause(Duration pause) {
        return reader(NotificationReader.create(this::daemon, pause.toNanos()));
    }

    FakeStreams prefetch(int notifications) {
        this.prefetch = notifications;
        return this;
    }

    FakeStreams completeWhenUnwatched() {
        this.completing = true;
        return this;
    }

    FakeStreams recorder(NotificationRecorder recorder) {
        this.recorder = recorder;
        return this;
    }

    NotificationReader reader(ThreadFactory threads) {
        return NotificationReader.create(threads);
    }

    NotificationFlux flux() {
        return flux(32);
    }

    NotificationFlux flux(int capacity) {
        return flux(() -> open(capacity));
    }

    /** A stream of queues with these settings. */
    NotificationFlux flux(Supplier<WatchQueue> opener) {
        return new NotificationFlux(opener, settings());
    }

    ReactiveWatchQueue queue() {
        return queue(32);
    }

    /** A queue that is open. */
    ReactiveWatchQueue queue(int capacity) {
        ReactiveWatchQueue queue = queue(() -> open(capacity));
        queue.open().block();
        return queue;
    }

    /** A queue with these settings, opened when it is used. */
    ReactiveWatchQueue queue(Supplier<WatchQueue> opener) {
        return new ReactiveWatchQueue(opener, settings());
    }

    WatchQueue open(int capacity) {
        return FakeQueues.open(kernel, capacity);
    }

    private NotificationSettings settings() {
        return new NotificationSettings(reader, prefetch, completing, recorder);
    }

    /** Posts an update for each of these serials. */
    void post(int from, int to) {
        for (int key = from; key <= to; key++) {
            kernel.post(FakeKernel.key(KeyEvent.UPDATED.ordinal(), key, 0, 1));
        }
    }

    private Thread daemon(Runnable loop) {
        Thread thread = new Marked(loop);
        readers.add(thread);
        return thread;
    }

    /** The number of threads that read for these streams. */
    long readers() {
        return readers.stream().filter(Thread::isAlive).count();
    }

    /** Waits until the reader has come to rest in the kernel. */
    void settle() {
        kernel.settle();
    }

    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        eventually(() -> kernel.open().isEmpty());
        assertThat(kernel.mistakes()).isEmpty();
    }

    static TestSubscriber<Notification> subscribe(Flux<Notification> flux, long demand) {
        TestSubscriber<Notification> subscriber =
                demand == Long.MAX_VALUE
                        ? TestSubscriber.builder().initialRequestUnbounded().build()
                        : TestSubscriber.builder().initialRequest(demand).build();
        flux.subscribe(subscriber);
        return subscriber;
    }

    /** The upstream end of a subscription or a subscriber, to be scanned. */
    static Scannable source(Object end) {
        Scannable last = Scannable.from(end);
        return last.parents().map(Scannable::from).reduce(last, (a, b) -> b);
    }

    static int serial(Notification notification) {
        return ((KeyNotification) notification).serial();
    }

    static List<Integer> range(int from, int to) {
        return Flux.range(from, to - from + 1).collectList().block();
    }

    static void awaitCount(TestSubscriber<Notification> subscriber, int count) {
        eventually(() -> subscriber.getReceivedOnNext().size() >= count);
        assertThat(subscriber.getReceivedOnNext()).hasSize(count);
    }

    static void eventually(BooleanSupplier condition) {
        Await.until("the expected state", condition);
    }

    /** Waits for the end of the threads of that name: then nothing of their streams is open. */
    static void awaitTheEndOf(String reader) {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (thread.getName().equals(reader)) {
                eventually(() -> !thread.isAlive());
            }
        }
    }

    static boolean awaitLatch(CountDownLatch latch) {
        try {
            return latch.await(SOON.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class Marked extends Thread implements NonBlocking {
        Marked(Runnable loop) {
            super(loop, THREAD);
            setDaemon(true);
        }
    }
}
