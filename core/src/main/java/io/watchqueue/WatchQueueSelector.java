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

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Lets one thread wait for many queues, as java.nio's Selector does for channels: epoll(7), with a
 * cost that does not grow with the number of queues that are silent. It is for libraries that read
 * many queues on a thread of their own, as watchqueue-reactor does; a program that has one queue
 * calls {@link WatchQueue#read()}.
 *
 * <p>Readiness is reported when it begins, not for as long as it lasts: a reported queue must be
 * {@linkplain WatchQueue#poll(int, java.util.function.Predicate) read} until it is empty before it
 * is reported again. A loss after the last notification wakes nobody; reading until the queue is
 * empty finds it.
 *
 * <p><b>Threads:</b> one thread registers, selects and closes; {@link #wakeup()} may be called from
 * any. {@link #select} is for platform threads, and refused on virtual ones.
 *
 * <p><b>Descriptors:</b> the selector owns two, an epoll instance and an eventfd, from {@link
 * #open} to {@link #close()}. A queue's own descriptor stays the queue's: the selector uses its
 * number only in calls during which the queue keeps it open.
 */
public final class WatchQueueSelector implements AutoCloseable {

    private static final int EVENTS_AT_ONCE = 64;
    private static final long WAKEUP = Registrations.NO_ID;

    /** EPOLLET alone: EPOLLHUP cannot be masked, so it is reported once instead of always. */
    private static final int DISARMED = Kernel.EPOLLET;

    private static final String OPEN = "open a selector";
    private static final String SELECT = "select a watch queue";

    private final Kernel kernel;
    private final Descriptor epoll;
    private final Descriptor eventfd;
    private final NativeBuffer events;
    private final NativeBuffer scratch;
    private final Registrations registrations = new Registrations();

    private WatchQueueSelector(
            Kernel kernel,
            Descriptor epoll,
            Descriptor eventfd,
            NativeBuffer events,
            NativeBuffer scratch) {
        this.kernel = kernel;
        this.epoll = epoll;
        this.eventfd = eventfd;
        this.events = events;
        this.scratch = scratch;
    }

    /**
     * Opens a selector, which takes two descriptors.
     *
     * @return the selector
     * @throws ResourceLimitException if there are too many descriptors in use
     * @throws WatchQueueUnsupportedException if this is not a Linux that this library knows
     */
    public static WatchQueueSelector open() {
        return open(WatchQueueSupport.systemKernel(OPEN));
    }

    /**
     * Opens a selector that takes such queues as that one: those of the same kernel, which matters
     * where tests simulate one.
     *
     * @param queue a queue, open or closed
     * @return the selector
     * @throws ResourceLimitException if there are too many descriptors in use
     */
    public static WatchQueueSelector openFor(WatchQueue queue) {
        return open(queue.kernel());
    }

    /**
     * Returns whether a queue can be registered: whether it is of the kernel that this selector
     * waits in.
     *
     * @param queue a queue
     * @return true unless one of them is of a simulated kernel, and the other is not of the same
     */
    public boolean accepts(WatchQueue queue) {
        return queue.kernel() == kernel;
    }

    static WatchQueueSelector open(Kernel kernel) {
        // Memory first: without it, nothing is opened.
        NativeBuffer events = kernel.allocate(EVENTS_AT_ONCE * kernel.epollEventSize());
        NativeBuffer scratch = kernel.allocate(kernel.epollEventSize());
        int epoll = kernel.epollCreate(Kernel.O_CLOEXEC);
        if (epoll < 0) {
            throw Failures.descriptor(OPEN, -epoll, "epoll_create1(2)");
        }
        int eventfd = Descriptor.NONE;
        try {
            eventfd = kernel.eventfd(Kernel.O_CLOEXEC | Kernel.O_NONBLOCK);
            if (eventfd < 0) {
                throw Failures.descriptor(OPEN, -eventfd, "eventfd(2)");
            }
            // Edge-triggered, so that the count need never be read back.
            int result =
                    kernel.epollControl(
                            epoll,
                            Kernel.EPOLL_CTL_ADD,
                            eventfd,
                            Kernel.EPOLLIN | Kernel.EPOLLET,
                            WAKEUP,
                            scratch);
            if (result < 0) {
                throw Failures.descriptor(OPEN, -result, "epoll_ctl(2)");
            }
            return new WatchQueueSelector(
                    kernel,
                    new Descriptor(kernel, epoll),
                    new Descriptor(kernel, eventfd),
                    events,
                    scratch);
        } catch (Throwable e) {
            kernel.close(epoll);
            if (eventfd >= 0) {
                kernel.close(eventfd);
            }
            throw e;
        }
    }

    /**
     * Adds a queue, at first not armed.
     *
     * @param queue a queue that this selector does not have
     * @param attachment what {@link Registration#attachment()} is to return
     * @return the registration
     * @throws IllegalArgumentException if this selector does not {@linkplain #accepts accept} the
     *     queue
     * @throws WatchQueueClosedException if the queue or the selector is closed
     * @throws ResourceLimitException if the kernel has no memory, or fs.epoll.max_user_watches is
     *     reached
     */
    public Registration register(WatchQueue queue, Object attachment) {
        Objects.requireNonNull(attachment, "attachment");
        if (!accepts(queue)) {
            throw new IllegalArgumentException(
                    "register "
                            + queue
                            + ": it is of another kernel than this selector, because one of them is"
                            + " simulated; open the selector by openFor(queue)");
        }
        Registration registration = new Registration(queue, attachment, registrations.nextId());
        registration.control(Kernel.EPOLL_CTL_ADD, DISARMED);
        registrations.add(registration);
        return registration;
    }

    /**
     * Waits until an armed queue has something to read, or {@link #wakeup()} is called.
     *
     * @param ready receives each queue that has become readable
     * @throws WatchQueueClosedException if the selector is closed
     * @throws IllegalStateException on a virtual thread, which would hold its carrier thread for as
     *     long as it waits
     */
    public void select(Consumer<? super Registration> ready) {
        VirtualThreads.refuseToWait("wait for watch queues");
        select(ready, -1);
    }

    /**
     * Does not wait.
     *
     * @param ready receives each queue that has become readable
     * @throws WatchQueueClosedException if the selector is closed
     */
    public void selectNow(Consumer<? super Registration> ready) {
        select(ready, 0);
    }

    private void select(Consumer<? super Registration> ready, int timeoutMillis) {
        String operation = "wait for watch queues";
        int fd = epoll.enter(operation);
        try {
            int count = kernel.epollWait(fd, events, timeoutMillis);
            if (count < 0 && count != -Errno.EINTR) {
                throw Failures.unexpected(operation, -count, "epoll_wait(2)");
            }
            for (int i = 0; i < count; i++) {
                // Null for the wakeup, and for a queue that was cancelled after its event had come.
                Registration registration = registrations.get(kernel.epollData(events, i));
                if (registration != null) {
                    ready.accept(registration);
                }
            }
        } finally {
            epoll.exit();
        }
    }

    /**
     * Ends the current wait, or else the next one at once. May be called from any thread, even if
     * the selector is closed.
     *
     * @throws WatchQueueException if the kernel refuses, and the wait goes on; for example because
     *     something else has closed the selector's descriptor
     */
    public void wakeup() {
        int fd = eventfd.tryEnter();
        if (fd == Descriptor.NONE) {
            return;
        }
        try {
            int result;
            do {
                result = kernel.signalEventfd(fd);
            } while (result == -Errno.EINTR);
            if (result < 0) {
                throw Failures.unexpected("wake a selector", -result, "eventfd(2)");
            }
        } finally {
            eventfd.exit();
        }
    }

    /** Closes the selector, but none of the queues. */
    @Override
    public void close() {
        registrations.clear();
        epoll.close();
        eventfd.close();
    }

    /**
     * Registrations by id. The low half is the slot, the high half a generation number, so that a
     * late event does not match a reused slot. Finding one allocates nothing.
     */
    private static final class Registrations {

        static final long NO_ID = 0;

        private final List<@Nullable Registration> places = new ArrayList<>();
        private final ArrayDeque<Integer> free = new ArrayDeque<>();
        private int before;

        long nextId() {
            Integer place = free.peek();
            return (long) ++before << 32 | (place != null ? place : places.size());
        }

        void add(Registration registration) {
            if (free.poll() == null) {
                places.add(registration);
            } else {
                places.set((int) registration.id, registration);
            }
        }

        @Nullable Registration get(long id) {
            int place = (int) id;
            Registration registration = place < places.size() ? places.get(place) : null;
            return registration != null && registration.id == id ? registration : null;
        }

        boolean remove(Registration registration) {
            if (get(registration.id) == null) {
                return false;
            }
            int place = (int) registration.id;
            places.set(place, null);
            free.push(place);
            return true;
        }

        void clear() {
            places.clear();
            free.clear();
        }
    }

    /** A queue of this selector. */
    public final class Registration {

        private final WatchQueue queue;
        private final Object attachment;
        private final long id;
        private boolean armed;

        private Registration(WatchQueue queue, Object attachment, long id) {
            this.queue = queue;
            this.attachment = attachment;
            this.id = id;
        }

        /**
         * Returns the queue.
         *
         * @return the queue
         */
        public WatchQueue queue() {
            return queue;
        }

        /**
         * Returns the attachment.
         *
         * @return the object passed to {@link WatchQueueSelector#register}
         */
        public Object attachment() {
            return attachment;
        }

        /**
         * Arms the queue: it is reported when something can be read, and at once if that is so
         * already. Does nothing if it is armed.
         *
         * @throws WatchQueueClosedException if the queue or the selector is closed
         */
        public void arm() {
            if (!armed) {
                control(Kernel.EPOLL_CTL_MOD, DISARMED | Kernel.EPOLLIN);
                armed = true;
            }
        }

        /**
         * Disarms the queue: it is no longer reported, and wakes nobody. Does nothing if it is not
         * armed, or is closed.
         *
         * @throws WatchQueueClosedException if the selector is closed, or the queue meanwhile
         */
        public void disarm() {
            if (armed && !queue.isClosed()) {
                control(Kernel.EPOLL_CTL_MOD, DISARMED);
                armed = false;
            }
        }

        /**
         * Removes the queue from the selector. Does nothing if it is removed, or either is closed.
         */
        public void cancel() {
            if (!registrations.remove(this) || queue.isClosed()) {
                return;
            }
            try {
                // Its failure would change nothing: closing the queue, or the selector, removes it
                // as well.
                change(Kernel.EPOLL_CTL_DEL, 0);
            } catch (WatchQueueClosedException e) {
                // Closed meanwhile, by another thread.
            }
        }

        private void control(int operation, int interest) {
            int result = change(operation, interest);
            if (result < 0) {
                throw Failures.descriptor(SELECT, -result, "epoll_ctl(2)");
            }
        }

        private int change(int operation, int interest) {
            int instance = epoll.enter(SELECT);
            try {
                return queue.withDescriptor(
                        SELECT,
                        fd -> kernel.epollControl(instance, operation, fd, interest, id, scratch));
            } finally {
                epoll.exit();
            }
        }
    }
}
