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

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Runs of two programs by turns, so that what drifts on the machine drifts for both. A pair of
 * which a process dies is run again: emulated processors can kill a JVM, see PERFORMANCE.md.
 */
final class Pairs<T> {

    private static final int DEATHS_TOLERATED = 9;

    final List<T> others = new ArrayList<>();
    final List<T> measured = new ArrayList<>();
    int repeated;

    static <T> Pairs<T> run(int count, Supplier<T> other, Supplier<T> measured) {
        Pairs<T> pairs = new Pairs<>();
        while (pairs.measured.size() < count) {
            pairs.runOne(other, measured);
        }
        return pairs;
    }

    /** What is compared is a figure of each run. */
    Figure compared(
            String what, String unit, Function<T, ? extends Number> figure, @Nullable Goal goal) {
        return Figure.compared(
                what,
                unit,
                others.stream().map(figure).toList(),
                measured.stream().map(figure).toList(),
                goal);
    }

    private void runOne(Supplier<T> other, Supplier<T> library) {
        boolean otherFirst = measured.size() % 2 == 0;
        try {
            T first = (otherFirst ? other : library).get();
            T second = (otherFirst ? library : other).get();
            others.add(otherFirst ? first : second);
            measured.add(otherFirst ? second : first);
        } catch (Child.EndedException e) {
            if (++repeated > DEATHS_TOLERATED) {
                throw e;
            }
            System.err.println("again, since " + e.getMessage());
        }
    }
}
