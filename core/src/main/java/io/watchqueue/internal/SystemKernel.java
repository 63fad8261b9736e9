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

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicReference;

/** The kernel used by default: this machine's, or its substitute. */
public final class SystemKernel {

    private static final AtomicReference<@Nullable Kernel> SUBSTITUTE = new AtomicReference<>();
    private static final NativeLayer MACHINE = new NativeLayer(JnaKernel::load);

    private SystemKernel() {}

    /**
     * Returns the kernel. Waits while the native layer is loaded, the first time.
     *
     * @throws UnavailableException if there is none
     */
    public static Kernel get() throws UnavailableException {
        Kernel substitute = SUBSTITUTE.get();
        return substitute != null ? substitute : MACHINE.kernel();
    }

    /** Substitutes a kernel for this machine's. Returns false if there is a substitute already. */
    public static boolean substitute(Kernel kernel) {
        return SUBSTITUTE.compareAndSet(null, kernel);
    }

    /** Removes a substitute. Does nothing if that kernel is not the substitute. */
    public static void restore(Kernel kernel) {
        SUBSTITUTE.compareAndSet(kernel, null);
    }
}
