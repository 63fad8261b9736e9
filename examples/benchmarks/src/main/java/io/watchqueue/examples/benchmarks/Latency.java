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
import java.util.List;
import java.util.function.Supplier;

/**
 * Single changes while the reader sleeps: the time from just before keyctl(2) until the program has
 * the notification.
 */
final class Latency implements Benchmark {

    private static final int CHANGES = 2_000;
    private static final int NOT_WARM = 1_000;
    private static final int INTERVAL_MICROS = 2_000;

    @Override
    public void run(Settings settings, Report report) {
        int changes = settings.scaled(CHANGES);
        int notWarm = settings.scaled(NOT_WARM);
        try (Writer writer = new Writer()) {
            Supplier<List<Long>> library =
                    () ->
                            nanos(
                                    writer,
                                    Child.measured("latency", writer.key(), changes),
                                    changes,
                                    notWarm);
            Pairs<List<Long>> pairs =
                    Pairs.run(
                            settings.pairs(),
                            () ->
                                    nanos(
                                            writer,
                                            Child.twin("latency", writer.key(), changes),
                                            changes,
                                            notWarm),
                            library);
            report.add(
                    pairs.compared(
                            "median", "ns", run -> Spread.quantileOf(run, 0.5), Goal.atMost(1.1)));
            report.add(
                    pairs.compared(
                            "99th percentile",
                            "ns",
                            run -> Spread.quantileOf(run, 0.99),
                            Goal.atMost(1.5)));
            report.repeated(pairs.repeated);

            Pairs<List<Long>> keyctl =
                    Pairs.run(
                            settings.pairs(),
                            () ->
                                    nanos(
                                            writer,
                                            Child.twin("lines", writer.key(), changes),
                                            changes,
                                            notWarm),
                            library);
            report.add(
                    keyctl.compared(
                            "median; C reads keyctl watch",
                            "ns",
                            run -> Spread.quantileOf(run, 0.5),
                            Goal.atMost(0.6)));
            report.repeated(keyctl.repeated);
        }
    }

    private static List<Long> nanos(Writer writer, Child program, int changes, int notWarm) {
        try (Child reader = program.ready()) {
            List<Long> began = writer.pace(changes, INTERVAL_MICROS);
            List<Long> nanos = new ArrayList<>();
            for (int i = 0; i < changes; i++) {
                long taken = Long.parseLong(reader.line()) - began.get(i);
                if (i >= notWarm) {
                    nanos.add(taken);
                }
            }
            return nanos;
        }
    }
}
