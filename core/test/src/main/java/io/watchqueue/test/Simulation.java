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
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import java.util.function.Supplier;

/**
 * The system calls of the simulated kernel. The lock of this object guards all state; calls that
 * wait are notified by it.
 */
class Simulation implements Kernel {

    private static final int EPOLL_EVENT_SIZE = 16;
    private static final int EPOLL_DATA_OFFSET = 8;
    private static final int PIPE_FLAGS = O_NONBLOCK | O_CLOEXEC;

    /** The KEYCTL_CAPABILITIES: all but public keys, Diffie-Hellman and big keys. */
    private static final byte[] CAPABILITIES = {(byte) 0xe3, 0x07};

    /** The process, its limits and the machine. */
    record Settings(
            int uid, int gid, int openFiles, int pageSize, String release, Duration gcDelay) {}

    final Descriptors descriptors;
    final KeyTable table;
    final KeyLookup lookup;
    final KeySystemCalls keys;
    final CallLog log = new CallLog();

    /** All queues that were opened, the oldest first. */
    final List<NotificationPipe> pipes = new ArrayList<>();

    /** Whether /dev/null is mounted over /proc/keys, as container runtimes do. */
    boolean procKeysMasked;

    private final Settings settings;

    Simulation(Settings settings, Instant now) {
        this.settings = settings;
        this.descriptors = new Descriptors(settings.openFiles);
        this.table = new KeyTable(settings.gcDelay.toSeconds(), now);
        table.keepKeyringsOf(descriptors::owners);
        this.lookup = new KeyLookup(table, settings.uid, settings.gid, this);
        this.keys = new KeySystemCalls(table, lookup, settings.pageSize, settings.openFiles);
    }

    /** Makes a call: counts it, lets it fail if that is planned, and collects garbage. */
    int call(NativeCall call, IntSupplier body) {
        synchronized (this) {
            try {
                log.count(call);
                log.failIfPlanned(call);
                return body.getAsInt();
            } catch (KernelError e) {
                return -e.errno;
            } finally {
                table.collect();
                notifyAll();
            }
        }
    }

    @Override
    public NativeBuffer allocate(int size) {
        return NativeBuffer.onHeap(size);
    }

    @Override
    public NativeBuffer borrow(int size) {
        return NativeBuffer.onHeap(size);
    }

    @Override
    public String release() {
        return settings.release;
    }

    @Override
    public int pageSize() {
        return settings.pageSize;
    }

    @Override
    public synchronized int userId() {
        return lookup.current().uid();
    }

    // Descriptors

    @Override
    public long pipe2(int flags) {
        int[] ends = new int[2];
        int result =
                call(
                        NativeCall.PIPE2,
                        () -> {
                            if ((flags & ~O_NOTIFICATION_PIPE) != PIPE_FLAGS) {
                                throw new KernelError(Errno.EINVAL);
                            }
                            if (!descriptors.isRoomFor(2)) {
                                throw new KernelError(Errno.EMFILE);
                            }
                            Pipe pipe = pipe(flags);
                            Credentials owner = lookup.current();
                            ends[0] = descriptors.open(new Descriptors.PipeEnd(pipe, true, owner));
                            ends[1] = descriptors.open(new Descriptors.PipeEnd(pipe, false, owner));
                            return 0;
                        });
        return result < 0 ? result : (long) ends[1] << 32 | ends[0];
    }

    private Pipe pipe(int flags) {
        if ((flags & O_NOTIFICATION_PIPE) == 0) {
            return new BytePipe(settings.pageSize);
        }
        NotificationPipe pipe = new NotificationPipe(settings.pageSize);
        pipes.add(pipe);
        return pipe;
    }

    /** Closes the descriptor even if it fails, as the real call does. */
    @Override
    public int close(int fd) {
        synchronized (this) {
            int result = call(NativeCall.CLOSE, () -> 0);
            int closed =
                    change(
                            () -> {
                                try {
                                    release(descriptors.close(fd));
                                    return 0;
                                } catch (KernelError e) {
                                    return -e.errno;
                                }
                            });
            return result < 0 ? result : closed;
        }
    }

    private void release(Descriptors.File file) {
        if (file instanceof Descriptors.PipeEnd end) {
            end.pipe().endClosed(end.read());
            if (end.pipe() instanceof NotificationPipe pipe && pipe.isClosed()) {
                keys.forget(pipe);
            }
        }
    }

