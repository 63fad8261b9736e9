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

/** Shows that the reader's thread does nothing while there are no changes, or no demand. */
final class Idle implements Benchmark {

    private static final int SECONDS = 10;

    private record Outcome(long idle, long unasked) {}

    @Override
    public void run(Settings settings, Report report) {
        int seconds = settings.scaled(SECONDS);
        Runs<Outcome> runs = Runs.of(settings.pairs(), done -> idle(seconds));
        report.add(
                Figure.alone(
                        "runs of the reader in " + seconds + " s without a change",
                        "",
                        runs.figures(Outcome::idle),
                        Goal.atMost(0)));
        report.add(
                Figure.alone(
                        "runs of the reader in 100 changes without demand",
                        "",
                        runs.figures(Outcome::unasked),
                        Goal.atMost(0)));
        report.repeated(runs.repeated());
    }

    private static Outcome idle(int seconds) {
        try (Child program = Child.measured("idle", seconds)) {
            return new Outcome(program.number("idle "), program.number("unasked "));
        }
    }
}
