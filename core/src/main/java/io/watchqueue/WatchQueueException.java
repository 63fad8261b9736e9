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

import io.watchqueue.internal.Errno;

/**
 * The kernel refused an operation. The message names the operation, its object, the kernel's error
 * and the way out. There are subclasses where a program would act differently.
 */
public class WatchQueueException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** The operation that failed. */
    private final String operation;

    /** The kernel's error number. */
    private final int errno;

    WatchQueueException(String operation, int errno, String detail) {
        super(
                errno == 0
                        ? operation + ": " + detail
                        : operation + ": " + Errno.name(errno) + ": " + detail);
        this.operation = operation;
        this.errno = errno;
    }

    /**
     * Returns the operation that was attempted.
     *
     * @return a short text such as {@code "watch key 1234 with tag 5"}
     */
    public final String operation() {
        return operation;
    }

    /**
     * Returns the kernel's error number.
     *
     * @return errno(3), or 0 if the error was found without asking the kernel
     */
    public final int errno() {
        return errno;
    }

    /**
     * Returns the name of the kernel's error number.
     *
     * @return such as {@code "EKEYREVOKED"}, or an empty text if {@link #errno()} is 0
     */
    public final String errnoName() {
        return errno == 0 ? "" : Errno.name(errno);
    }
}
