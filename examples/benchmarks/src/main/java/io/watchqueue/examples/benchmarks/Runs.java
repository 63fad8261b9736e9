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
import java.util.function.Function;
import java.util.function.IntFunction;

/**
 * Runs of what starts processes. One of which a process dies is run again: emulated processors can
 * kill a JVM, see docs/performance.md.
 */
final class Runs<T> {

    private static final int DEATHS_TOLERATED = 9;

    private final List<T> results = new ArrayList<>();
    private int repeated;

    /** Does this so often; it is given how many were done before. */
    static <T> Runs<T> of(int count, IntFunction<T> run) {
        Runs<T> runs = new Runs<>();
        while (runs.results.size() < count) {
            runs.once(run);
        }
        return runs;
    }

    private void once(IntFunction<T> run) {
        try {
            results.add(run.apply(results.size()));
        } catch (Child.EndedException e) {
            if (++repeated > DEATHS_TOLERATED) {
                throw e;
            }
            System.err.println("again, since " + e.getMessage());
        }
    }

    <F> List<F> figures(Function<T, F> figure) {
        return results.stream().map(figure).toList();
    }

    int repeated() {
        return repeated;
    }
}
