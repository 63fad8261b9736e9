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
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A queue with made-up notifications in it, for libraries that read a {@link WatchQueue} on a
 * thread of their own and want that code compiled before the first watch is placed: JIT warm-up. It
 * is an ordinary pipe, with which no key can be watched, so it needs no kernel with watch queues.
 *
 * <p><b>Descriptors:</b> {@link #queue()} owns both ends of the pipe, as any queue does, and so
 * closes them. {@link #post()} keeps the write end open while it writes, and writes nothing once
 * the queue is closed, on whichever thread.
 *
 * <p><b>Threads:</b> one thread posts; any may close.
 */
public final class WatchQueueWarmUp implements AutoCloseable {

    /**
     * The number of notifications that one {@link #post()} posts: few, because they are garbage,
     * and more than one.
     */
    public static final int PORTION = 2;

    /** Of this many portions, one has losses in it, and another one a removal. */
    private static final int PERIOD = 16;

    /**
     * A serial that no key has: the kernel begins at 3, key_alloc_serial in security/keys/key.c.
     */
    private static final int NO_KEY = 1;

    private static final String OPEN = "open a queue to warm up with";
    private static final String POST = "post in a queue to warm up with";

    private final Kernel kernel;
    private final WatchQueue queue;
    private final Descriptor writeEnd;
    private final NativeBuffer changes;
    private final NativeBuffer losses;
    private final NativeBuffer removal;
    private int posted;

    private WatchQueueWarmUp(Kernel kernel, Descriptor readEnd, Descriptor writeEnd) {
        this.kernel = kernel;
        this.writeEnd = writeEnd;
        this.changes = kernel.allocate(2 * KeyNotification.LENGTH);
        putChange(changes.bytes(), 0);
        putChange(changes.bytes(), KeyNotification.LENGTH);
        // Together as long as one change, so that all that follow begin at a multiple of 16 bytes:
        // an ordinary pipe splits a message that a read has no room for.
        this.losses = kernel.allocate(2 * LossNotification.LENGTH);
        putLoss(losses.bytes(), 0);
        putLoss(losses.bytes(), LossNotification.LENGTH);
        this.removal = kernel.allocate(2 * KeyNotification.LENGTH);
        putHeader(removal.bytes(), 0, Notification.TYPE_META, RemovalNotification.SUBTYPE, 16);
        removal.bytes().putLong(8, Integer.toUnsignedLong(NO_KEY));
        putChange(removal.bytes(), KeyNotification.LENGTH);
        this.queue = WatchQueue.ofPipe(kernel, readEnd, writeEnd);
    }

    /**
     * Opens one, which takes two descriptors. If that fails, nothing is left open.
     *
     * @return a queue to post in
     * @throws ResourceLimitException if there are too many descriptors in use
     * @throws WatchQueueUnsupportedException if this is not a Linux that this library knows
     */
    public static WatchQueueWarmUp open() {
        return open(WatchQueueSupport.systemKernel(OPEN));
    }

    static WatchQueueWarmUp open(Kernel kernel) {
        long pipe = kernel.pipe2(Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
        if (pipe < 0) {
            throw Failures.descriptor(OPEN, (int) -pipe, "pipe2(2)");
        }
        int readEnd = (int) pipe;
        int writeEnd = (int) (pipe >>> 32);
        try {
            return new WatchQueueWarmUp(
                    kernel, new Descriptor(kernel, readEnd), new Descriptor(kernel, writeEnd));
        } catch (Throwable e) {
            kernel.close(readEnd);
            kernel.close(writeEnd);
            throw e;
        }
    }

    /**
     * Returns the queue to read, which the reader may close.
     *
     * @return always the same
     */
    public WatchQueue queue() {
        return queue;
    }

    /**
     * Posts some made-up notifications: key changes, and losses and a removal every now and then.
     *
     * @return how many: {@link #PORTION}, or 0 if there is no room for them
     * @throws WatchQueueClosedException if the queue is closed
     * @throws WatchQueueException if the kernel refuses
     */
    public int post() {
        NativeBuffer portion =
                switch (++posted % PERIOD) {
                    case 0 -> losses;
                    case PERIOD / 2 -> removal;
                    default -> changes;
                };
        int fd = writeEnd.enter(POST);
        try {
            int result = Interrupted.retry(() -> kernel.write(fd, portion));
            if (result < 0 && result != -Errno.EAGAIN) {
                throw Failures.unexpected(POST, -result, "write(2)");
            }
            return result < 0 ? 0 : PORTION;
        } finally {
            writeEnd.exit();
        }
    }

    /** Closes the queue. Does nothing if it is closed already. */
    @Override
    public void close() {
        queue.close();
    }

    private static void putChange(ByteBuffer bytes, int at) {
        putHeader(bytes, at, Notification.TYPE_KEY, KeyEvent.UPDATED.ordinal(), 16);
        bytes.putInt(at + 8, NO_KEY).putInt(at + 12, 0);
    }

    private static void putLoss(ByteBuffer bytes, int at) {
        putHeader(
                bytes,
                at,
                Notification.TYPE_META,
                LossNotification.SUBTYPE,
                LossNotification.LENGTH);
    }

    private static void putHeader(ByteBuffer bytes, int at, int type, int subtype, int length) {
        int word =
                bytes.order() == ByteOrder.LITTLE_ENDIAN
                        ? subtype << 24 | type
                        : type << 8 | subtype;
        bytes.putInt(at, word).putInt(at + 4, length);
    }
}