    /** The queue of a descriptor. */
    NotificationPipe queue(String call, int fd) {
        if (pipe(call, fd) instanceof NotificationPipe pipe) {
            return pipe;
        }
        throw new KernelError(Errno.ENODEV);
    }

    private Pipe pipe(String call, int fd) {
        return descriptors.get(call, fd, Descriptors.PipeEnd.class, Errno.ENOTTY).pipe();
    }

    @Override
    public int read(int fd, NativeBuffer buffer, int length) {
        return call(
                NativeCall.READ,
                () -> {
                    Descriptors.PipeEnd end =
                            descriptors.get("read", fd, Descriptors.PipeEnd.class, Errno.EINVAL);
                    if (!end.read()) {
                        throw new KernelError(Errno.EBADF);
                    }
                    return end.pipe().read(buffer.bytes(), length);
                });
    }

    @Override
    public int write(int fd, NativeBuffer bytes) {
        return call(
                NativeCall.WRITE,
                () -> {
                    Descriptors.PipeEnd end =
                            descriptors.get("write", fd, Descriptors.PipeEnd.class, Errno.EINVAL);
                    if (end.read()) {
                        throw new KernelError(Errno.EBADF);
                    }
                    if (end.pipe() instanceof BytePipe pipe) {
                        return pipe.write(bytes.bytes(), bytes.size());
                    }
                    throw new KernelError(Errno.EXDEV);
                });
    }

    @Override
    public int poll(int fd, int events, int timeoutMillis, NativeBuffer scratch) {
        return call(
                NativeCall.POLL,
                () ->
                        await(
                                NativeCall.POLL,
                                timeoutMillis,
                                () -> pipe("poll", fd).ready() & (events | POLLHUP)));
    }

