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

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory that the kernel reads or writes: a buffer in native byte order and, where it is real
 * memory, its address. Holding the object keeps the memory.
 */
public final class NativeBuffer {
    private final ByteBuffer bytes;
    private final long address;

    NativeBuffer(ByteBuffer bytes, long address) {
        this.bytes = bytes.order(ByteOrder.nativeOrder());
        this.address = address;
    }

    /** Memory that no real kernel is ever given. */
    public static NativeBuffer onHeap(int size) {
        return new NativeBuffer(ByteBuffer.allocate(size), 0);
    }

    /** The contents, to be accessed by absolute index: position and limit mean nothing. */
    public ByteBuffer bytes() {
        return bytes;
    }

    public int size() {
        return bytes.capacity();
    }

    /** Overwrites the contents with zeros. */
    public void wipe() {
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) 0);
        }
    }

    long address() {
        return address;
    }
}
