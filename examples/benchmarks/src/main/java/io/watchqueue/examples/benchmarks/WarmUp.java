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

/**
 * Counts how often HotSpot discards compiled code of the library in a first flood, because the
 * warm-up lacked something that happens there.
 */
final class WarmUp implements Benchmark {

    /** Not scaled, because only a long flood shows what is discarded. */
    private static final int CHANGES = 50_000;

    private static final List<Integer> CAPACITIES = List.of(32, 512);

    @Override
    public void run(Settings settings, Report report) {
        try (Writer writer = new Writer()) {
            for (int capacity : CAPACITIES) {
                count(writer, capacity, 0, settings, report);
            }
            count(writer, 512, CHANGES, settings, report);
        }
    }

    private static void count(
            Writer writer, int capacity, int prefetch, Settings settings, Report report) {
        Runs<List<String>> runs =
                Runs.of(settings.pairs(), done -> discardedCode(writer, capacity, prefetch));
        String what = "discarded, " + capacity + " slots" + (prefetch == 0 ? "" : ", prefetch");
        // With a prefetch, the code that runs once a turn does more than in the warm-up.
        Goal goal = prefetch == 0 ? Goal.atMost(0) : null;
        report.add(Figure.alone(what, "", runs.figures(List::size), goal));
        runs.figures(run -> String.join(" ", run)).stream()
                .filter(run -> !run.isEmpty())
                .forEach(run -> System.err.println("    " + run));
        report.repeated(runs.repeated());
    }

    private static List<String> discardedCode(Writer writer, int capacity, int prefetch) {
        try (Child reader =
                Child.measured("discarded-code", writer.key(), capacity, prefetch).ready()) {
            writer.flood(CHANGES, reader, nanos -> {});
            reader.endInput();
            return reader.lines((int) reader.number("places "));
        }
    }
}
