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

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;

class SpreadTests {

    @Test
    void theMedianIsAMeasuredValue() {
        assertThat(Spread.of(List.of(5, 1, 3))).isEqualTo(new Spread(1, 3, 5));
        assertThat(Spread.of(List.of(4, 1, 3, 2))).isEqualTo(new Spread(1, 2, 4));
        assertThat(Spread.of(List.of(7L))).isEqualTo(new Spread(7, 7, 7));
    }

    @Test
    void aQuantileHasItsShareOfTheValuesBelowOrAtIt() {
        List<Integer> hundred = java.util.stream.IntStream.rangeClosed(1, 100).boxed().toList();
        assertThat(Spread.quantileOf(hundred, 0.99)).isEqualTo(99);
        assertThat(Spread.quantileOf(hundred, 1)).isEqualTo(100);
        assertThat(Spread.quantileOf(hundred, 0.001)).isEqualTo(1);
    }
}
