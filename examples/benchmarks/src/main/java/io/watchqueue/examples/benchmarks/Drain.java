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
import java.util.stream.IntStream;

/**
 * The speed at which a full queue is read, decoded and delivered, while there is no writer.
 *
 * @param posts the number of updates that fill the queue
 * @param each the number of notifications for each update
 * @param rounds how often the queue is filled
 */
record Drain(int posts, int each, int rounds) implements Benchmark {

    /** Otherwise page faults of the heap would take longer than all the rest. */
    private static final List<String> JVM = List.of("-XX:+AlwaysPreTouch");

    /** A kernel queue of 512 slots. */
    static Drain ofQueue() {
        return new Drain(512, 1, 600);
    }

    /** An ordinary pipe of 1 MiB, see pipe_shim.c, whose pages hold 256 notifications. */
    static Drain ofPipe() {
        return new Drain(256, 256, 600);
    }

    private record Round(double nanosEach, double bytesEach) {}

    @Override
    public void run(Settings settings, Report report) {
        int count = settings.scaled(rounds);
        try (Writer writer = new Writer()) {
            Pairs<Round> pairs =
                    Pairs.run(
                            settings.pairs(),
                            () ->
                                    round(
                                            Child.twin("drain", writer.key(), posts, each, count),
                                            count),
                            () ->
                                    round(
                                            Child.measuredIn(
                                                    JVM, "drain", writer.key(), posts, each, count),
                                            count));
            report.add(
                    pairs.compared(
                            "notifications taken out",
                            "1/s",
                            round -> 1e9 / round.nanosEach(),
                            Goal.atLeast(0.8)));
            report.add(pairs.compared("time of one", "ns", Round::nanosEach, null));
            report.add(
                    Figure.alone(
                            "allocated for one",
                            "bytes",
                            pairs.measured.stream().map(Round::bytesEach).toList(),
                            Goal.atMost(32.5)));
            report.repeated(pairs.repeated);
        }
    }

    /** The medians of the second half of the rounds, when the JVM is warm. */
    private Round round(Child program, int count) {
        try (program) {
            List<String[]> warm =
                    program.lines(count).stream()
                            .skip(count / 2)
                            .map(line -> line.split(" "))
                            .toList();
            return new Round(median(warm, 0), warm.get(0).length > 1 ? median(warm, 1) : 0);
        }
    }

    private double median(List<String[]> rounds, int column) {
        List<Double> values =
                IntStream.range(0, rounds.size())
                        .mapToObj(i -> Double.valueOf(rounds.get(i)[column]))
                        .toList();
        return Spread.of(values).median() / (posts * each);
    }
}
