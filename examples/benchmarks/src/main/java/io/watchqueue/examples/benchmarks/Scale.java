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

/** The cost of many queues. */
final class Scale implements Benchmark {

    private static final int QUEUES = 1_000;
    private static final int CHANGES = 2_000;
    private static final int ROUNDS = 8;
    private static final int OPENED = 5;
    private static final int NOT_WARM = 2;

    @Override
    public void run(Settings settings, Report report) {
        int queues = settings.scaled(QUEUES);
        int changes = settings.scaled(CHANGES);
        Runs<List<String[]>> busy = Runs.of(settings.pairs(), done -> changed(queues, changes));
        report.add(
                Figure.compared(
                        "change in 1 of " + queues + " queues; C is: of 1",
                        "ns",
                        busy.figures(run -> median(run, 0)),
                        busy.figures(run -> median(run, 1)),
                        Goal.atMost(1.1)));

        int few = Math.max(1, queues / 4);
        Pairs<List<String[]>> pairs =
                Pairs.run(settings.pairs(), () -> opened(few), () -> opened(queues));
        String many = queues + " queues, each; C is: " + few;
        report.add(pairs.compared("open " + many, "ns", run -> median(run, 0), Goal.atMost(1.2)));
        report.add(pairs.compared("close " + many, "ns", run -> median(run, 1), Goal.atMost(1.2)));
        report.add(
                Figure.alone(
                        "memory of a queue in this process",
                        "bytes",
                        pairs.measured.stream().map(run -> median(run, 2)).toList(),
                        Goal.atMost(16 * 1024)));
        report.repeated(busy.repeated() + pairs.repeated);
    }

    private static List<String[]> changed(int queues, int changes) {
        try (Child program = Child.measured("scale", queues, changes)) {
            return split(program.lines(ROUNDS));
        }
    }

    private static List<String[]> opened(int queues) {
        try (Child program = Child.measured("open", queues, OPENED)) {
            return split(program.lines(OPENED)).subList(NOT_WARM, OPENED);
        }
    }

    private static List<String[]> split(List<String> lines) {
        return lines.stream().map(line -> line.split(" ")).toList();
    }

    private static double median(List<String[]> rows, int column) {
        return Spread.of(rows.stream().map(row -> Double.valueOf(row[column])).toList()).median();
    }
}
