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

import java.lang.ref.Reference;

/** A pipe that notifies of nothing, in which a program itself writes. */
public final class OrdinaryPipe {

    private OrdinaryPipe() {}

    /**
     * Opens a pipe, as {@link Kernel#pipe2} does. Only the machine's kernel has one: with any other
     * it fails with EOPNOTSUPP.
     */
    public static long open(Kernel kernel) {
        return kernel instanceof JnaKernel
                ? kernel.pipe2(Kernel.O_NONBLOCK | Kernel.O_CLOEXEC)
                : -Errno.EOPNOTSUPP;
    }

    /** Writes what there is room for. Returns how many bytes, or a negated error number. */
    public static int write(int fd, NativeBuffer bytes) {
        int result = JnaKernel.result(LibC.write(fd, bytes.address(), bytes.size()));
        Reference.reachabilityFence(bytes);
        return result;
    }
}
