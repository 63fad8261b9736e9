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

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Updates a key as fast as possible and counts the notifications that arrive. Each process reads
 * several floods. The first is cold: a JVM has seen no event before it.
 */
final class Flood implements Benchmark {

    private static final List<Integer> CAPACITIES = List.of(32, 256, 512);
    private static final int CHANGES = 50_000;
    private static final int FLOODS = 6;
    private static final int NOT_WARM = 3;

    /** The floods of one process. */
    private record Run(List<Outcome> floods) {

        Outcome cold() {
            return floods.get(0);
        }

        /** The median of a figure of the warm floods. */
        double warm(Function<Outcome, Double> figure) {
            return Spread.of(floods.subList(NOT_WARM, FLOODS).stream().map(figure).toList())
                    .median();
        }
    }

    /** The result of one flood. */
    record Outcome(
            double share,
            long losses,
            double perSecond,
            double cpuNanosEach,
            double writerNanosEach) {

        static Outcome of(String line, int changes, long writerNanos) {
            double delivered = value(line, "delivered");
            return new Outcome(
                    delivered / changes,
                    value(line, "losses"),
                    delivered * 1e9 / value(line, "nanos"),
                    value(line, "cpu") / delivered,
                    (double) writerNanos / changes);
        }

        private static long value(String line, String name) {
            return Arrays.stream(line.split(" ", -1))
                    .filter(word -> word.startsWith(name + "="))
                    .map(word -> Long.parseLong(word.substring(name.length() + 1)))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no " + name + " in " + line));
        }
    }

    @Override
    public void run(Settings settings, Report report) {
        int changes = settings.scaled(CHANGES);
        try (Writer writer = new Writer()) {
            for (int capacity : CAPACITIES) {
                Pairs<Run> pairs =
                        Pairs.run(
                                settings.pairs(),
                                () ->
                                        floods(
                                                writer,
                                                changes,
                                                () -> Child.twin("flood", writer.key(), capacity)),
                                () ->
                                        floods(
                                                writer,
                                                changes,
                                                () ->
                                                        Child.measured(
                                                                "flood", writer.key(), capacity)));
                report(report, capacity, pairs);
            }
        }
    }

    private static Run floods(Writer writer, int changes, Supplier<Child> program) {
        try (Child reader = program.get().ready()) {
            List<Outcome> outcomes = new ArrayList<>();
            for (int i = 0; i < FLOODS; i++) {
                outcomes.add(outcome(writer, changes, reader));
            }
            return new Run(outcomes);
        }
    }

    static Outcome outcome(Writer writer, int changes, Child reader) {
        long[] nanos = new long[1];
        String line = writer.flood(changes, reader, spent -> nanos[0] = spent);
        return Outcome.of(line, changes, nanos[0]);
    }

    private static void report(Report report, int capacity, Pairs<Run> pairs) {
        String slots = ", " + capacity + " slots";
        report.add(
                pairs.compared(
                        "cold: delivered" + slots,
                        "share",
                        run -> run.cold().share(),
                        Goal.atLeast(0.97)));
        report.add(
                pairs.compared(
                        "warm: delivered" + slots,
                        "share",
                        run -> run.warm(Outcome::share),
                        Goal.atLeast(1)));
        report.add(
                pairs.compared(
                        "warm: rate" + slots, "1/s", run -> run.warm(Outcome::perSecond), null));
        report.add(
                pairs.compared(
                        "warm: reader's processor time each" + slots,
                        "ns",
                        run -> run.warm(Outcome::cpuNanosEach),
                        null));
        report.add(
                pairs.compared(
                        "writer: time of an update" + slots,
                        "ns",
                        run -> run.warm(Outcome::writerNanosEach),
                        null));
        report.repeated(pairs.repeated);
    }
}
