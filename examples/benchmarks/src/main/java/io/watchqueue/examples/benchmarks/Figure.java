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

/**
 * One figure of a benchmark.
 *
 * @param what the name of the figure
 * @param unit its unit
 * @param other the values of the other side, C unless {@code what} names another one; null without
 *     a comparison
 * @param measured the values of this library
 * @param ratio the ratios of the pairs of runs, this library's value divided by the other; null
 *     without pairs
 * @param goal the goal for the ratio, or for the measured figure if there is no ratio; null if
 *     there is none
 */
record Figure(
        String what,
        String unit,
        @Nullable Spread other,
        Spread measured,
        @Nullable Spread ratio,
        @Nullable Goal goal) {

    static Figure alone(
            String what, String unit, List<? extends Number> values, @Nullable Goal goal) {
        return new Figure(what, unit, null, Spread.of(values), null, goal);
    }

    /** A figure whose values were measured in pairs. */
    static Figure compared(
            String what,
            String unit,
            List<? extends Number> others,
            List<? extends Number> measured,
            @Nullable Goal goal) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < measured.size(); i++) {
            ratios.add(measured.get(i).doubleValue() / others.get(i).doubleValue());
        }
        return new Figure(
                what, unit, Spread.of(others), Spread.of(measured), Spread.of(ratios), goal);
    }

    /** Whether the goal is met; null if there is none. */
    @Nullable Boolean met() {
        return goal == null ? null : goal.isMetBy((ratio != null ? ratio : measured).median());
    }
}
