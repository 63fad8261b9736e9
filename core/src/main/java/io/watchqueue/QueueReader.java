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

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * The reading side of a queue. Any thread may use it: one at a time takes messages, and one at a
 * time waits.
 *
 * <p>The kernel wakes a thread that waits in poll(2) for a notification. It does not wake it for a
 * loss after the last notification, nor for messages that another thread has read and not handed
 * over. So one thread at a time waits, and meanwhile no other thread reads from the kernel: the
 * waiting thread finds the next notification, and any loss after it. The next thread looks at the
 * queue before it waits.
 */
final class QueueReader {

    private static final int POLLFD_BYTES = 8; // struct pollfd
    private static final String WAIT = "wait for a notification";
    private static final int POLL_FOREVER = -1;

    private final Kernel kernel;
    private final Descriptor readEnd;

    /** Held by the thread that waits, from its first look at the queue to its last. */
    private final ReentrantLock turn = new ReentrantLock();

    /** Held by the thread that uses the buffer. */
    private final ReentrantLock reading = new ReentrantLock();

    private final ReadBuffer buffer;

    QueueReader(Kernel kernel, Descriptor readEnd, ReadBuffer buffer) {
        this.kernel = kernel;
        this.readEnd = readEnd;
        this.buffer = buffer;
    }

    int bufferedBytes() {
        return buffer.bufferedBytes();
    }

    long readCalls() {
        return buffer.readCalls();
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
     * Waits for the next notification, at most that many milliseconds.
     *
     * @return null if none came in that time
     */
    @Nullable Notification read(int timeoutMillis) {
        VirtualThreads.refuseToWait(WAIT);
        if (reading.isHeldByCurrentThread()) {
            throw new IllegalStateException(
                    WAIT
                            + ": this thread is in a consumer of poll(..), and no other thread can read until"
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

    /**
     * Returns false if the time is over first. An interrupt does not end the wait; the thread stays
     * interrupted.
     */
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

    /** Takes the next notification; if there is none, the next one to come is this thread's. */
    private @Nullable Notification takeOrAwait() {
        reading.lock();
        try {
            buffer.setAwaited(false);
            Notification notification = poll();
            buffer.setAwaited(notification == null);
            return notification;
        } finally {
            reading.unlock();
        }
    }

    private void leaveToAnybody() {
        reading.lock();
        try {
            buffer.setAwaited(false);
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
        int fd = readEnd.enter(ReadBuffer.READ);
        reading.lock();
        try {
            return buffer.handOver(fd, demand, consumer);
        } finally {
            reading.unlock();
            readEnd.exit();
        }
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
