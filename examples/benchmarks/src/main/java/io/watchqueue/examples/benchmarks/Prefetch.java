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
 * A flood for a reader that does some work for each notification, more than the kernel's queue
 * makes up for: in C in the loop that reads, here on a thread of its own after a prefetch.
 */
final class Prefetch implements Benchmark {

    private static final int CHANGES = 30_000;

    /** Twice what an update takes the writer. */
    private static final double WORK = 2;

    @Override
    public void run(Settings settings, Report report) {
        int changes = settings.scaled(CHANGES);
        try (Writer writer = new Writer()) {
            int work = (int) (WORK * updateNanos(writer, changes));
            Pairs<Flood.Outcome> pairs =
                    Pairs.run(
                            settings.pairs(),
                            () ->
                                    slow(
                                            writer,
                                            changes,
                                            Child.twin("slow", writer.key(), 512, work)),
                            () ->
                                    slow(
                                            writer,
                                            changes,
                                            Child.measured(
                                                    "slow", writer.key(), 512, work, changes)));
            report.add(Figure.alone("work for each", "ns", List.of(work), null));
            report.add(
                    pairs.compared(
                            "delivered, 512 slots, prefetch here",
                            "share",
                            Flood.Outcome::share,
                            null));
            report.add(
                    Figure.alone(
                            "C: losses",
                            "",
                            pairs.others.stream().map(Flood.Outcome::losses).toList(),
                            null));
            report.add(
                    Figure.alone(
                            "losses with prefetch",
                            "",
                            pairs.measured.stream().map(Flood.Outcome::losses).toList(),
                            Goal.atMost(0)));
            report.repeated(pairs.repeated);
        }
    }

    private static double updateNanos(Writer writer, int changes) {
        try (Child reader = Child.twin("flood", writer.key(), 512).ready()) {
            return Flood.outcome(writer, changes, reader).writerNanosEach();
        }
    }

    private static Flood.Outcome slow(Writer writer, int changes, Child reader) {
        try (reader) {
            return Flood.outcome(writer, changes, reader.ready());
        }
    }
}