    /** Waits until there is a result other than 0. An interrupt does not end the wait. */
    private int await(NativeCall call, int timeoutMillis, IntSupplier look) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        boolean interrupted = false;
        try {
            while (true) {
                int result = look.getAsInt();
                long remaining = deadline - System.nanoTime();
                if (result != 0 || timeoutMillis == 0 || timeoutMillis > 0 && remaining <= 0) {
                    return result;
                }
                try {
                    pause(timeoutMillis < 0 ? 0 : TimeUnit.NANOSECONDS.toMillis(remaining) + 1);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
                // Like a signal, this ends a wait that is under way.
                log.failIfPlanned(call);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Releases the lock until something has happened, or the time is over; 0 means no limit. */
    @SuppressWarnings("WaitNotInLoop") // the callers' loop
    void pause(long millis) throws InterruptedException {
        wait(millis);
    }

    @Override
    public int pipeSize(int fd) {
        return call(NativeCall.GET_PIPE_SIZE, () -> pipe("fcntl", fd).bytes());
    }

    @Override
    public int bytesQueued(int fd, NativeBuffer scratch) {
        return call(NativeCall.BYTES_QUEUED, () -> pipe("ioctl", fd).bytesQueued());
    }

    @Override
    public int setSize(int fd, int notes) {
        return call(
                NativeCall.SET_SIZE,
                () -> {
                    queue("ioctl", fd).setSize(notes);
                    return 0;
                });
    }

    @Override
    public int setFilter(int fd, NativeBuffer filter) {
        return call(
                NativeCall.SET_FILTER,
                () -> {
                    queue("ioctl", fd).setFilter(KernelFilter.parse(filter.bytes()));
                    return 0;
                });
    }

    @Override
    public int clearFilter(int fd) {
        return call(
                NativeCall.CLEAR_FILTER,
                () -> {
                    queue("ioctl", fd).setFilter(null);
                    return 0;
                });
    }

    @Override
    public int eventfd(int flags) {
        return call(NativeCall.EVENTFD, () -> descriptors.open(new Descriptors.Eventfd()));
    }

    @Override
    public int signalEventfd(int fd) {
        return call(
                NativeCall.EVENTFD_WRITE,
                () -> {
                    descriptors.get("write", fd, Descriptors.Eventfd.class, Errno.EINVAL).signal();
                    return 0;
                });
    }

    @Override
    public int epollCreate(int flags) {
        return call(NativeCall.EPOLL_CREATE, () -> descriptors.open(new Descriptors.Epoll()));
    }

    @Override
    public int epollControl(
            int epoll, int operation, int fd, int events, long data, NativeBuffer scratch) {
        return call(
                NativeCall.EPOLL_CONTROL,
                () -> {
                    descriptors.control(epoll, operation, fd, events, data);
                    return 0;
                });
    }

    @Override
    public int epollWait(int epollFd, NativeBuffer events, int timeoutMillis) {
        return call(
                NativeCall.EPOLL_WAIT,
                () -> {
                    Descriptors.Epoll epoll =
                            descriptors.get(
                                    "epoll_wait", epollFd, Descriptors.Epoll.class, Errno.EINVAL);
                    epoll.waiter = Thread.currentThread();
                    epoll.waitedFor = timeoutMillis != 0;
                    notifyAll();
                    try {
                        return await(
                                NativeCall.EPOLL_WAIT,
                                timeoutMillis,
                                () -> take(epoll, events.bytes()));
                    } finally {
                        epoll.waitedFor = false;
                    }
                });
    }

    private static int take(Descriptors.Epoll epoll, ByteBuffer target) {
        List<Descriptors.Event> taken = epoll.take(target.capacity() / EPOLL_EVENT_SIZE);
        for (int i = 0; i < taken.size(); i++) {
            target.putInt(i * EPOLL_EVENT_SIZE, taken.get(i).events())
                    .putLong(i * EPOLL_EVENT_SIZE + EPOLL_DATA_OFFSET, taken.get(i).data());
        }
        return taken.size();
    }

    @Override
    public int epollEventSize() {
        return EPOLL_EVENT_SIZE;
    }

    @Override
    public long epollData(NativeBuffer events, int index) {
        return events.bytes().getLong(index * EPOLL_EVENT_SIZE + EPOLL_DATA_OFFSET);
    }

    // Keys

    @Override
    public int watchKey(int key, int fd, int tag) {
        return call(
                tag == -1 ? NativeCall.UNWATCH_KEY : NativeCall.WATCH_KEY,
                () -> keys.watch(key, () -> watchable(fd), tag));
    }

    /** The queue of a descriptor, or EINVAL. */
    private NotificationPipe watchable(int fd) {
        try {
            return queue("watch", fd);
        } catch (KernelError e) {
            throw new KernelError(Errno.EINVAL);
        }
    }

    @Override
    public int keyringId(int key, boolean create) {
        return call(NativeCall.GET_KEYRING_ID, () -> keys.keyringId(key, create));
    }

    @Override
    public int keyCapabilities(NativeBuffer buffer) {
        return call(
                NativeCall.CAPABILITIES,
                () -> {
                    int length = Math.min(CAPABILITIES.length, buffer.size());
                    buffer.bytes().put(0, CAPABILITIES, 0, length);
                    return CAPABILITIES.length;
                });
    }

    @Override
    public int describeKey(int key, NativeBuffer buffer) {
        return call(
                NativeCall.DESCRIBE,
                () -> fill(buffer, (keys.describe(key) + "\0").getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public int readKey(int key, NativeBuffer buffer) {
        return call(NativeCall.READ_KEY, () -> fill(buffer, contents(key, buffer.size())));
    }

    private byte[] contents(int serial, int size) {
        SimulatedKey key = keys.readable(serial);
        if (!key.isKeyring()) {
            return key.payload;
        }
        if (size <= settings.pageSize && size % Integer.BYTES != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        NativeBuffer serials = NativeBuffer.onHeap(key.members.size() * Integer.BYTES);
        int at = 0;
        for (SimulatedKey member : key.members.values()) {
            serials.bytes().putInt(at, member.serial);
            at += Integer.BYTES;
        }
        return serials.bytes().array();
    }

    static int fill(NativeBuffer buffer, byte[] contents) {
        if (contents.length <= buffer.size()) {
            buffer.bytes().put(0, contents);
        }
        return contents.length;
    }

    static byte[] copy(NativeBuffer payload, int length) {
        byte[] bytes = new byte[length];
        payload.bytes().get(0, bytes);
        return bytes;
    }

    @Override
    public int addKey(
            String type, String description, NativeBuffer payload, int length, int keyring) {
        return call(
                NativeCall.ADD_KEY,
                () -> keys.addKey(type, description, copy(payload, length), keyring));
    }

    @Override
    public int updateKey(int key, NativeBuffer payload, int length) {
        return call(NativeCall.UPDATE, () -> keys.updateKey(key, copy(payload, length)));
    }

    @Override
    public int searchKey(int keyring, String type, String description, int destination) {
        return call(NativeCall.SEARCH, () -> keys.search(keyring, type, description, destination));
    }

    @Override
    public int requestKey(
            String type, String description, @Nullable String calloutInfo, int destination) {
        return call(
                NativeCall.REQUEST_KEY,
                () -> keys.requestKey(type, description, calloutInfo, destination));
    }

    @Override
    public int restrictKeyring(int keyring, @Nullable String type, @Nullable String restriction) {
        return call(NativeCall.RESTRICT_KEYRING, () -> keys.restrict(keyring, type, restriction));
    }

    @Override
    public int joinSession(@Nullable String name) {
        return call(NativeCall.JOIN_SESSION, () -> keys.joinSession(name));
    }

    @Override
    public synchronized @Nullable String procKeys() {
        return procKeysMasked ? "" : keys.proc();
    }

    @Override
    public int keyctl(int operation, int argument2, int argument3, int argument4, int argument5) {
        NativeCall call = call(operation);
        return call(
                call,
                () ->
                        switch (call) {
                            case REVOKE -> keys.revoke(argument2);
                            case CHOWN -> keys.chown(argument2, argument3, argument4);
                            case SETPERM -> keys.setPermissions(argument2, argument3);
                            case CLEAR -> keys.clear(argument2);
                            case LINK -> keys.link(argument2, argument3);
                            case UNLINK -> keys.unlink(argument2, argument3);
                            case SET_TIMEOUT -> keys.setTimeout(argument2, argument3);
                            case INVALIDATE -> keys.invalidate(argument2);
                            case GET_PERSISTENT -> keys.persistent(argument2, argument3);
                            case MOVE -> keys.move(argument2, argument3, argument4, argument5);
                            default -> throw new KernelError(Errno.EOPNOTSUPP);
                        });
    }

    /** The call of an operation of keyctl(2) whose arguments are plain numbers. */
    static NativeCall call(int operation) {
        return switch (operation) {
            case KEYCTL_REVOKE -> NativeCall.REVOKE;
            case KEYCTL_CHOWN -> NativeCall.CHOWN;
            case KEYCTL_SETPERM -> NativeCall.SETPERM;
            case KEYCTL_CLEAR -> NativeCall.CLEAR;
            case KEYCTL_LINK -> NativeCall.LINK;
            case KEYCTL_UNLINK -> NativeCall.UNLINK;
            case KEYCTL_SET_TIMEOUT -> NativeCall.SET_TIMEOUT;
            case KEYCTL_INVALIDATE -> NativeCall.INVALIDATE;
            case KEYCTL_GET_PERSISTENT -> NativeCall.GET_PERSISTENT;
            case KEYCTL_MOVE -> NativeCall.MOVE;
            default ->
                    throw new IllegalArgumentException(
                            "keyctl operation " + operation + " is not one that this library uses");
        };
    }

    // For SimulatedKernel and SimulatedQueue

    /** Reads or changes the kernel's state, and notifies the calls that wait. */
    <T extends @Nullable Object> T change(Supplier<T> action) {
        synchronized (this) {
            try {
                return action.get();
            } finally {
                table.collect();
                notifyAll();
            }
        }
    }

    /**
     * Waits until every thread that has an epoll instance waits in it with nothing to report, and
     * none is about to open or close one; returns false if that is not so in time. Does nothing for
     * one of these threads.
     */
    synchronized boolean settle(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!isSettled()) {
            long remaining = deadline - System.nanoTime();
            if (remaining <= 0) {
                return false;
            }
            pause(TimeUnit.NANOSECONDS.toMillis(remaining) + 1);
        }
        return true;
    }

    private boolean isSettled() {
        Set<Waitable> waitedFor = new HashSet<>();
        Set<Waitable> wakeups = new HashSet<>();
        boolean atRest = true;
        for (Descriptors.File file : descriptors.files()) {
            if (file instanceof Descriptors.Epoll epoll) {
                if (epoll.waiter == Thread.currentThread()) {
                    return true;
                }
                atRest &= epoll.waitedFor && epoll.isIdle();
                epoll.interests.values().forEach(interest -> waitedFor.add(interest.target));
            } else if (file instanceof Descriptors.Eventfd eventfd) {
                wakeups.add(eventfd);
            }
        }
        return atRest && waitedFor.containsAll(wakeups);
    }
}
