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

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;

/**
 * A notification queue in the kernel: a pipe made with O_NOTIFICATION_PIPE, see watch_queue(7).
 * {@link #watch} attaches keys and keyrings to it. Their changes are read from it in the order in
 * which they happened.
 *
 * <pre>{@code
 * try (WatchQueue queue = WatchQueue.open()) {
 *     queue.watch(Keyring.USER, 1);
 *     Notification first = queue.read();
 * }
 * }</pre>
 *
 * <p><b>Ownership:</b> the caller that opens a queue closes it. The queue owns its watches,
 * including those that are being placed: they end with it, and need not be closed one by one.
 *
 * <p><b>Loss:</b> when the queue is full the kernel drops notifications and marks the place: a
 * {@link LossNotification} comes between the last notification before the gap and the first one
 * after it, even if none follows.
 *
 * <p><b>Threads:</b> any thread may call all methods, except {@link #read()} and {@link
 * #read(Duration)}, which wait. Only platform threads may call these: a virtual thread would hold
 * its carrier thread. {@link #watch} may wait too, for a key under construction. Each notification
 * goes to one reader. While a thread waits, the next notification or loss is that thread's: other
 * threads that call {@code read} wait for their turn, and {@link #poll()} finds nothing. {@link
 * #close()} ends the wait of a reader; Thread.interrupt() does not, because only a signal wakes a
 * thread in a system call.
 *
 * <p><b>Descriptors:</b> the queue owns both ends of its pipe, from {@link #open} to {@link
 * #close()}; if {@code open} fails, it has closed both. If calls are under way, {@code close()}
 * leaves the closing of the descriptor to the last of them, so that its number cannot mean another
 * file in the middle of a call. A call that comes after {@code close()} is refused without a system
 * call. A watch has no descriptor of its own: while one is being placed or removed, the call keeps
 * the queue's open.
 *
 * <p><b>Processes:</b> the descriptors are closed on exec, but a native fork without exec shares
 * the queue with the child, which keeps it alive and may take notifications from it.
 */
public final class WatchQueue implements AutoCloseable {

    /** The most notifications that the kernel keeps in a queue. */
    public static final int MAX_CAPACITY = 512;

    /** About ten times as long as a kernel was seen to need. */
    private static final int PLACE_ATTEMPTS = 20;

    private static final long PLACE_PAUSE_NANOS = 5_000_000;

    private final Kernel kernel;
    private final Descriptor readEnd;
    private final Descriptor writeEnd;
    private final int capacity;
    private final Watches watches = new Watches();
    private volatile Runnable watchesChanged = () -> {};
    private final QueueReader reader;

    private WatchQueue(
            Kernel kernel, Descriptor readEnd, Descriptor writeEnd, int capacity, int bufferBytes) {
        this.kernel = kernel;
        this.readEnd = readEnd;
        this.writeEnd = writeEnd;
        this.capacity = capacity;
        this.reader =
                new QueueReader(
                        kernel,
                        readEnd,
                        new ReadBuffer(kernel, readEnd, writeEnd, watches, bufferBytes));
    }

    /**
     * Opens a queue of 512 notifications without a filter.
     *
     * @return the queue
     * @throws WatchQueueUnsupportedException if this machine has no watch queues
     * @throws ResourceLimitException if there are too many descriptors or pipe pages in use
     */
    public static WatchQueue open() {
        return builder().open();
    }

    /**
     * Begins a queue.
     *
     * @return a builder with a capacity of 512, no filter and no watch
     */
    public static Builder builder() {
        return new Builder(null);
    }

    /**
     * An ordinary pipe with the bytes of notifications in it, for warm-up. It can split a message,
     * which a notification pipe cannot.
     */
    static WatchQueue ofPipe(Kernel kernel, Descriptor readEnd, Descriptor writeEnd) {
        return new WatchQueue(
                kernel, readEnd, writeEnd, MAX_CAPACITY, MAX_CAPACITY * KeyNotification.LENGTH);
    }

    static Builder builder(Kernel kernel) {
        return new Builder(kernel);
    }

    /**
     * Returns how many notifications the kernel keeps before it drops.
     *
     * @return the requested number, rounded up to whole pages of 128-byte slots: to a multiple of
     *     32 where pages have 4 KiB, and always 512 where they have 64 KiB; on kernels before 5.17
     *     further to a power of two
     */
    public int capacity() {
        return capacity;
    }

