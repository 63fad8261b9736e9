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
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class PairsTests {

    private final List<String> order = new ArrayList<>();

    private String run(String name) {
        order.add(name);
        return name;
    }

    @Test
    void theTwoSidesTakeTurnsToGoFirst() {
        Pairs<String> pairs = Pairs.run(3, () -> run("C"), () -> run("here"));
        assertThat(order).containsExactly("C", "here", "here", "C", "C", "here");
        assertThat(pairs.others).containsOnly("C").hasSize(3);
        assertThat(pairs.measured).containsOnly("here").hasSize(3);
        assertThat(pairs.repeated).isZero();
    }

    @Test
    void repeatsAndCountsAPairIfAProcessDies() {
        Pairs<String> pairs =
                Pairs.run(2, () -> run("C"), () -> order.size() < 3 ? dies() : run("here"));
        assertThat(pairs.others).hasSize(2);
        assertThat(pairs.measured).hasSize(2);
        assertThat(pairs.repeated).isPositive();
    }

    @Test
    void failsIfAProcessAlwaysDies() {
        assertThatThrownBy(() -> Pairs.run(1, () -> run("C"), this::dies))
                .isInstanceOf(Child.EndedException.class);
    }

    private String dies() {
        order.add("dead");
        throw new Child.EndedException("dead");
    }
}
