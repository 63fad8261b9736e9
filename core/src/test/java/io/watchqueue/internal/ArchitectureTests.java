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
package io.watchqueue.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArchitectureTests {

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "amd64,248,249,250,0x5760,0x5761,12,4",
        "aarch64,217,218,219,0x5760,0x5761,16,8",
        "riscv64,217,218,219,0x5760,0x5761,16,8",
        "loongarch64,217,218,219,0x5760,0x5761,16,8",
        "ppc64le,269,270,271,0x20005760,0x20005761,16,8",
        "s390x,278,279,280,0x5760,0x5761,16,8"
    })
    void hasTheKernelsNumbers(
            String osArch,
            int addKey,
            int requestKey,
            int keyctl,
            int setSize,
            int setFilter,
            int eventSize,
            int dataOffset) {
        Architecture architecture = Architecture.of(osArch).orElseThrow();
        assertThat(architecture.addKey).isEqualTo(addKey);
        assertThat(architecture.requestKey).isEqualTo(requestKey);
        assertThat(architecture.keyctl).isEqualTo(keyctl);
        assertThat(architecture.setSize).isEqualTo(setSize);
        assertThat(architecture.setFilter).isEqualTo(setFilter);
        assertThat(architecture.epollEventSize).isEqualTo(eventSize);
        assertThat(architecture.epollDataOffset).isEqualTo(dataOffset);
    }

    @Test
    void doesNotGuess() {
        assertThat(Architecture.of("x86")).isEmpty();
        assertThat(Architecture.of("mips64el")).isEmpty();
    }
}
