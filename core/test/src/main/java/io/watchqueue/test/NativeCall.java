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

/**
 * The calls that this library makes to the kernel, to be counted and made to fail. They are not
 * named after system calls, because each operation of keyctl(2) and ioctl(2) is a call of its own
 * here.
 */
public enum NativeCall {
    /**
     * pipe2(2): opening a queue, or the ordinary pipe of a {@link io.watchqueue.WatchQueueWarmUp}.
     */
    PIPE2,
    /** close(2). */
    CLOSE,
    /** read(2) from a queue. */
    READ,
    /** write(2): posting in a {@link io.watchqueue.WatchQueueWarmUp}. */
    WRITE,
    /** poll(2) for a queue: a blocking read waits in it. */
    POLL,
    /** fcntl(2), F_GETPIPE_SZ. */
    GET_PIPE_SIZE,
    /** ioctl(2), FIONREAD. */
    BYTES_QUEUED,
    /** ioctl(2), IOC_WATCH_QUEUE_SET_SIZE. */
    SET_SIZE,
    /** ioctl(2), IOC_WATCH_QUEUE_SET_FILTER with a filter. */
    SET_FILTER,
    /** ioctl(2), IOC_WATCH_QUEUE_SET_FILTER without one. */
    CLEAR_FILTER,
    /** eventfd(2). */
    EVENTFD,
    /** eventfd_write(3): waking a reader. */
    EVENTFD_WRITE,
    /** epoll_create1(2). */
    EPOLL_CREATE,
    /** epoll_ctl(2). */
    EPOLL_CONTROL,
    /** epoll_wait(2): a reader waits in it. */
    EPOLL_WAIT,
    /** keyctl(2), KEYCTL_WATCH_KEY with a tag. */
    WATCH_KEY,
    /** keyctl(2), KEYCTL_WATCH_KEY with -1. */
    UNWATCH_KEY,
    /** keyctl(2), KEYCTL_GET_KEYRING_ID. */
    GET_KEYRING_ID,
    /** keyctl(2), KEYCTL_CAPABILITIES. */
    CAPABILITIES,
    /** keyctl(2), KEYCTL_DESCRIBE. */
    DESCRIBE,
    /** keyctl(2), KEYCTL_READ: a payload, or the members of a keyring. */
    READ_KEY,
    /** add_key(2). */
    ADD_KEY,
    /** request_key(2). */
    REQUEST_KEY,
    /** keyctl(2), KEYCTL_RESTRICT_KEYRING. */
    RESTRICT_KEYRING,
    /** keyctl(2), KEYCTL_UPDATE. */
    UPDATE,
    /** keyctl(2), KEYCTL_SEARCH. */
    SEARCH,
    /** keyctl(2), KEYCTL_JOIN_SESSION_KEYRING. */
    JOIN_SESSION,
    /** keyctl(2), KEYCTL_REVOKE. */
    REVOKE,
    /** keyctl(2), KEYCTL_CHOWN. */
    CHOWN,
    /** keyctl(2), KEYCTL_SETPERM. */
    SETPERM,
    /** keyctl(2), KEYCTL_CLEAR. */
    CLEAR,
    /** keyctl(2), KEYCTL_LINK. */
    LINK,
    /** keyctl(2), KEYCTL_UNLINK. */
    UNLINK,
    /** keyctl(2), KEYCTL_SET_TIMEOUT. */
    SET_TIMEOUT,
    /** keyctl(2), KEYCTL_INVALIDATE. */
    INVALIDATE,
    /** keyctl(2), KEYCTL_GET_PERSISTENT. */
    GET_PERSISTENT,
    /** keyctl(2), KEYCTL_MOVE. */
    MOVE
}
