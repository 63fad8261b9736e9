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
package io.watchqueue.internal;

import org.jspecify.annotations.Nullable;

/**
 * The system calls this library makes. Each returns the result of the call, or the negated error
 * number (see {@link Errno}), so that no thread's {@code errno} is looked at outside this package.
 * No call is retried here and none blocks unless it says so.
 */
public interface Kernel {

    int O_NONBLOCK = 0x800;
    int O_CLOEXEC = 0x80000;
    int O_NOTIFICATION_PIPE = 0x80;

    int POLLIN = 0x1;
    int POLLERR = 0x8;
    int POLLHUP = 0x10;

    int EPOLLIN = 0x1;
    int EPOLLERR = 0x8;
    int EPOLLHUP = 0x10;
    int EPOLLET = 1 << 31;
    int EPOLL_CTL_ADD = 1;
    int EPOLL_CTL_DEL = 2;
    int EPOLL_CTL_MOD = 3;

    // include/uapi/linux/keyctl.h: the operations whose arguments are plain numbers
    int KEYCTL_REVOKE = 3;
    int KEYCTL_CHOWN = 4;
    int KEYCTL_SETPERM = 5;
    int KEYCTL_CLEAR = 7;
    int KEYCTL_LINK = 8;
    int KEYCTL_UNLINK = 9;
    int KEYCTL_SET_TIMEOUT = 15;
    int KEYCTL_INVALIDATE = 21;
    int KEYCTL_GET_PERSISTENT = 22;
    int KEYCTL_MOVE = 30;

    /** Memory for the calls below, zeroed; freed when nothing refers to it. */
    NativeBuffer allocate(int size);

    /** Memory for one call, zeroed; freed when it is closed, however many calls there are. */
    NativeBuffer borrow(int size);

    /** uname(2): the release, such as {@code "6.1.0-28-amd64"}. */
    String release();

    /** sysconf(3), _SC_PAGESIZE: bytes. */
    int pageSize();

    /** geteuid(2): the user of the calling thread, unsigned. */
    int userId();

    // Descriptors

    /**
     * pipe2(2): returns the read end in the lower and the write end in the upper 32 bits. Without
     * O_NOTIFICATION_PIPE it is an ordinary pipe.
     */
    long pipe2(int flags);

    /** close(2). Never to be called again, whatever it returns: the descriptor is gone. */
    int close(int fd);

    /** read(2) of at most {@code length} bytes into the start of the buffer. */
    int read(int fd, NativeBuffer buffer, int length);

    /**
     * write(2) to an ordinary pipe: of the whole buffer, or of the part for which there is room.
     */
    int write(int fd, NativeBuffer bytes);

    /**
     * poll(2) of one descriptor; blocks. Returns which of the events are there, 0 when the time is
     * over.
     */
    int poll(int fd, int events, int timeoutMillis, NativeBuffer scratch);

    /** fcntl(2), F_GETPIPE_SZ: bytes. */
    int pipeSize(int fd);

    /**
     * ioctl(2), FIONREAD: bytes that can be read, without the message that a pending loss will be.
     */
    int bytesQueued(int fd, NativeBuffer scratch);

    /** ioctl(2), IOC_WATCH_QUEUE_SET_SIZE: a number of notes. */
    int setSize(int fd, int notes);

    /** ioctl(2), IOC_WATCH_QUEUE_SET_FILTER, with a struct watch_notification_filter. */
    int setFilter(int fd, NativeBuffer filter);

    /** ioctl(2), IOC_WATCH_QUEUE_SET_FILTER, with no filter. */
    int clearFilter(int fd);

    /** eventfd(2) with a count of 0. */
    int eventfd(int flags);

    /** eventfd_write(3) of 1. */
    int signalEventfd(int fd);

    /** epoll_create1(2). */
    int epollCreate(int flags);

    /** epoll_ctl(2). */
    int epollControl(int epoll, int operation, int fd, int events, long data, NativeBuffer scratch);

    /** epoll_wait(2) for as many events as the buffer holds; blocks. Returns their number. */
    int epollWait(int epoll, NativeBuffer events, int timeoutMillis);

    /** The size in bytes of one struct epoll_event. */
    int epollEventSize();

    /** The data of the event at an index of the buffer that {@link #epollWait} filled. */
    long epollData(NativeBuffer events, int index);

    // Keys

    /**
     * keyctl(2), KEYCTL_WATCH_KEY; a tag of -1 removes the watch. May block while the key is under
     * construction.
     */
    int watchKey(int key, int fd, int tag);

    /** keyctl(2), KEYCTL_GET_KEYRING_ID: a serial. */
    int keyringId(int key, boolean create);

    /** keyctl(2), KEYCTL_CAPABILITIES: the number of bytes that the kernel has. */
    int keyCapabilities(NativeBuffer buffer);

    /**
     * keyctl(2), KEYCTL_DESCRIBE: the length of the text and its closing NUL, whether or not they
     * fit.
     */
    int describeKey(int key, NativeBuffer buffer);

    /** keyctl(2), KEYCTL_READ: the length of the payload, whether or not it fits. */
    int readKey(int key, NativeBuffer buffer);

    /** add_key(2): a serial. */
    int addKey(String type, String description, NativeBuffer payload, int length, int keyring);

    /**
     * request_key(2): a serial. Without callout information user space is not asked; a destination
     * of 0 is the default. Blocks while user space makes the key.
     */
    int requestKey(String type, String description, @Nullable String calloutInfo, int destination);

    /** keyctl(2), KEYCTL_RESTRICT_KEYRING; without a type all links are refused. */
    int restrictKeyring(int keyring, @Nullable String type, @Nullable String restriction);

    /** keyctl(2), KEYCTL_UPDATE. */
    int updateKey(int key, NativeBuffer payload, int length);

    /** keyctl(2), KEYCTL_SEARCH: a serial. A destination of 0 links the key nowhere. */
    int searchKey(int keyring, String type, String description, int destination);

    /** keyctl(2), KEYCTL_JOIN_SESSION_KEYRING: a serial. Without a name a new one. */
    int joinSession(@Nullable String name);

    /**
     * The text of /proc/keys, with the keys that this thread may view; one character a byte,
     * because descriptions may have any bytes. Null if it cannot be read.
     */
    @Nullable String procKeys();

    /** keyctl(2), one of the KEYCTL_* operations above. */
    int keyctl(int operation, int argument2, int argument3, int argument4, int argument5);
}
