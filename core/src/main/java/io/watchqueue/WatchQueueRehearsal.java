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

import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;
import io.watchqueue.internal.OrdinaryPipe;
import io.watchqueue.internal.SystemKernel;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A queue in which the program itself posts, for a rehearsal before there is a real one. A JVM
 * interprets at first: whoever watches a key that is changed as fast as a kernel can, from the very
 * first moment, would lose more than when the code that reads is compiled. So that is read here
 * which no kernel has posted. It is an ordinary pipe, with which no key can be watched.
 */
public final class WatchQueueRehearsal implements AutoCloseable {

    /** What one {@link #post()} posts: few, as it is garbage, and more than one. */
    public static final int PORTION = 2;

    /** Of so many portions, one has losses in it, and another one a removal. */
    private static final int PERIOD = 16;

    /** A serial that no key has. */
    private static final int NO_KEY = -1;

    private final WatchQueue queue;
    private final int writeEnd;
    private final NativeBuffer changes;
    private final NativeBuffer losses;
    private final NativeBuffer removal;
    private int posted;

    private WatchQueueRehearsal(Kernel kernel, WatchQueue queue, int writeEnd) {
        this.queue = queue;
        this.writeEnd = writeEnd;
        this.changes = kernel.allocate(2 * KeyNotification.LENGTH);
        putChange(changes.bytes(), 0);
        putChange(changes.bytes(), KeyNotification.LENGTH);
        // As long as one change, so that all that follow are where 16 bytes begin: a pipe that is
        // no queue splits what a read has no room for.
        this.losses = kernel.allocate(2 * LossNotification.LENGTH);
        putLoss(losses.bytes(), 0);
        putLoss(losses.bytes(), LossNotification.LENGTH);
        this.removal = kernel.allocate(2 * KeyNotification.LENGTH);
        putHeader(removal.bytes(), 0, Notification.TYPE_META, RemovalNotification.SUBTYPE, 16);
        removal.bytes().putLong(8, Integer.toUnsignedLong(NO_KEY));
        putChange(removal.bytes(), KeyNotification.LENGTH);
    }

    /**
     * Opens one.
     *
     * @return null if this machine's kernel cannot be used, is simulated, or has no descriptors
     *     left
     */
    public static @Nullable WatchQueueRehearsal open() {
        Kernel kernel = SystemKernel.get();
        if (kernel == null) {
            return null;
        }
        long pipe = OrdinaryPipe.open(kernel);
        if (pipe < 0) {
            return null;
        }
        int writeEnd = (int) (pipe >>> 32);
        return new WatchQueueRehearsal(
                kernel, WatchQueue.ofPipe(kernel, (int) pipe, writeEnd), writeEnd);
    }

    /**
     * Returns what is to be read, which the reader may close.
     *
     * @return always the same
     */
    public WatchQueue queue() {
        return queue;
    }

    /**
     * Posts some made-up notifications: key changes, and losses and a removal every now and then.
     * The queue must be open.
     *
     * @return how many: {@link #PORTION}, or 0 if there is no room for them
     */
    public int post() {
        NativeBuffer portion =
                switch (++posted % PERIOD) {
                    case 0 -> losses;
                    case PERIOD / 2 -> removal;
                    default -> changes;
                };
        return OrdinaryPipe.write(writeEnd, portion) < 0 ? 0 : PORTION;
    }

    /** Closes the queue, unless it is. */
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
