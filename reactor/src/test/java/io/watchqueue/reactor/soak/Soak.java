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
package io.watchqueue.reactor.soak;

import io.watchqueue.internal.Background;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Many queues at a time, one after another in each of many places, while writers change the keys
 * that they watch.
 */
final class Soak {

    private static final int WRITERS = 8;
    private static final int QUEUES = 64;

    /** An end takes a moment, and up to a minute if something is wrong. */
    private static final long ENDING_SECONDS = 180;

    private final long seed;
    private final Totals totals = new Totals();
    private volatile boolean stopped;

    Soak(long seed) {
        this.seed = seed;
    }

    Totals run(Duration time) throws Exception {
        Ticks ticks = new Ticks();
        Random random = new Random(seed);
        try (Keys keys = new Keys(ticks)) {
            List<Writer> writers = new ArrayList<>();
            List<CompletableFuture<Void>> writing = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
                writers.add(new Writer("writer " + i, keys, random.nextLong()));
            }
            writers.forEach(writer -> writing.add(Background.run(writer)));
            List<CompletableFuture<Void>> places = new ArrayList<>();
            for (int i = 0; i < QUEUES; i++) {
                Random ofPlace = new Random(random.nextLong());
                String name = "soak-" + i;
                places.add(Background.run(() -> runSessions(name, keys, ticks, ofPlace)));
            }
            CompletableFuture<Void> failure = anyFailure(places, writing);
            try {
                failure.get(time.toSeconds(), TimeUnit.SECONDS);
            } catch (TimeoutException timeIsOver) {
                // as it should be
            }
            stopped = true;
            // Some queues wait for the end of their keys.
            writers.forEach(Writer::stop);
            allOf(places).get(ENDING_SECONDS, TimeUnit.SECONDS);
            allOf(writing).get(ENDING_SECONDS, TimeUnit.SECONDS);
            writers.forEach(writer -> totals.changes(writer.changes()));
        }
        return totals;
    }

    private void runSessions(String place, Keys keys, Ticks ticks, Random random) {
        for (int number = 0; !stopped; number++) {
            String name = place + "-" + number;
            try {
                totals.add(new Session(name, keys, ticks, random, () -> !stopped).run());
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private static CompletableFuture<Void> allOf(List<CompletableFuture<Void>> all) {
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new));
    }

    /** Fails when the first of them fails; never completes otherwise. */
    private static CompletableFuture<Void> anyFailure(
            List<CompletableFuture<Void>> some, List<CompletableFuture<Void>> others) {
        CompletableFuture<Void> failure = new CompletableFuture<>();
        for (List<CompletableFuture<Void>> all : List.of(some, others)) {
            for (CompletableFuture<Void> one : all) {
                var unused =
                        one.whenComplete(
                                (nothing, thrown) -> {
                                    if (thrown != null) {
                                        failure.completeExceptionally(thrown);
                                    }
                                });
            }
        }
        return failure;
    }
}
