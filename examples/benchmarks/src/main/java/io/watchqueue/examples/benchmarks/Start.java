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
import java.util.stream.Stream;

/** How long it takes until a watch is placed. */
final class Start implements Benchmark {

    private static final int TIMES = 400;

    @Override
    public void run(Settings settings, Report report) {
        int times = settings.scaled(TIMES) + 1;
        List<Long> load = new ArrayList<>();
        List<Long> first = new ArrayList<>();
        List<Double> again = new ArrayList<>();
        for (int i = 0; i < settings.pairs(); i++) {
            try (Child program = Child.measured("start", times)) {
                load.add(program.number("load ") / 1_000);
                first.add(program.number("first ") / 1_000);
                List<Long> all =
                        Stream.generate(() -> program.number("again ")).limit(times - 1L).toList();
                again.add(Spread.of(all.subList(all.size() / 2, all.size())).median() / 1_000);
            }
        }
        report.add(Figure.alone("load the library and JNA", "us", load, null));
        report.add(Figure.alone("first subscribe of a JVM, to placed watch", "us", first, null));
        report.add(
                Figure.alone("subscribe, warm, to placed watch", "us", again, Goal.atMost(5_000)));
    }
}