    /**
     * Sets or replaces the filter, at once for everything posted from now on. Queued notifications
     * stay.
     *
     * @param filter the filter
     * @throws WatchQueueClosedException if the queue is closed
     * @throws ResourceLimitException if the kernel has no memory for it
     */
    public void filter(NotificationFilter filter) {
        try (NativeBuffer encoded = kernel.borrow(filter.encodedLength())) {
            filter.encode(encoded.bytes());
            int result = withDescriptor("set a filter", fd -> kernel.setFilter(fd, encoded));
            if (result < 0) {
                throw Failures.filtering(filter, -result);
            }
        }
    }

    /**
     * Removes the filter, if there is one: everything posted from now on passes.
     *
     * @throws WatchQueueClosedException if the queue is closed
     */
    public void clearFilter() {
        String operation = "clear the filter";
        int result = withDescriptor(operation, kernel::clearFilter);
        if (result < 0) {
            throw Failures.unexpected(operation, -result, "watch_queue(7)");
        }
    }

    /**
     * Attaches a key or keyring: keyctl_watch_key(3). A special keyring is resolved on the calling
     * thread, and created if need be; name what {@link Keyctl#resolve} returns to have none
     * created. Only the key itself is watched: of a keyring, its links, not the keys in it.
     * Permission is checked now, and not when something is posted.
     *
     * <p>Blocks while the key is under construction, and up to 100 ms while the limit of watches is
     * reached. An interrupt ends neither, and is kept.
     *
     * @param key a key that grants View
     * @param tag the tag of its notifications, 0 to 255; need not be unique
     * @return the watch
     * @throws IllegalArgumentException if the tag is out of range
     * @throws AlreadyWatchedException if this queue watches the key; or if it did, with the same
     *     tag, and the last notifications of that watch were not read yet
     * @throws KeyUnavailableException if there is no such key, or it is revoked, expired, or was
     *     rejected by request-key(8), with whatever error number
     * @throws KeyPermissionException if the key does not grant View
     * @throws ResourceLimitException if the user has as many watches as the soft RLIMIT_NOFILE of
     *     this process allows, and still has after 100 ms
     * @throws WatchQueueUnsupportedException if the kernel has no key notifications
     * @throws WatchQueueClosedException if the queue is closed
     */
    public Watch watch(KeyId key, int tag) {
        Objects.requireNonNull(key, "key");
        String operation = "watch key " + key;
        Tags.check(operation, tag);
        int fd = readEnd.enter(operation);
        try {
            int serial = resolve(key, true);
            if (serial < 0) {
                throw Failures.watching(key, tag, -serial);
            }
            return place(fd, key, new Watch(this, KeyId.of(serial), tag));
        } finally {
            readEnd.exit();
            watchesChanged.run();
        }
    }

    private Watch place(int fd, KeyId named, Watch watch) {
        watches.placing(watch);
        boolean placed = false;
        try {
            int result = place(fd, watch.key().value(), watch.tag());
            if (result < 0) {
                throw isRejected(watch.key().value(), -result)
                        ? Failures.rejected(named, watch.tag(), -result)
                        : Failures.watching(named, watch.tag(), -result);
            }
            placed = true;
        } finally {
            if (!placed) {
                watches.notPlaced(watch);
            }
        }
        watches.placed(watch);
        return watch;
    }

    /**
     * Returns whether a watch failed with the error number with which request-key(8) has rejected
     * the key. It may be any. Until the key is instantiated or has expired, each use of it fails
     * with that number, and only its description can still be read.
     */
    private boolean isRejected(int serial, int errno) {
        if (errno == Errno.EACCES
                || Interrupted.retry(() -> kernel.keyringId(serial, false)) != -errno) {
            return false;
        }
        try (NativeBuffer scratch = kernel.borrow(Integer.BYTES)) {
            return Interrupted.retry(() -> kernel.describeKey(serial, scratch)) > 0;
        }
    }

    /** Returns a serial, or a negated error number. */
    private int resolve(KeyId key, boolean create) {
        return key.isSpecial()
                ? Interrupted.retry(() -> kernel.keyringId(key.value(), create))
                : key.value();
    }

    /**
     * A watch that ended a moment ago still counts against the limit, because the kernel counts
     * down in an RCU callback. If the limit is reached, the call is repeated a few times.
     */
    private int place(int fd, int serial, int tag) {
        for (int attempt = 1; ; attempt++) {
            int result = Interrupted.retry(() -> kernel.watchKey(serial, fd, tag));
            if (result != -Errno.EAGAIN || attempt == PLACE_ATTEMPTS) {
                return result;
            }
            Interrupted.pause(PLACE_PAUSE_NANOS);
        }
    }

