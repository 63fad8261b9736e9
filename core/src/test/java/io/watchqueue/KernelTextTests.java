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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.List;

/** Texts of the kernel, and texts that only look like them. */
class KernelTextTests {

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "0,0",
        "1000,1000",
        "2147483648,-2147483648",
        "3846276768,-448690528",
        "-448690528,-448690528",
        "4294967295,-1",
        "-2147483648,-2147483648"
    })
    void parsesSignedAndUnsignedNumbersOf32Bits(String text, int number) {
        assertThat(KernelText.decimal(text)).isEqualTo(number);
    }

    @ParameterizedTest(name = "''{0}''")
    @ValueSource(
            strings = {
                "",
                "-",
                "--1",
                "+1",
                " 1",
                "1 ",
                "4294967296",
                "-2147483649",
                "99999999999999999999",
                "1.0",
                "0x1",
                "\u0661",
                "\uff11",
                "one"
            })
    void returnsNullForTextThatIsNoNumber(String text) {
        assertThat(KernelText.decimal(text)).isNull();
    }

    @Test
    void parsesHexadecimalNumbersOfUpToEightDigits() {
        assertThat(KernelText.hexadecimal("3f3f0001")).isEqualTo(0x3f3f0001);
        assertThat(KernelText.hexadecimal("ffffffff")).isEqualTo(-1);
        for (String none : List.of("", "-1", "+1", "0x1", "1ffffffff", "g", "\uff11")) {
            assertThat(KernelText.hexadecimal(none)).as(none).isNull();
        }
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "0a1b2c3d I--Q---     4 perm 1f3f0000     0 65534 keyring   _uid_ses.0: 1",
                "0a1b2c3d I--Q---     1  59s 3f010000     0     0 user      a b: c: 5",
                "0a1b2c3d I-R----     1 expd 3f010000     0     0 user      : 5",
                "0a1b2c3d I--Q--i 12345 299w 3f010000 -448690528 -448690528 user      one",
                "0a1b2c3d I------     1 perm 1f030000     0     0 keyring   .dns_resolver: empty",
                "0a1b2c3d ---QU--     2   1m 3f010000     0     0 asymmetri \u0085\r: x"
            })
    void parsesTheSerialOfAnEntry(String line) {
        assertThat(ProcKeys.parseLine(line)).isNotNull();
        assertThat(ProcKeys.parseLine(line).key()).isEqualTo(KeyId.of(0x0a1b2c3d));
    }

    @ParameterizedTest(name = "''{0}''")
    @ValueSource(
            strings = {
                "",
                "two: 1",
                "two",
                "0a1b2c3d",
                "0a1b2c3d two: 1",
                "0a1b2c3 I--Q---     1 perm 3f010000     0     0 user      a: 1",
                "00000000 I--Q---     1 perm 3f010000     0     0 user      a: 1",
                "80000000 I--Q---     1 perm 3f010000     0     0 user      a: 1",
                "ffffffff I--Q---     1 perm 3f010000     0     0 user      a: 1",
                "0a1b2c3d I--Q---     1 soon 3f010000     0     0 user      a: 1",
                "0a1b2c3d I--Q---     1 perm 3f010000     0     0 "
            })
    void skipsALineThatIsNoEntry(String line) {
        assertThat(ProcKeys.parseLine(line)).isNull();
        String between =
                "00000001 I--Q---     1 perm 3f010000     0     0 user      a: 1\n"
                        + line
                        + "\n00000002 I--Q---     1 perm 3f010000     0     0 user      b: 1\n";
        assertThat(ProcKeys.parse(between))
                .extracting(ProcKeys.Entry::key)
                .containsExactly(KeyId.of(1), KeyId.of(2));
    }

    @ParameterizedTest(name = "''{0}''")
    @ValueSource(
            strings = {
                "",
                "user;0;0",
                "user;0;0;3f010000",
                "user;;0;3f010000;a",
                "user;0;4294967296;3f010000;a",
                "user;0;0;3f0100000;a",
                "user;0;0;-1;a",
                "user;0\n;0;0;a"
            })
    void returnsNullForTextThatIsNoDescription(String text) {
        assertThat(KeyDescription.parse(KeyId.of(1), text)).isNull();
    }

    @Test
    void acceptsSemicolonsAndLineBreaksInADescription() {
        KeyId key = KeyId.of(1);
        assertThat(KeyDescription.parse(key, "user;0;4294967294;3f3f3f3f;a;b\nc"))
                .isEqualTo(new KeyDescription(key, "user", 0, -2, 0x3f3f3f3f, "a;b\nc"));
        assertThat(KeyDescription.parse(key, "user;-448690528;0;3f3f3f3f;"))
                .isEqualTo(new KeyDescription(key, "user", (int) 3846276768L, 0, 0x3f3f3f3f, ""));
    }
}
