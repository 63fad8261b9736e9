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

/** This machine's kernel cannot be used; the cause says why. */
public final class UnavailableException extends Exception {

    private static final long serialVersionUID = 1;

    UnavailableException(@Nullable Throwable cause) {
        super(String.valueOf(cause), cause, false, false);
    }

    /** The module that --enable-native-access has to name from JDK 24 on, for JNA. */
    public String nativeAccess() {
        return JnaKernel.nativeAccess();
    }

    /** Whether the reason is the machine: not a 64-bit Linux of a known architecture. */
    public boolean isUnknownPlatform() {
        return getCause() instanceof UnsupportedOperationException;
    }
}
