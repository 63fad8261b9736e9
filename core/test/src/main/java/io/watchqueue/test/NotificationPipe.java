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
package io.watchqueue.test;

import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pipe made with O_NOTIFICATION_PIPE: kernel/watch_queue.c puts messages in, and fs/pipe.c takes
 * them out. Has no lock of its own.
 */
final class NotificationPipe extends Pipe {

    static final int SLOT_SIZE = 128;

    private static final int MOST_SLOTS = 512;
    private static final int PAGES_BEFORE_SIZED = 16;

    private static final class Slot {
        final byte[] message;
        boolean lossBehind;
        boolean lossShows;

        Slot(byte[] message) {
            this.message = message;
        }
    }

    private final int pageSize;
    private int pages = PAGES_BEFORE_SIZED;
    private int slots;
    private final Deque<Slot> queued = new ArrayDeque<>();

    /** The next read starts with a loss: {@code note_loss}. */
    private boolean lossNext;

    /**
     * The pending loss makes the pipe readable. A kernel's does not; but a reader looks for one
     * only after the queue can have been full, and a test posts one at any time.
     */
    private boolean lossShows;

    private @Nullable KernelFilter filter;
    private int dropping;

    /** By key, in the order in which they were placed. */
    final Map<SimulatedKey, SimulatedWatch> watches = new LinkedHashMap<>();

    NotificationPipe(int pageSize) {
        this.pageSize = pageSize;
    }

    void setSize(int notes) {
        if (slots != 0) {
            throw new KernelError(Errno.EBUSY);
        }
        // The kernel takes the number as unsigned.
        if (notes < 1 || notes > MOST_SLOTS) {
            throw new KernelError(Errno.EINVAL);
        }
        int slotsOfAPage = pageSize / SLOT_SIZE;
        pages = (notes + slotsOfAPage - 1) / slotsOfAPage;
        slots = pages * slotsOfAPage;
    }

    @Override
    int bytes() {
        return pages * pageSize;
    }

    int capacity() {
        return slots;
    }

    void setFilter(@Nullable KernelFilter filter) {
        this.filter = filter;
    }

    @Nullable KernelFilter filter() {
        return filter;
    }

    /** Queues a message of a source, if the filter passes it. */
    void post(byte[] message) {
        KernelFilter current = filter;
        if (current == null || current.passes(message)) {
            put(message);
        }
    }

    /** Queues a message past the filter: a removal, or a message that a test posts. */
    void put(byte[] message) {
        if (slots == 0) {
            return; // before it has a size, a queue drops without a mark
        }
        if (dropping > 0) {
            if (--dropping == 0) {
                postLoss();
            } else {
                drop(false);
            }
        } else if (queued.size() == slots) {
            drop(false);
        } else {
            queued.add(new Slot(message));
            wake();
        }
    }

    /** A loss wakes nobody. */
    private void drop(boolean shows) {
        Slot last = queued.peekLast();
        if (last != null) {
            last.lossBehind = true;
            last.lossShows |= shows;
        } else {
            lossNext = true;
            lossShows |= shows;
        }
    }

    /** Marks a loss here, and wakes the reader for it. */
    void postLoss() {
        drop(true);
        wake();
    }

    /** Drops the next messages, as if the queue were full. */
    void dropNext(int notifications) {
        dropping += notifications;
    }

    @Override
    int read(ByteBuffer target, int length) {
        if (length == 0) {
            return 0;
        }
        int at = 0;
        while (true) {
            if (lossNext) {
                byte[] loss = Messages.loss();
                if (loss.length > length - at) {
                    return at == 0 ? -Errno.ENOBUFS : at;
                }
                target.put(at, loss);
                at += loss.length;
                lossNext = false;
                lossShows = false;
            }
            Slot next = queued.peek();
            if (next == null) {
                break;
            }
            if (next.message.length > length - at) {
                return at == 0 ? -Errno.ENOBUFS : at;
            }
            target.put(at, next.message);
            at += next.message.length;
            queued.remove();
            lossNext = next.lossBehind;
            lossShows = next.lossShows;
            // A loss after the last message is for the next read.
            if (at == length || queued.isEmpty()) {
                break;
            }
        }
        if (lossShows) {
            wake(); // for the loss alone, as for a message in an empty queue
        }
        if (at > 0) {
            return at;
        }
        return readNothing();
    }

    @Override
    int bytesQueued() {
        return queued.stream().mapToInt(slot -> slot.message.length).sum();
    }

    int queued() {
        return queued.size();
    }

    @Override
    boolean isReadable() {
        return !queued.isEmpty() || lossShows;
    }

    List<SimulatedWatch> watchList() {
        return new ArrayList<>(watches.values());
    }
}