    /**
     * Removes the watch on a key, as its {@link Watch#close()} does.
     *
     * @param key the key; a special keyring is resolved on the calling thread
     * @return false if this queue did not watch it
     * @throws WatchQueueException if the kernel refuses; the watch stays
     */
    public boolean unwatch(KeyId key) {
        Objects.requireNonNull(key, "key");
        int serial = resolve(key, false);
        if (serial == -Errno.ENOKEY) {
            return false;
        }
        if (serial < 0) {
            throw Failures.key("unwatch key " + key, -serial);
        }
        Watch watch = watches.of(serial);
        if (watch == null) {
            return false;
        }
        watch.close();
        return true;
    }

    void unwatch(Watch watch) {
        int fd = readEnd.tryEnter();
        if (fd == Descriptor.NONE) {
            return;
        }
        try {
            if (!watches.closing(watch)) {
                return;
            }
            boolean closed = false;
            try {
                int serial = watch.key().value();
                int result = Interrupted.retry(() -> kernel.watchKey(serial, fd, -1));
                closed = isGone(watch, result);
            } finally {
                if (closed) {
                    watches.closed(watch);
                } else {
                    watches.notClosed(watch);
                }
            }
        } finally {
            readEnd.exit();
            watchesChanged.run();
        }
    }

    /** Returns whether a watch is gone, by the kernel's answer to its removal. */
    private static boolean isGone(Watch watch, int result) {
        return switch (-result) {
            case 0, Errno.EBADSLT, Errno.ENOKEY -> true; // now, or before
            case Errno.EKEYREVOKED, Errno.EKEYEXPIRED, Errno.EACCES -> false;
            default -> throw Failures.key("remove " + watch, -result);
        };
    }

    /**
     * Returns the watches of this queue: the keys to look at again after a loss.
     *
     * @return a copy, in the order in which they were placed; without those that were closed, and
     *     those whose removal was read. One whose removal was lost stays until it is closed
     */
    public List<Watch> watches() {
        return watches.list();
    }

    /**
     * Returns whether nothing more can come from the watches that this queue had: all are gone, and
     * their last notifications were read, up to their removals. If the removal of a destroyed key
     * was lost, its watch is not known to be gone.
     *
     * @return true then; false if there is a watch, or never was one
     */
    public boolean isUnwatched() {
        return watches.haveEnded();
    }

    /**
     * Sets a listener that is called whenever this process may have changed the watches: after each
     * {@link #watch} and each closing of a watch, successful or not, on the thread that did it.
     * {@link #isUnwatched()} may be true then, or may become so once the queue is read until it is
     * empty. A removal that the kernel posts is not reported here, because a reader sees it.
     *
     * @param listener replaces the one before; must not throw
     */
    public void onWatchesChanged(Runnable listener) {
        watchesChanged = Objects.requireNonNull(listener, "listener");
    }

    /**
     * Waits for the next notification.
     *
     * @return the notification
     * @throws WatchQueueClosedException if the queue is closed, before or while waiting
     * @throws NotificationFormatException if the kernel's bytes are not notifications
     * @throws IllegalStateException on a virtual thread, or in a consumer of {@link #poll(int,
     *     Predicate)}
     */
    public Notification read() {
        return reader.read();
    }

    /**
     * Waits for the next notification for some time.
     *
     * @param timeout how long; in effect milliseconds, rounded up, at most 24 days; not to wait if
     *     zero or negative
     * @return the notification, or null if none came in that time
     * @throws WatchQueueClosedException if the queue is closed, before or while waiting
     * @throws NotificationFormatException if the kernel's bytes are not notifications
     * @throws IllegalStateException if it would wait on a virtual thread, or in a consumer of
     *     {@link #poll(int, Predicate)}
     */
    public @Nullable Notification read(Duration timeout) {
        if (timeout.isNegative() || timeout.isZero()) {
            return poll();
        }
        long millis =
                timeout.compareTo(Duration.ofMillis(Integer.MAX_VALUE)) >= 0
                        ? Integer.MAX_VALUE
                        : timeout.plusNanos(999_999).toMillis();
        return reader.read((int) Math.min(millis, Integer.MAX_VALUE));
    }

