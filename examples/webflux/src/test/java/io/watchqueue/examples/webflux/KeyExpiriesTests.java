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
package io.watchqueue.examples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

class KeyExpiriesTests {

    private static final String HOLDER =
            "0b000000 I--Q---     1 perm 3f010000     0     0 user      two";

    @Test
    void theFourthColumnIsTheExpiry() {
        List<String> lines =
                List.of(
                        "00000007 I--Q---     1   4w 3f010000     0     0 user      token: 5",
                        "0a1b2c3d I--Q---     4 perm 1f3f0000     0 65534 keyring   _uid_ses.0: 1",
                        "3cd38da5 I--Q---     1  59s 3f010000    -2    -2 user      a b: c: 5",
                        "3f000001 I-R----     1 expd 3f010000     0     0 user      : 5");
        assertThat(parse(lines, Map.of()))
                .isEqualTo(
                        Map.of(
                                0x0a1b2c3d, "never",
                                0x3cd38da5, "59s",
                                0x3f000001, "expired",
                                7, "4w"));
    }

    @Test
    void nothingIsKnownOfNoKeys() {
        assertThat(parse(List.of(""), Map.of())).isEmpty();
    }

    @Test
    void aDescriptionOfSeveralLinesIsPassedOver() {
        List<String> lines = List.of(HOLDER, "lines: 5", "", line("0c000000", "5m"));
        assertThat(parse(lines, Map.of(0x0b000000, 2)))
                .isEqualTo(Map.of(0x0b000000, "never", 0x0c000000, "5m"));
        assertThat(parse(lines, Map.of())).as("the key is gone").containsEntry(0x0c000000, "5m");
    }

    @Test
    void aDescriptionThatLooksLikeOtherKeysTellsNothingOfThem() {
        List<String> lines =
                List.of(
                        line("0a000000", "1h"),
                        HOLDER,
                        line("0c000000", "expd"),
                        line("0a000000", "expd"),
                        line("0c000000", "5m"));
        assertThat(parse(lines, Map.of(0x0b000000, 2)))
                .isEqualTo(Map.of(0x0a000000, "1h", 0x0b000000, "never", 0x0c000000, "5m"));
    }

    private static String line(String serial, String expiry) {
        return serial + " I--Q---     1 " + expiry + " 3f010000     0     0 user      key: 5";
    }

    private static Map<Integer, String> parse(List<String> lines, Map<Integer, Integer> breaks) {
        return KeyExpiries.parse(lines, serial -> breaks.getOrDefault(serial, 0));
    }
}
