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

import java.nio.file.Path;

/**
 * The amount of measuring.
 *
 * @param pairs the number of pairs of runs
 * @param scale the divisor of the length of a run; 1 for meaningful figures
 */
record Settings(int pairs, int scale) {

    /** Returns a count divided by the scale, at least 1. */
    int scaled(int full) {
        return Math.max(1, full / scale);
    }

    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    static String twin() {
        String twin = System.getProperty("twin");
        if (twin == null) {
            throw new IllegalStateException("-Dtwin=FILE has to name the program in C");
        }
        return twin;
    }
}
