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

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * Lets a program read queues before there is one. A JVM interprets at first: whoever watches a key
 * that is changed as fast as a kernel can, from the very first moment, would lose more than when
 * the code that reads is compiled. So that is read here which no kernel has posted.
 */
public final class WatchQueueRehearsal {

    /** How many notifications are read of each queue. */
    public static final int NOTIFICATIONS = 64 * 65;

    /** What a pipe takes as the kernel makes it. */
    private static final int BYTES = 64 * 64 * KeyNotification.LENGTH;

    /** As much as a full queue gives. */
    private static final int READ = WatchQueue.MAX_CAPACITY * KeyNotification.LENGTH;

    /** Of so many, one is a removal; and there is room for one in which there are two losses. */
    private static final int PERIOD = 64;

    /** A serial that no key has. */
    private static final int NO_KEY = -1;

    private WatchQueueRehearsal() {}

    /**
     * Has queues read that are not notified of anything: ordinary pipes, each with {@link
     * #NOTIFICATIONS} in it that are made up, key changes with two losses and a removal every now
     * and then. No key can be watched with them. Each is closed when its reader returns.
     *
     * @param queues how many, one after the other
     * @param reader what reads each
     * @return false if this machine's kernel cannot be used, is simulated, or has no descriptors
     *     left: then less was read, or nothing
     */
    public static boolean run(int queues, Consumer<? super WatchQueue> reader) {
        Kernel kernel = SystemKernel.get();
        if (kernel == null) {
            return false;
        }
        for (int i = 0; i < queues; i++) {
            long pipe = OrdinaryPipe.open(kernel);
            if (pipe < 0) {
                return false;
            }
            int writeEnd = (int) (pipe >>> 32);
            try (WatchQueue queue = WatchQueue.ofPipe(kernel, (int) pipe, writeEnd, READ)) {
                NativeBuffer notifications = kernel.allocate(BYTES);
                fill(notifications.bytes());
                if (OrdinaryPipe.write(writeEnd, notifications) != BYTES) {
                    return false;
                }
                reader.accept(queue);
            }
        }
        return true;
    }

    private static void fill(ByteBuffer bytes) {
        for (int at = 0; at < bytes.capacity(); at += KeyNotification.LENGTH) {
            switch (at / KeyNotification.LENGTH % PERIOD) {
                case 0 -> {
                    // Two, so that what follows is where 16 bytes begin: a pipe that is no queue
                    // splits what a read has no room for.
                    header(bytes, at, Notification.TYPE_META, LossNotification.SUBTYPE, 8);
                    header(bytes, at + 8, Notification.TYPE_META, LossNotification.SUBTYPE, 8);
                }
                case 1 -> {
                    header(bytes, at, Notification.TYPE_META, RemovalNotification.SUBTYPE, 16);
                    bytes.putLong(at + 8, Integer.toUnsignedLong(NO_KEY));
                }
                default -> {
                    header(bytes, at, Notification.TYPE_KEY, KeyEvent.UPDATED.ordinal(), 16);
                    bytes.putInt(at + 8, NO_KEY).putInt(at + 12, 0);
                }
            }
        }
    }

    private static void header(ByteBuffer bytes, int at, int type, int subtype, int length) {
        int word =
                bytes.order() == ByteOrder.LITTLE_ENDIAN
                        ? subtype << 24 | type
                        : type << 8 | subtype;
        bytes.putInt(at, word).putInt(at + 4, length);
    }
}
