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
import io.watchqueue.reactor.NotificationFlux;

/**
 * The measured programs, which {@link io.watchqueue.examples.benchmarks.Benchmarks} starts. They
 * print {@code ready} when they are ready for changes, and one line for each figure.
 */
public final class Measured {

    /** Set {@code -Dwarmup=false} to measure programs without the warm-up. */
    private static final boolean WARMUP =
            Boolean.parseBoolean(System.getProperty("warmup", "true"));

    private Measured() {}

    /**
     * Runs one program.
     *
     * @param arguments the name of the program and its arguments, as described in twin.c
     * @throws Exception if it fails
     */
    public static void main(String[] arguments) throws Exception {
        // As in a program that expects a flood, except to measure the first subscription.
        if (!arguments[0].equals("start") && WARMUP) {
            NotificationFlux.warmup().block();
        }
        switch (arguments[0]) {
            case "flood" -> new FloodReader(0).run(key(arguments, 1), number(arguments, 2), 0);
            case "slow" ->
                    new FloodReader(number(arguments, 3))
                            .run(key(arguments, 1), number(arguments, 2), number(arguments, 4));
            case "discarded-code" ->
                    DiscardedCode.run(
                            key(arguments, 1), number(arguments, 2), number(arguments, 3));
            case "latency" -> new LatencyReader(number(arguments, 2)).run(key(arguments, 1));
            case "drain" ->
                    new DrainReader(
                                    key(arguments, 1),
                                    number(arguments, 2),
                                    number(arguments, 3),
                                    number(arguments, 4))
                            .run();
            case "idle" -> IdleReader.run(number(arguments, 1));
            case "scale" -> new ScaleReaders(number(arguments, 1), number(arguments, 2)).run();
            case "open" -> OpenAndClose.run(number(arguments, 1), number(arguments, 2));
            case "start" -> SubscriptionStart.run(number(arguments, 1));
            default -> throw new IllegalArgumentException("no program " + arguments[0]);
        }
    }

    private static int number(String[] arguments, int index) {
        return Integer.parseInt(arguments[index]);
    }

    private static KeyId key(String[] arguments, int index) {
        return KeyId.of(number(arguments, index));
    }
}
