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
package io.watchqueue.examples.benchmarks;

import java.util.List;
import java.util.stream.Stream;

/** The time until a watch is placed. */
final class Start implements Benchmark {

    private static final int TIMES = 400;

    /** In microseconds. */
    private record Outcome(long load, long first, double again) {}

    @Override
    public void run(Settings settings, Report report) {
        int times = settings.scaled(TIMES);
        Runs<Outcome> runs = Runs.of(settings.pairs(), done -> start(times));
        report.add(
                Figure.alone("load the library and JNA", "us", runs.figures(Outcome::load), null));
        report.add(
                Figure.alone(
                        "first subscribe of a JVM, to placed watch",
                        "us",
                        runs.figures(Outcome::first),
                        null));
        report.add(
                Figure.alone(
                        "subscribe, warm, to placed watch",
                        "us",
                        runs.figures(Outcome::again),
                        Goal.atMost(5_000)));
        report.repeated(runs.repeated());
    }

    private static Outcome start(int times) {
        try (Child program = Child.measured("start", times + 1)) {
            long load = program.number("load ");
            long first = program.number("first ");
            List<Long> again =
                    Stream.generate(() -> program.number("again ")).limit(times).toList();
            return new Outcome(
                    load / 1_000,
                    first / 1_000,
                    Spread.of(again.subList(times / 2, times)).median() / 1_000);
        }
    }
}
