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

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The reading side of a queue: takes messages from the kernel, hands them over, and waits for more.
 *
 * <p>The kernel wakes a thread that waits in poll(2) for a notification, but neither for a loss
 * behind the last one nor for what another thread has read and not handed over. So one thread at a
 * time waits, and while it does, nobody else reads from the kernel: whatever comes, and any loss
 * behind it, is found by the thread that waits. When that has what it waited for, the next one
 * looks before it waits.
 */
final class QueueReader {

    private static final int POLLFD_BYTES = 8; // struct pollfd
    private static final String READ = "read from a watch queue";
    private static final String WAIT = "wait for a notification";

    /**
     * A queue that has given less than that since it was empty cannot have been full, and has no
     * loss pending: the smallest has 32 slots, for messages of 8 bytes or more.
     */
    private static final int NEVER_FULL_BYTES = 32 * 8;

    private static final int POLL_FOREVER = -1;

    private final Kernel kernel;
    private final Descriptor readEnd;
    private final Descriptor writeEnd;
    private final Watches watches;

    /** Held by the thread that waits, from its first look at the queue to its last. */
    private final ReentrantLock turn = new ReentrantLock();

    // Under the lock of those who read.
    private final ReentrantLock reading = new ReentrantLock();
    private final NativeBuffer buffer;
    private int position;
    private int limit;
    private long polls;

    /** A thread waits, or is about to: what the kernel has is left to it. */
    private boolean awaited;

    /** The last read left nothing in the queue. */
    private boolean exhausted;

    /** The {@link Watches#closings} before it. */
    private long closings;

    /** How many bytes were read since the queue was last found empty. */
    private long unconfirmed;

    // Written by whoever holds the lock, read by anybody.
    private volatile int carriedBytes;
    private volatile long readCalls;

    QueueReader(
            Kernel kernel,
            Descriptor readEnd,
            Descriptor writeEnd,
            Watches watches,
            int bufferBytes) {
        this.kernel = kernel;
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
        this.watches = watches;
        this.buffer = kernel.allocate(Math.max(MessageHeader.MAX_MESSAGE_LENGTH + 1, bufferBytes));
    }

    int carriedBytes() {
        return carriedBytes;
    }

    long readCalls() {
        return readCalls;
    }

    /** See {@link WatchQueue#read()}. */
    Notification read() {
        Notification notification = read(POLL_FOREVER);
        if (notification == null) {
            throw new IllegalStateException("a wait without end ended");
        }
        return notification;
    }

    /**
     * Waits for the next notification, at most so many milliseconds.
     *
     * @return null if none came in that time
     */
    @Nullable Notification read(int timeoutMillis) {
        VirtualThreads.refuseToWait(WAIT);
        if (reading.isHeldByCurrentThread()) {
            throw new IllegalStateException(
                    WAIT
                            + ": this thread is in a consumer of poll(..), and nobody else can read until"
                            + " that returns; return from it first");
        }
        long deadline = System.nanoTime() + timeoutMillis * 1_000_000L;
        if (!awaitTurn(timeoutMillis, deadline)) {
            return poll();
        }
        try {
            return readInTurn(timeoutMillis, deadline);
        } finally {
            turn.unlock();
        }
    }

