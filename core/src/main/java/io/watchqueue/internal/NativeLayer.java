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

import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/**
 * Loads the native layer, once, when it is needed.
 *
 * <p>A class of JNA that fails to initialize never works again in the process, and initializing it
 * reads and writes files. So it is not initialized on the thread that needs it first: that may be
 * one on which a tool such as BlockHound refuses to read files, or one with little stack left. It
 * is loaded on a thread of its own, for which all others wait. If waiting itself is refused, the
 * caller gets that error, and the next one finds the layer loaded.
 *
 * <p>JNA also starts a thread that stays, and that inherits from the one that loads it: here,
 * nothing of the application.
 */
final class NativeLayer {

    private final Supplier<Kernel> loader;
    private @Nullable FutureTask<Kernel> loading;

    NativeLayer(Supplier<Kernel> loader) {
        this.loader = loader;
    }

    /** Returns the kernel, or throws the reason why there is none, which never changes. */
    Kernel kernel() throws UnavailableException {
        FutureTask<Kernel> task = loading();
        try {
            return await(task);
        } catch (ExecutionException e) {
            Throwable failure = e.getCause();
            if (failure instanceof VirtualMachineError error) {
                // A temporary failure: the next caller tries again.
                forget(task);
                throw error;
            }
            throw new UnavailableException(failure);
        }
    }

    private synchronized FutureTask<Kernel> loading() {
        FutureTask<Kernel> task = loading;
        if (task == null) {
            task = new FutureTask<>(loader::get);
            // If there is no thread to be had, the next caller tries again.
            DetachedThread.of(task, "watchqueue-native-loader").start();
            loading = task;
        }
        return task;
    }

    private synchronized void forget(FutureTask<Kernel> task) {
        if (loading == task) {
            loading = null;
        }
    }

    /** An interrupt does not end the wait; the thread stays interrupted. */
    private static Kernel await(FutureTask<Kernel> task) throws ExecutionException {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return task.get();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
