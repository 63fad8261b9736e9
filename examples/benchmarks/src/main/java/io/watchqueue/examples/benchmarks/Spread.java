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

import java.util.Collection;
import java.util.List;

/** The values of a figure in several runs. */
record Spread(double min, double median, double max) {

    static Spread of(Collection<? extends Number> values) {
        List<Double> sorted = values.stream().map(Number::doubleValue).sorted().toList();
        return new Spread(sorted.get(0), quantile(sorted, 0.5), sorted.get(sorted.size() - 1));
    }

    /** Returns the smallest value such that this share of the values is not above it. */
    static double quantile(List<Double> sorted, double share) {
        return sorted.get(Math.max(0, (int) Math.ceil(share * sorted.size()) - 1));
    }

    static double quantileOf(Collection<? extends Number> values, double share) {
        return quantile(values.stream().map(Number::doubleValue).sorted().toList(), share);
    }
}
