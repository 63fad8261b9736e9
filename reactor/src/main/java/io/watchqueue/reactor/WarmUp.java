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

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;

/**
 * JIT warm-up, see {@link NotificationFlux#warmup()}: rounds of made-up notifications, on a thread
 * of its own. That thread opens what it needs and closes it, and it holds no lock: subscribers that
 * come meanwhile are not held up.
 */
final class WarmUp {

    /**
     * HotSpot's second compiler begins after 5,000 calls and is done before this many rounds are.
     * By then it must have seen subscriptions end; otherwise the first end would discard its code.
     */
    private static final int ROUNDS = 120;

    /** Longer than it took on any busy machine. */
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** The warm-up of this process, under way or done. A failure is not kept. */
    private static final AtomicReference<@Nullable Mono<Void>> CURRENT = new AtomicReference<>();

    private volatile boolean stopped;
    private volatile @Nullable WarmUpRound current;

    private WarmUp() {}

    /** The warm-up, once in a process. */
    static Mono<Void> once() {
        return once(CURRENT, again(ROUNDS, LIMIT));
    }

    /**
     * Subscribers that come while it is under way share it. After a failure the next one tries
     * again.
     */
    static Mono<Void> once(AtomicReference<@Nullable Mono<Void>> current, Mono<Void> warmUp) {
        return Mono.defer(
                () ->
                        current.updateAndGet(
                                running ->
                                        running != null
                                                ? running
                                                : warmUp.doOnError(error -> current.set(null))
                                                        .cache()));
    }

    /** The warm-up, even if it was done before. */
    static Mono<Void> again(int rounds, Duration limit) {
        return Mono.<Void>create(sink -> new WarmUp().start(rounds, sink))
                .timeout(
                        limit,
                        Mono.error(
                                () ->
                                        new IllegalStateException(
                                                "warm up: given up after "
                                                        + limit
                                                        + "; this process has no processor left for it, or"
                                                        + " something else closed its descriptors")));
    }

    private void start(int rounds, MonoSink<Void> sink) {
        sink.onCancel(this::stop);
        ReaderThreads.blockingDaemon(() -> run(rounds, sink), "watchqueue-warmup").start();
    }

    private void run(int rounds, MonoSink<Void> sink) {
        try {
            for (int i = 0; i < rounds; i++) {
                WarmUpRound round = new WarmUpRound(i % 2 == 0, i % 4 < 2);
                current = round;
                // Either this sees that it is to stop, or the thread that stops it sees the round.
                if (stopped) {
                    return;
                }
                round.run();
            }
            sink.success();
        } catch (Throwable e) {
            if (!stopped) {
                sink.error(e);
            }
        }
    }

    private void stop() {
        stopped = true;
        WarmUpRound round = current;
        if (round != null) {
            round.stop();
        }
    }
}