    /**
     * Takes the next notification without waiting.
     *
     * @return the notification, or null if there is none now, or another thread waits for it in
     *     {@link #read()}
     * @throws WatchQueueClosedException if the queue is closed
     * @throws NotificationFormatException if the kernel's bytes are not notifications
     */
    public @Nullable Notification poll() {
        return reader.poll();
    }

    /**
     * Hands over the notifications that are there, without waiting. Reads no more from the kernel
     * than is demanded, except for the rest of one small read, which the next call hands over
     * first. All others stay in the kernel's queue.
     *
     * <p>If fewer than {@code demand} were handed over and the consumer did not stop, the last read
     * left the queue empty, with no loss pending; the next notification makes it readable again. If
     * another thread waits in {@link #read()}, nothing is read, because the next notification is
     * that thread's.
     *
     * @param demand how many notifications to hand over at most, at least 1
     * @param consumer receives each notification on the calling thread, and returns false to
     *     receive no more
     * @return how many were handed over
     * @throws IllegalArgumentException if the demand is not positive
     * @throws WatchQueueClosedException if the queue is closed
     * @throws NotificationFormatException if the kernel's bytes are not notifications
     */
    public int poll(int demand, Predicate<? super Notification> consumer) {
        if (demand < 1) {
            throw new IllegalArgumentException("poll: demand " + demand + " is not positive");
        }
        return reader.poll(demand, consumer);
    }

    /**
     * Closes the queue: all its watches end, and unread notifications are discarded. Ends the wait
     * of a thread that is in {@link #read()}. The descriptors are closed when the last call that is
     * under way on them has returned, so that no other file can take their numbers in the middle of
     * one. Never blocks, and does nothing the second time.
     */
    @Override
    public void close() {
        if (readEnd.close()) {
            // Without this end a waiting poll(2) returns with POLLHUP.
            writeEnd.close();
        }
    }

    /**
     * Returns when both descriptors are closed: with {@link #close()}, or when the last call that
     * was under way then has returned, such as a {@link #watch} that waits for a key under
     * construction.
     *
     * @return completes then, on the thread that closed the last one; never fails
     */
    public CompletionStage<Void> onClose() {
        return CompletableFuture.allOf(readEnd.onClose(), writeEnd.onClose());
    }

    /**
     * Returns whether the queue is closed.
     *
     * @return true after {@link #close()}
     */
    public boolean isClosed() {
        return readEnd.isClosed();
    }

    @Override
    public String toString() {
        return "WatchQueue[capacity=" + capacity + (isClosed() ? ", closed]" : "]");
    }

    /**
     * Asks the kernel how much is queued: FIONREAD.
     *
     * @return the bytes that can be read from the kernel now, without a loss that comes after them,
     *     and without bytes that were read but not handed over yet
     * @throws WatchQueueClosedException if the queue is closed
     */
    public int queuedBytes() {
        String operation = "ask how much is queued";
        try (NativeBuffer scratch = kernel.borrow(Integer.BYTES)) {
            int result = withDescriptor(operation, fd -> kernel.bytesQueued(fd, scratch));
            if (result < 0) {
                throw Failures.unexpected(operation, -result, "ioctl(2)");
            }
            return result;
        }
    }

    /**
     * Returns how many bytes were read from the kernel but not handed over yet. A demand smaller
     * than one read leaves some.
     *
     * @return less than 128, plus 8 for each loss that was read, because a loss is shorter than the
     *     notification there was room for; more if a consumer stopped before its demand was met
     */
    public int bufferedBytes() {
        return reader.bufferedBytes();
    }

    /**
     * Returns the number of read(2) calls, including those that found nothing.
     *
     * @return the number since this queue was opened
     */
    public long readCalls() {
        return reader.readCalls();
    }

    Kernel kernel() {
        return kernel;
    }

    /** Runs a call on the read end's number. */
    int withDescriptor(String operation, DescriptorCall call) {
        int fd = readEnd.enter(operation);
        try {
            return call.on(fd);
        } finally {
            readEnd.exit();
        }
    }

    interface DescriptorCall {
        int on(int fd);
    }

    /** Opens queues. Can be changed and used again. Not for use by several threads at once. */
    public static final class Builder {

        private final @Nullable Kernel kernel;
        private final Map<KeyId, Integer> watches = new LinkedHashMap<>();
        private int capacity = MAX_CAPACITY;
        private @Nullable NotificationFilter filter;