    /** Returns false if the time is over first. An interrupt ends no wait, and is kept. */
    private boolean awaitTurn(int timeoutMillis, long deadline) {
        if (timeoutMillis == POLL_FOREVER) {
            turn.lock();
            return true;
        }
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return turn.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
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

    private @Nullable Notification readInTurn(int timeoutMillis, long deadline) {
        try {
            while (true) {
                Notification notification = takeOrAwait();
                if (notification != null) {
                    return notification;
                }
                int remaining =
                        timeoutMillis == POLL_FOREVER
                                ? POLL_FOREVER
                                : (int)
                                        Math.max(
                                                0,
                                                (deadline - System.nanoTime() + 999_999)
                                                        / 1_000_000);
                if (remaining == 0) {
                    return null;
                }
                int fd = readEnd.enter(WAIT);
                try (NativeBuffer scratch = kernel.borrow(POLLFD_BYTES)) {
                    // close() ends this by closing the write end.
                    int result = kernel.poll(fd, Kernel.POLLIN, remaining, scratch);
                    if (result < 0 && result != -Errno.EINTR) {
                        throw Failures.waiting(-result);
                    }
                } finally {
                    readEnd.exit();
                }
            }
        } finally {
            leaveToAnybody();
        }
    }

    /** Takes the next notification; if there is none, what comes is this thread's. */
    private @Nullable Notification takeOrAwait() {
        reading.lock();
        try {
            awaited = false;
            Notification notification = poll();
            awaited = notification == null;
            return notification;
        } finally {
            reading.unlock();
        }
    }

    private void leaveToAnybody() {
        reading.lock();
        try {
            awaited = false;
        } finally {
            reading.unlock();
        }
    }

    /** See {@link WatchQueue#poll()}. */
    @Nullable Notification poll() {
        Single single = new Single();
        poll(1, single);
        return single.notification;
    }

    /** See {@link WatchQueue#poll(int, Predicate)}. */
    int poll(int demand, Predicate<? super Notification> consumer) {
        int fd = readEnd.enter(READ);
        reading.lock();
        try {
            long poll = ++polls;
            exhausted = false;
            int delivered = 0;
            boolean more = true;
            while (more
                    && delivered < demand
                    && (position < limit || fill(fd, demand - delivered))) {
                ByteBuffer bytes = buffer.bytes();
                int end = limit;
                int at = position;
                do {
                    long header = NotificationDecoder.header(bytes, at, end);
                    int next = at + NotificationDecoder.length(header);
                    position = next;
                    delivered++;
                    // Apart, since key changes may be many: the JVM then knows what they are.
                    more =
                            NotificationDecoder.isKeyChange(bytes, header)
                                    ? consumer.test(
                                            NotificationDecoder.decodeKeyChange(bytes, at, header))
                                    : deliver(
                                            NotificationDecoder.decodeOther(bytes, at, header),
                                            consumer);
                    at = next;
                    // Unless the consumer has polled itself, the next one's place is known without
                    // looking it up, which would make each message wait for the one before.
                } while (more && at < end && delivered < demand && polls == poll);
            }
            return delivered;
        } finally {
            carriedBytes = limit - position;
            reading.unlock();
            readEnd.exit();
        }
    }

    private boolean deliver(Notification notification, Predicate<? super Notification> consumer) {
        if (notification instanceof RemovalNotification removal) {
            watches.removed(removal);
        }
        return consumer.test(notification);
    }

    /**
     * Reads once; false if there is nothing. The lock is held, and all that was read before is
     * handed over.
     */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by whoever holds the lock
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
                        (long) demand * KeyNotification.LENGTH, MessageHeader.MAX_MESSAGE_LENGTH + 1);
        int length = (int) Math.min(wanted, buffer.size());
        closings = watches.closings();
        int result;
        do {
            readCalls++;
            result = kernel.read(fd, buffer, length);
        } while (result == -Errno.EINTR);
        if (result == -Errno.EAGAIN) {
            return foundEmpty();
        }
        if (result < 0) {
            throw Failures.reading(-result);
        }
        if (result == 0) {
            // The kernel gives this only when no write end is open any more, and ours is until
            // close().
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
        // a loss behind the last one comes with the next read only (fs/pipe.c, pipe_read).
        unconfirmed += result;
        exhausted =
                length - result > MessageHeader.MAX_MESSAGE_LENGTH && unconfirmed < NEVER_FULL_BYTES;
        position = 0;
        limit = result;
        return true;
    }

    /** Nothing is in it, and no loss pending. */
    private boolean foundEmpty() {
        exhausted = false;
        unconfirmed = 0;
        watches.drained(closings);
        return false;
    }

    private static final class Single implements Predicate<Notification> {
        private @Nullable Notification notification;

        @Override
        public boolean test(Notification next) {
            notification = next;
            return false;
        }
    }
}
