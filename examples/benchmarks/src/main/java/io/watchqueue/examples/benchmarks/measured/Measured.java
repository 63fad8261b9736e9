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
package io.watchqueue.examples.benchmarks.measured;

import io.watchqueue.KeyId;

/**
 * What is measured, started by {@link io.watchqueue.examples.benchmarks.Benchmarks}. Prints {@code
 * ready} when it can be told, and one line for each figure.
 */
public final class Measured {

    private Measured() {}

    /**
     * Runs one program.
     *
     * @param arguments its name and what it takes, as twin.c says
     * @throws Exception if it fails
     */
    public static void main(String[] arguments) throws Exception {
        Arguments rest = new Arguments(arguments);
        switch (arguments[0]) {
            case "flood" -> new FloodReader(0).run(rest.key(1), rest.number(2), 0);
            case "slow" ->
                    new FloodReader(rest.number(3))
                            .run(rest.key(1), rest.number(2), rest.number(4));
            case "latency" -> new LatencyReader(rest.number(2)).run(rest.key(1));
            case "drain" ->
                    new Drain(rest.key(1), rest.number(2), rest.number(3), rest.number(4)).run();
            case "idle" -> Idle.run(rest.number(1));
            case "scale" -> new Scale(rest.number(1), rest.number(2)).run();
            case "open" -> OpenAndClose.run(rest.number(1), rest.number(2));
            case "start" -> Start.run(rest.number(1));
            default -> throw new IllegalArgumentException("no program " + arguments[0]);
        }
    }

    private record Arguments(String[] all) {
        int number(int index) {
            return Integer.parseInt(all[index]);
        }

        KeyId key(int index) {
            return KeyId.of(number(index));
        }
    }
}
