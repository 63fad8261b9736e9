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
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

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

    /** {@code _IO('W', nr)}: the direction "none" is 1 above bit 29 on powerpc, elsewhere 0. */
    @ParameterizedTest
    @EnumSource
    void hasTheRequestNumbersOfTheMacro(Architecture architecture) {
        int none = architecture == Architecture.PPC64LE ? 1 << 29 : 0;
        assertThat(architecture.setSize).isEqualTo(none | 'W' << 8 | 0x60);
        assertThat(architecture.setFilter).isEqualTo(none | 'W' << 8 | 0x61);
    }

    /** asm-generic/fcntl.h, from which none of these differs: in octal, as it is there. */
    @Test
    void theFlagsAreTheGenericOnes() {
        assertThat(Kernel.O_NOTIFICATION_PIPE).as("O_EXCL").isEqualTo(0200);
        assertThat(Kernel.O_NONBLOCK).isEqualTo(04000);
        assertThat(Kernel.O_CLOEXEC).isEqualTo(02000000);
        assertThat(Kernel.EPOLLET).isEqualTo(0x80000000);
    }

    /** A struct epoll_event of EPOLLIN and EPOLLET with the data 0x2a, as the machine has it. */
    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "X86_64, LITTLE_ENDIAN, 01000080 2a00000000000000",
        "AARCH64, LITTLE_ENDIAN, 01000080 00000000 2a00000000000000",
        "PPC64LE, LITTLE_ENDIAN, 01000080 00000000 2a00000000000000",
        "S390X, BIG_ENDIAN, 80000001 00000000 000000000000002a"
    })
    void anEventHasTheKernelsLayout(Architecture architecture, String order, String hex) {
        byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
        ByteBuffer event =
                ByteBuffer.wrap(bytes)
                        .order(
                                order.equals("BIG_ENDIAN")
                                        ? ByteOrder.BIG_ENDIAN
                                        : ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes).hasSize(architecture.epollEventSize);
        assertThat(event.getInt(0)).isEqualTo(Kernel.EPOLLIN | Kernel.EPOLLET);
        assertThat(event.getLong(architecture.epollDataOffset)).isEqualTo(0x2a);
    }

    @Test
    void doesNotGuessAnUnknownArchitecture() {
        assertThat(Architecture.of("x86")).isEmpty();
        assertThat(Architecture.of("mips64el")).isEmpty();
    }
}
