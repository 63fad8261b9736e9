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

/** What the reader's thread does while nothing happens, or nobody asks: nothing. */
final class Idle implements Benchmark {

    private static final int SECONDS = 10;

    @Override
    public void run(Settings settings, Report report) {
        int seconds = settings.scaled(SECONDS);
        List<Long> idle = new ArrayList<>();
        List<Long> unasked = new ArrayList<>();
        for (int i = 0; i < settings.pairs(); i++) {
            try (Child program = Child.measured("idle", seconds)) {
                idle.add(program.number("idle "));
                unasked.add(program.number("unasked "));
            }
        }
        report.add(
                Figure.alone(
                        "runs of the reader in " + seconds + " s without a change",
                        "",
                        idle,
                        Goal.atMost(0)));
        report.add(
                Figure.alone(
                        "runs of the reader in 100 changes without demand",
                        "",
                        unasked,
                        Goal.atMost(0)));
    }
}
