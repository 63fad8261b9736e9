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

/** The kernel of those who name none: this machine's, or one that takes its place. */
public final class SystemKernel {

    private static final AtomicReference<@Nullable Kernel> SUBSTITUTE = new AtomicReference<>();

    private SystemKernel() {}

    /** Returns the kernel, or null if {@link #failure()} says why there is none. */
    public static @Nullable Kernel get() {
        Kernel substitute = SUBSTITUTE.get();
        return substitute != null ? substitute : Machine.KERNEL;
    }

    /** Returns why this machine's kernel cannot be used; null if it can. */
    public static @Nullable Throwable failure() {
        return Machine.FAILURE;
    }

    /** Puts a kernel in the place of this machine's. Returns false if there is one in it. */
    public static boolean substitute(Kernel kernel) {
        return SUBSTITUTE.compareAndSet(null, kernel);
    }

    /** Takes a kernel out of the place of this machine's, if it is in it. */
    public static void restore(Kernel kernel) {
        SUBSTITUTE.compareAndSet(kernel, null);
    }

    /**
     * Loaded once, when it is needed; a failure is kept, since a second attempt would only report a
     * class that failed to initialize.
     */
    private static final class Machine {
        static final @Nullable Kernel KERNEL;
        static final @Nullable Throwable FAILURE;

        static {
            Kernel kernel = null;
            Throwable failure = null;
            try {
                kernel = JnaKernel.load();
            } catch (VirtualMachineError e) {
                throw e;
            } catch (UnsupportedOperationException | Error e) {
                // Error: JNA reports an incompatible native library by just that.
                failure = e;
            }
            KERNEL = kernel;
            FAILURE = failure;
        }
    }
}
