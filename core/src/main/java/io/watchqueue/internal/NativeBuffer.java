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
import java.util.function.LongConsumer;

/**
 * Memory that the kernel reads or writes: a buffer in native byte order and, where it is real
 * memory, its address. Holding the object keeps the memory, until it is closed: then it is wiped,
 * and freed if it was borrowed for one call.
 */
public final class NativeBuffer implements AutoCloseable {
    private final ByteBuffer bytes;
    private final long address;
    private final LongConsumer free;
    private boolean closed;

    /** Memory that is freed together with its buffer. */
    NativeBuffer(ByteBuffer bytes, long address) {
        this(bytes, address, any -> {});
    }

    /** Memory that {@code free} frees, by its address. */
    NativeBuffer(ByteBuffer bytes, long address, LongConsumer free) {
        this.bytes = bytes.order(ByteOrder.nativeOrder());
        this.address = address;
        this.free = free;
    }

    /** Memory for simulated kernels, which no real kernel can use. */
    public static NativeBuffer onHeap(int size) {
        return new NativeBuffer(ByteBuffer.allocate(size), 0);
    }

    /** The contents, to be accessed by absolute index: position and limit mean nothing. */
    public ByteBuffer bytes() {
        requireOpen();
        return bytes;
    }

    public int size() {
        return bytes.capacity();
    }

    /** Overwrites the contents with zeros. */
    public void wipe() {
        requireOpen();
        for (int i = 0; i < bytes.capacity(); i++) {
            bytes.put(i, (byte) 0);
        }
    }

    /** Wipes the contents and frees the memory, which must not be used after that. */
    @Override
    public void close() {
        if (!closed) {
            wipe();
            closed = true;
            free.accept(address);
        }
    }

    public boolean isClosed() {
        return closed;
    }

    long address() {
        requireOpen();
        return address;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("this memory was freed");
        }
    }
}
