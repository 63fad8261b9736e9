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
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.TestWatches;
import io.watchqueue.WatchQueue;
import io.watchqueue.internal.Background;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import reactor.core.Disposable;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/** The behaviour of running and new streams when the machine refuses calls or disturbs them. */
@Timeout(300)
class NotificationFaultsKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int SOMEBODY = 4321;

    private final TestKeys test = new TestKeys();
    private final KeyId key = test.add("token");
    private final BlockingQueue<Notification> received = new LinkedBlockingQueue<>();
    private final AtomicReference<Throwable> error = new AtomicReference<>();

    @AfterEach
    void removeKeys() {
        test.close();
    }

    private Notification next() throws InterruptedException {
        return received.poll(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    /** Events that are posted now are received, and nothing else was. */
    private void assertThatItGoesOn() {
        test.update(key);
        try {
            assertThat(next()).isEqualTo(new KeyNotification(KeyEvent.UPDATED, key, 0));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        assertThat(error.get()).isNull();
    }

    /** They interrupt the reader while it waits and while it reads. */
    @Test
    void aStormOfSignalsLosesNothing() throws Exception {
        int changes = 5_000;
        List<KeyId> members = test.add(16);
        Disposable stream =
                NotificationFlux.builder()
                        .watch(test.keyring)
                        .build()
                        .subscribe(received::add, error::set);
        long reader =
                Long.parseLong(TestProcess.thread(FakeStreams.THREAD).getFileName().toString());
        AtomicBoolean calm = new AtomicBoolean();
        CompletableFuture<Integer> storm =
                Background.get(
                        () -> {
                            int signals = 0;
                            while (!calm.get()) {
                                TestProcess.disturb(reader);
                                signals++;
                                Thread.onSpinWait();
                            }
                            return signals;
                        });
        try {
            for (int posted = 0, taken = 0; taken < changes; ) {
                // Always some in the queue, and never too many.
                while (posted < changes && posted < taken + 100) {
                    test.keys.link(members.get(posted++ % members.size()), test.keyring);
                }
                int member = members.get(taken++ % members.size()).value();
                assertThat(next())
                        .isEqualTo(
                                new KeyNotification(
                                        KeyEvent.LINKED, test.keyring.value(), member, 0));
            }
        } finally {
            calm.set(true);
        }
        assertThat(storm.get(SOON.toSeconds(), TimeUnit.SECONDS)).isGreaterThan(1_000);
        assertThat(error.get()).isNull();
        assertThat(received).isEmpty();
        stream.dispose();
    }

    @Test
    void withoutDescriptorsNewStreamsAreRefusedAndRunningOnesGoOn() throws Exception {
        List<KeyId> many = TestWatches.keys(test.keys, test.keyring);
        // Loads what an error needs: without descriptors no class can be loaded.
        long watches = TestWatches.thatFit(many);
        long descriptors = TestProcess.descriptors();
        NotificationFlux flux = NotificationFlux.builder().watch(key).build();
        flux.subscribe(received::add, error::set);
        NotificationFlux others = NotificationFlux.builder().watch(test.keyring).build();
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        int[] opened = new int[1];
        TestProcess.withOpenFiles(
                descriptors + 40,
                () -> {
                    try {
                        while (refusal.get() == null && opened[0] < 100) {
                            others.subscribe(notification -> {}, refusal::set);
                            opened[0]++;
                        }
                        assertThatItGoesOn();
                    } finally {
                        // Also because resetting the limit takes a process.
                        others.dispose();
                        others.onDispose().block(SOON);
                    }
                });
        assertThat(refusal.get())
                .isInstanceOf(ResourceLimitException.class)
                .hasMessageContainingAll("EMFILE", "ulimit -n");
        assertThat(opened[0]).isBetween(10, 40);
        flux.subscribe(notification -> {}, error::set);
        assertThatItGoesOn();
        flux.dispose();
        flux.onDispose().block(SOON);
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptors);
        assertThat(TestWatches.thatFit(many)).isEqualTo(watches);
    }

    /** There are descriptors for a queue, but not for its reader's selector. */
    @Test
    void aReaderThatLacksDescriptorsIsAnErrorAndLeavesNothing() throws Exception {
        TestWatches.thatFit(TestWatches.keys(test.keys, test.keyring));
        NotificationFlux flux =
                NotificationFlux.builder()
                        .watch(key)
                        .reader(NotificationReader.create("a reader of its own"))
                        .build();
        flux.take(0).blockLast(SOON);
        flux.subscribe().dispose();
        FakeStreams.awaitTheEndOf("a reader of its own");
        long descriptors = TestProcess.descriptors();
        List<WatchQueue> queues = new ArrayList<>();
        TestProcess.withOpenFiles(
                descriptors + 20,
                () -> {
                    try {
                        assertThatThrownBy(
                                        () -> {
                                            while (queues.size() < 100) {
                                                queues.add(WatchQueue.open());
                                            }
                                        })
                                .isInstanceOf(ResourceLimitException.class);
                        queues.remove(0).close();
                        flux.subscribe(received::add, error::set);
                    } finally {
                        queues.forEach(WatchQueue::close);
                    }
                });
        assertThat(error.getAndSet(null))
                .isInstanceOf(ResourceLimitException.class)
                .hasMessageContaining("EMFILE");
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptors);
        Disposable stream = flux.subscribe(received::add, error::set);
        assertThatItGoesOn();
        stream.dispose();
    }

    @Test
    void atTheLimitOfWatchesAnotherIsRefusedAndTheOthersGoOn() throws Exception {
        List<KeyId> many = test.add(150);
        ReactiveWatchQueue queue = NotificationFlux.builder().watch(key).queue();
        queue.receive().subscribe(received::add, error::set);
        TestProcess.withOpenFiles(
                120,
                () -> {
                    assertThatThrownBy(() -> many.forEach(one -> queue.watch(one, 1).block(SOON)))
                            .isInstanceOfSatisfying(
                                    ResourceLimitException.class,
                                    e -> assertThat(e.limit()).isEqualTo("RLIMIT_NOFILE"));
                    assertThatItGoesOn();
                    queue.unwatch(many.get(0)).block(SOON);
                    queue.watch(many.get(149), 2).block(SOON);
                });
        assertThat(next()).isEqualTo(new RemovalNotification(many.get(0), 1));
        test.update(many.get(149));
        assertThat(next()).isEqualTo(new KeyNotification(KeyEvent.UPDATED, many.get(149), 2));
        queue.dispose();
        queue.onDispose().block(SOON);
    }

    @ParameterizedTest
    @CsvSource({"fs.pipe-user-pages-hard, ENFILE", "fs.pipe-user-pages-soft, EPERM"})
    void atALimitOfPipePagesNewStreamsAreRefusedAndRunningOnesGoOn(String sysctl, String errno)
            throws Exception {
        test.post(key, 1); // which lets others view it
        NotificationFlux flux = NotificationFlux.builder().watch(key).build();
        TestProcess.as(SOMEBODY, () -> flux.subscribe(received::add, error::set));
        AtomicReference<Throwable> refusal = new AtomicReference<>();
        TestProcess.withSysctl(
                sysctl,
                20,
                () -> {
                    // The second one reaches either limit.
                    TestProcess.as(
                            SOMEBODY,
                            () -> {
                                flux.subscribe(ignored -> {}, refusal::set);
                                flux.subscribe(ignored -> {}, refusal::set);
                            });
                    assertThatItGoesOn();
                });
        assertThat(refusal.get())
                .isInstanceOf(ResourceLimitException.class)
                .hasMessageContainingAll(errno, sysctl);
        TestProcess.as(SOMEBODY, () -> flux.subscribe(ignored -> {}, error::set));
        assertThatItGoesOn();
        flux.dispose();
        flux.onDispose().block(SOON);
    }

    @ParameterizedTest(name = "by {0} s")
    @ValueSource(longs = {3_600, -3_600})
    void aStepOfTheClockEndsNoWaitEarlyAndProlongsNone(long seconds) throws Exception {
        assumeThat(TestProcess.isOnTheTestKernel())
                .as("not on a machine that others use: the clock is everybody's")
                .isTrue();
        NotificationFlux flux = NotificationFlux.builder().watch(key).build();
        flux.subscribe(received::add, error::set);
        KeyId other = test.add("other");
        try (WatchQueue longer = WatchQueue.builder().watch(other, 0).open();
                WatchQueue shorter = WatchQueue.open()) {
            CompletableFuture<Long> thread = new CompletableFuture<>();
            CompletableFuture<Notification> patient =
                    Background.get(
                            () -> {
                                thread.complete(TestProcess.threadId());
                                return longer.read(Duration.ofMinutes(30));
                            });
            CompletableFuture<Notification> brief =
                    Background.get(() -> shorter.read(Duration.ofSeconds(2)));
            TestProcess.withClockStep(
                    Duration.ofSeconds(seconds),
                    () -> {
                        assertThatItGoesOn();
                        assertThat(brief.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join())
                                .isNull();
                        // Makes it compute the time that is left.
                        TestProcess.disturb(thread.join());
                        assertThat(patient).isNotDone();
                        test.update(other);
                        assertThat(patient.orTimeout(SOON.toSeconds(), TimeUnit.SECONDS).join())
                                .isNotNull();
                    });
            assertThatItGoesOn();
        }
        flux.dispose();
        flux.onDispose().block(SOON);
    }
}
