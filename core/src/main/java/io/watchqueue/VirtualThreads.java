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

import org.jspecify.annotations.Nullable;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/** Operations refused on a virtual thread, because the kernel knows only its carrier thread. */
final class VirtualThreads {

    /** Thread.isVirtual(), which JDK 17 does not have. */
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private VirtualThreads() {}

    /**
     * To be called before the thread waits in the kernel.
     *
     * @throws IllegalStateException on a virtual thread
     */
    static void refuseToWait(String operation) {
        refuse(
                operation,
                "would hold its carrier thread for as long as it waits in the kernel, and with as many such"
                        + " threads as processors no other virtual thread runs; use a platform thread, or poll");
    }

    /**
     * To be called before something is done that only a platform thread may do.
     *
     * @throws IllegalStateException on a virtual thread, for that reason
     */
    static void refuse(String operation, String reason) {
        Thread thread = Thread.currentThread();
        if (isVirtual(thread)) {
            throw new IllegalStateException(
                    operation + ": " + thread + " is virtual, and " + reason);
        }
    }

    private static @Nullable MethodHandle isVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (NoSuchMethodException | IllegalAccessException e) {
            return null;
        }
    }

    private static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (Throwable e) {
            throw new IllegalStateException("ask a thread whether it is virtual", e);
        }
    }
}
