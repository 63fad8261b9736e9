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

import java.util.Arrays;
import java.util.Optional;

/**
 * The differences between the machines that Linux runs on. System call numbers are from
 * arch/*&#47;syscalls/*.tbl and asm-generic/unistd.h; the ioctl numbers are {@code _IO('W', 0x60)}
 * and {@code _IO('W', 0x61)}, whose direction bits powerpc encodes differently
 * (arch/powerpc/include/uapi/asm/ioctl.h); {@code struct epoll_event} is packed on x86-64 alone
 * (include/uapi/linux/eventpoll.h). All are 64-bit, and share the generic O_* flags and error
 * numbers.
 */
enum Architecture {
    // os.arch; add_key, request_key, keyctl; SET_SIZE, SET_FILTER; epoll_event's size, data offset
    X86_64("amd64", 248, 249, 250, 0x5760, 0x5761, 12, 4),
    AARCH64("aarch64", 217, 218, 219, 0x5760, 0x5761, 16, 8),
    RISCV64("riscv64", 217, 218, 219, 0x5760, 0x5761, 16, 8),
    LOONGARCH64("loongarch64", 217, 218, 219, 0x5760, 0x5761, 16, 8),
    PPC64LE("ppc64le", 269, 270, 271, 0x20005760, 0x20005761, 16, 8),
    S390X("s390x", 278, 279, 280, 0x5760, 0x5761, 16, 8);

    final String osArch;
    final int addKey;
    final int requestKey;
    final int keyctl;
    final int setSize;
    final int setFilter;
    final int epollEventSize;
    final int epollDataOffset;

    Architecture(
            String osArch,
            int addKey,
            int requestKey,
            int keyctl,
            int setSize,
            int setFilter,
            int epollEventSize,
            int epollDataOffset) {
        this.osArch = osArch;
        this.addKey = addKey;
        this.requestKey = requestKey;
        this.keyctl = keyctl;
        this.setSize = setSize;
        this.setFilter = setFilter;
        this.epollEventSize = epollEventSize;
        this.epollDataOffset = epollDataOffset;
    }

    /** Finds the architecture by the value of the system property {@code os.arch}. */
    static Optional<Architecture> of(String osArch) {
        return Arrays.stream(values()).filter(a -> a.osArch.equals(osArch)).findFirst();
    }
}
