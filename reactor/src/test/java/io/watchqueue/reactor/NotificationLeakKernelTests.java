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

import io.watchqueue.KeyId;
import io.watchqueue.TestWatches;
import io.watchqueue.internal.Background;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.Disposable;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** Nothing is left in the kernel of a subscription, however it ended. */
@Timeout(600)
class NotificationLeakKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int SUBSCRIBERS = 2;

    private final TestKeys test = new TestKeys();

    @AfterEach
    void removeKeys() {
        test.close();
    }

    @Test
    void subscriptionsCancelledByRacingThreadsLeaveNothing() throws Exception {
        subscribeAndCancel(500);
    }

    @Test
    @Tag("proof")
    void tenThousandSubscriptionsCancelledByRacingThreadsLeaveNothing() throws Exception {
        subscribeAndCancel(10_000);
    }

    private void subscribeAndCancel(int subscriptions) throws Exception {
        int cycles = subscriptions / SUBSCRIBERS;
        List<KeyId> many = TestWatches.keys(test.keys, test.keyring);
        KeyId key = test.add("token");
        NotificationFlux.builder().watch(key).build().take(0).blockLast(SOON);
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
        long watches = TestWatches.thatFit(many);
        long descriptors = TestProcess.descriptors();
        NotificationFlux flux =
                NotificationFlux.builder().capacity(32).watch(key).watch(test.keyring, 1).build();
        AtomicInteger subscribed = new AtomicInteger();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<CompletableFuture<Void>> threads = new ArrayList<>();
        for (int i = 0; i < SUBSCRIBERS; i++) {
            BlockingQueue<Disposable> handover = new ArrayBlockingQueue<>(4);
            threads.add(
                    Background.run(
                            () -> {
                                for (int cycle = 0; cycle < cycles; cycle++) {
                                    Disposable subscription =
                                            flux.subscribe(notification -> {}, failure::set);
                                    subscribed.incrementAndGet();
                                    if (cycle % 3 == 0) {
                                        subscription.dispose();
                                    }
                                    put(handover, subscription);
                                }
                            }));
            threads.add(
                    Background.run(
                            () -> {
                                for (int cycle = 0; cycle < cycles; cycle++) {
                                    test.post(key, 1);
                                    take(handover).dispose();
                                }
                            }));
        }
        for (CompletableFuture<Void> thread : threads) {
            thread.get(500, TimeUnit.SECONDS);
        }
        flux.dispose();
        flux.onDispose().block(SOON);
        assertThat(failure.get()).isNull();
        assertThat(subscribed).hasValue(subscriptions);
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptors);
        assertThat(TestWatches.thatFit(many)).isEqualTo(watches);
    }

    private static void put(BlockingQueue<Disposable> queue, Disposable subscription) {
        try {
            queue.put(subscription);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Disposable take(BlockingQueue<Disposable> queue) {
        try {
            return queue.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aProcessThatIsKilledWhileItIsSubscribedLeavesNothing() throws Exception {
        endWhileItIsSubscribed(true);
    }

    @Test
    @Tag("proof")
    void aProcessWhoseMainEndsWhileItIsSubscribedLeavesNothing() throws Exception {
        endWhileItIsSubscribed(false);
    }

    private void endWhileItIsSubscribed(boolean killed) throws Exception {
        List<KeyId> many = TestWatches.keys(test.keys, test.keyring);
        KeyId key = test.add("token");
        long watches = TestWatches.thatFit(many);
        String usage = usage(key);
        Process child =
                new ProcessBuilder(TestProcess.java(SubscribedProgram.class, key))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        try (BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            assertThat(output.readLine()).isEqualTo("subscribed");
            assertThat(TestWatches.thatFit(many)).isEqualTo(watches - SubscribedProgram.WATCHES);
            test.post(key, 1);
            assertThat(output.readLine()).contains("SETATTR");
            if (killed) {
                child.destroyForcibly(); // SIGKILL
            } else {
                child.getOutputStream().close();
            }
            assertThat(child.waitFor(120, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).isEqualTo(killed ? 128 + 9 : 0);
        }
        assertThat(TestWatches.thatFit(many)).isEqualTo(watches);
        // Counted down a moment later, as the watches are.
        FakeStreams.eventually(() -> usage(key).equals(usage));
        // Posting to the keys that it watched works as before.
        test.post(key, 1);
    }

    /** The number of a key's references in /proc/keys. */
    private static String usage(KeyId key) {
        String serial = String.format(Locale.ROOT, "%08x", key.value());
        try (Stream<String> lines = Files.lines(Path.of("/proc/keys"))) {
            return lines.filter(line -> line.startsWith(serial))
                    .map(line -> line.split(" +", -1)[2])
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
