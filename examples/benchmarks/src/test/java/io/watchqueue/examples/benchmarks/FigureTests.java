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

class FigureTests {

    @Test
    void ratiosAreOfPairsAndNotOfMedians() {
        Figure figure =
                Figure.compared(
                        "rate", "1/s", List.of(1, 10, 100), List.of(2, 5, 300), Goal.atLeast(2));
        assertThat(figure.other()).isEqualTo(new Spread(1, 10, 100));
        assertThat(figure.measured()).isEqualTo(new Spread(2, 5, 300));
        assertThat(figure.ratio()).isEqualTo(new Spread(0.5, 2, 3));
        assertThat(figure.met()).isTrue();
    }

    @Test
    void aGoalAppliesToTheRatioOrElseToTheFigure() {
        assertThat(Figure.compared("", "", List.of(10), List.of(11), Goal.atMost(1.05)).met())
                .isFalse();
        assertThat(Figure.alone("", "", List.of(0), Goal.atMost(0)).met()).isTrue();
        assertThat(Figure.alone("", "", List.of(1), Goal.atMost(0)).met()).isFalse();
        assertThat(Figure.alone("", "", List.of(1), null).met()).isNull();
    }
}