        private Builder(@Nullable Kernel kernel) {
            this.kernel = kernel;
        }

        /**
         * Returns a builder of the same settings, which does not change with this one.
         *
         * @return a copy
         */
        public Builder copy() {
            Builder copy = new Builder(kernel);
            copy.capacity = capacity;
            copy.filter = filter;
            copy.watches.putAll(watches);
            return copy;
        }

        /**
         * Sets how many notifications the kernel is to keep before it drops. Defaults to {@value
         * #MAX_CAPACITY}, which costs 64 KiB of kernel memory.
         *
         * @param capacity 1 to 512; rounded up to whole pages, see {@link WatchQueue#capacity()}
         * @return this
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder capacity(int capacity) {
            if (capacity < 1 || capacity > MAX_CAPACITY) {
                throw new IllegalArgumentException(
                        "capacity "
                                + capacity
                                + " is not from 1 to "
                                + MAX_CAPACITY
                                + ", which is what the kernel's IOC_WATCH_QUEUE_SET_SIZE takes");
            }
            this.capacity = capacity;
            return this;
        }

        /**
         * Sets the filter: the kernel queues only notifications that pass it. Defaults to none.
         *
         * @param filter the filter, or null for everything
         * @return this
         */
        public Builder filter(@Nullable NotificationFilter filter) {
            this.filter = filter;
            return this;
        }

        /**
         * Has each queue watch a key from the start, see {@link WatchQueue#watch}.
         *
         * @param key a key that grants View when the queue is opened
         * @param tag the tag of its notifications, 0 to 255
         * @return this
         * @throws IllegalArgumentException if the tag is out of range, or the key has been named
         *     before: a queue watches a key once
         */
        public Builder watch(KeyId key, int tag) {
            Objects.requireNonNull(key, "key");
            Tags.check("watch key " + key, tag);
            if (watches.putIfAbsent(key, tag) != null) {
                throw new IllegalArgumentException(
                        "watch key "
                                + key
                                + ": it is named already, and a queue watches a key once, with one tag");
            }
            return this;
        }

        /**
         * Opens a queue: pipe2(2), IOC_WATCH_QUEUE_SET_SIZE, IOC_WATCH_QUEUE_SET_FILTER and
         * KEYCTL_WATCH_KEY, in this order. Special keyrings are resolved on the calling thread. If
         * one of these fails, nothing is left open.
         *
         * @return the queue
         * @throws WatchQueueUnsupportedException if this machine has no watch queues
         * @throws ResourceLimitException if there are too many descriptors, pipe pages or watches
         *     in use
         * @throws WatchQueueException as {@link WatchQueue#watch} does
         */
        public WatchQueue open() {
            Kernel kernel =
                    this.kernel != null
                            ? this.kernel
                            : WatchQueueSupport.systemKernel("open a watch queue");
            WatchQueue queue = open(kernel);
            try {
                if (filter != null) {
                    queue.filter(filter);
                }
                watches.forEach(queue::watch);
                return queue;
            } catch (Throwable e) {
                queue.close();
                throw e;
            }
        }

        /**
         * Makes the pipe, and sizes it before anything else can be done with it: until then the
         * kernel drops everything, without a loss.
         */
        private WatchQueue open(Kernel kernel) {
            long pipe =
                    kernel.pipe2(Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
            if (pipe < 0) {
                throw Failures.opening((int) -pipe);
            }
            int readEnd = (int) pipe;
            int writeEnd = (int) (pipe >>> 32);
            try {
                int slots = Capacity.slots(capacity, kernel.pageSize(), kernel.release());
                int result = kernel.setSize(readEnd, slots);
                if (result < 0) {
                    throw Failures.sizing(slots, -result);
                }
                int bytes = kernel.pipeSize(readEnd);
                if (bytes < 0) {
                    throw Failures.unexpected("read the size of a watch queue", -bytes, "fcntl(2)");
                }
                int granted = Capacity.effective(slots, bytes);
                // A full queue of key notifications, with a loss: no larger read would find more.
                return new WatchQueue(
                        kernel,
                        new Descriptor(kernel, readEnd),
                        new Descriptor(kernel, writeEnd),
                        granted,
                        granted * KeyNotification.LENGTH + LossNotification.LENGTH);
            } catch (Throwable e) {
                kernel.close(readEnd);
                kernel.close(writeEnd);
                throw e;
            }
        }
    }
}
