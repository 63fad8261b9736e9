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
import java.util.function.Predicate;

/**
 * The messages that were read from the kernel and not handed over yet, and the call that reads
 * more. For one thread at a time, which the lock of {@link QueueReader} ensures; any thread may ask
 * for the counts.
 */
final class ReadBuffer {

    static final String READ = "read from a watch queue";

    /**
     * If fewer bytes than this were read since the queue was last empty, it was never full, and no
     * loss is pending: the smallest has 32 slots, for messages of 8 bytes or more.
     */
    private static final int NEVER_FULL_BYTES = 32 * 8;

    private final Kernel kernel;
    private final Descriptor readEnd;
    private final Descriptor writeEnd;
    private final Watches watches;
    private final NativeBuffer memory;
    private int position;
    private int limit;
    private long polls;

    /** Whether a thread waits, or is about to: the kernel's messages are left to it. */
    private boolean awaited;

    /** Whether the last read left nothing in the queue. */
    private boolean exhausted;

    /** The {@link Watches#closings} before the last read. */
    private long closings;

    /** The number of bytes read since the queue was last found empty. */
    private long unconfirmed;

    private volatile int bufferedBytes;
    private volatile long readCalls;

    ReadBuffer(Kernel kernel, Descriptor readEnd, Descriptor writeEnd, Watches watches, int bytes) {
        this.kernel = kernel;
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
        this.watches = watches;
        this.memory = kernel.allocate(Math.max(MessageHeader.MAX_MESSAGE_LENGTH + 1, bytes));
    }

    int bufferedBytes() {
        return bufferedBytes;
    }

    long readCalls() {
        return readCalls;
    }

    void setAwaited(boolean awaited) {
        this.awaited = awaited;
    }

    /** See {@link WatchQueue#poll(int, Predicate)}. */
    int handOver(int fd, int demand, Predicate<? super Notification> consumer) {
        try {
            long poll = ++polls;
            exhausted = false;
            int delivered = 0;
            boolean more = true;
            while (more
                    && delivered < demand
                    && (position < limit || fill(fd, demand - delivered))) {
                ByteBuffer bytes = memory.bytes();
                int end = limit;
                int at = position;
                do {
                    long header = NotificationDecoder.header(bytes, at, end);
                    int next = at + NotificationDecoder.length(header);
                    position = next;
                    delivered++;
                    // Two calls, because most messages may be key changes: the JVM then knows the
                    // class at the first.
                    more =
                            NotificationDecoder.isKeyChange(bytes, at, header)
                                    ? consumer.test(
                                            NotificationDecoder.decodeKeyChange(bytes, at, header))
                                    : deliver(
                                            NotificationDecoder.decodeOther(bytes, at, header),
                                            consumer);
                    at = next;
                    // Unless the consumer has polled itself, the place of the next message is known
                    // here. Loading it from the field would make each message wait for the one
                    // before.
                } while (more && at < end && delivered < demand && polls == poll);
            }
            return delivered;
        } finally {
            bufferedBytes = limit - position;
        }
    }

    private boolean deliver(Notification notification, Predicate<? super Notification> consumer) {
        if (notification instanceof RemovalNotification removal) {
            watches.removed(removal);
        }
        return consumer.test(notification);
    }

    /** Reads once; false if there is nothing. Everything read before is handed over. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by one thread at a time
    private boolean fill(int fd, int demand) {
        if (awaited) {
            return false;
        }
        if (exhausted) {
            return foundEmpty();
        }
        // 128 bytes take any message, so that ENOBUFS cannot happen.
        long wanted =
                Math.max(
                        (long) demand * KeyNotification.LENGTH,
                        MessageHeader.MAX_MESSAGE_LENGTH + 1);
        int length = (int) Math.min(wanted, memory.size());
        closings = watches.closings();
        int result;
        do {
            readCalls++;
            result = kernel.read(fd, memory, length);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EAGAIN) {
            return foundEmpty();
        }
        if (result < 0) {
            throw Failures.reading(-result);
        }
        if (result == 0) {
            // The kernel returns this only after the last write end was closed, and ours is open
            // until close().
            if (readEnd.isClosed()) {
                throw new WatchQueueClosedException(READ);
            }
            throw new WatchQueueException(
                    READ,
                    0,
                    "the queue ended although it is open: something else closed "
                            + writeEnd
                            + " of this process");
        }
        // Any message would have had room, so there was none left: see epoll(7), under EPOLLET. But
        // a loss after the last one comes with the next read only (fs/pipe.c, pipe_read).
        unconfirmed += result;
        exhausted =
                length - result > MessageHeader.MAX_MESSAGE_LENGTH
                        && unconfirmed < NEVER_FULL_BYTES;
        position = 0;
        limit = result;
        return true;
    }

    /** The queue is empty, and no loss is pending. */
    private boolean foundEmpty() {
        exhausted = false;
        unconfirmed = 0;
        watches.drained(closings);
        return false;
    }
}
