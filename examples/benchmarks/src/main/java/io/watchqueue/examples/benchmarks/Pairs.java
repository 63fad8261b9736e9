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

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/** Runs of two programs by turns, so that a drift of the machine affects both. */
final class Pairs<T> {

    private record Pair<T>(T other, T measured) {}

    final List<T> others;
    final List<T> measured;
    final int repeated;

    private Pairs(Runs<Pair<T>> pairs) {
        others = pairs.figures(Pair::other);
        measured = pairs.figures(Pair::measured);
        repeated = pairs.repeated();
    }

    static <T> Pairs<T> run(int count, Supplier<T> other, Supplier<T> measured) {
        return new Pairs<>(Runs.of(count, done -> pair(done % 2 == 0, other, measured)));
    }

    private static <T> Pair<T> pair(boolean otherFirst, Supplier<T> other, Supplier<T> measured) {
        if (otherFirst) {
            return new Pair<>(other.get(), measured.get());
        }
        T first = measured.get();
        return new Pair<>(other.get(), first);
    }

    /** Compares a figure of each run. */
    Figure compared(
            String what, String unit, Function<T, ? extends Number> figure, @Nullable Goal goal) {
        return Figure.compared(
                what,
                unit,
                others.stream().map(figure).toList(),
                measured.stream().map(figure).toList(),
                goal);
    }
}
