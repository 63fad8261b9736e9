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

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The C library's functions, direct-mapped: primitive arguments and addresses only, the form that
 * costs JNA least. The variadic ones (ioctl, fcntl, syscall) have a fixed number of arguments here,
 * which for integers is the same calling convention on every {@link Architecture}.
 *
 * <p>Each returns -1 on failure; {@link Native#getLastError()} then has the error number, until
 * this thread's next call.
 */
final class LibC {

    static {
        // The process itself has the C library's symbols: no file is looked for, whatever the libc
        // is called here.
        Native.register(LibC.class, NativeLibrary.getProcess());
    }

    private LibC() {}

    /** getpagesize(2); does not fail. */
    static native int getpagesize();

    /** geteuid(2); does not fail. */
    static native int geteuid();

    /** pipe2(2). */
    static native int pipe2(int[] fds, int flags);

    /** close(2). */
    static native int close(int fd);

    /** read(2). */
    static native long read(int fd, long buffer, long count);

    /** write(2). */
    static native long write(int fd, long buffer, long count);

    /** poll(2). */
    static native int poll(long fds, long nfds, int timeout);

    /** ioctl(2). */
    static native int ioctl(int fd, long request, long argument);

    /** fcntl(2). */
    static native int fcntl(int fd, int command, long argument);

    /** eventfd(2). */
    static native int eventfd(int initial, int flags);

    /** eventfd_write(3). */
    static native int eventfd_write(int fd, long value);

    /** epoll_create1(2). */
    static native int epoll_create1(int flags);

    /** epoll_ctl(2). */
    static native int epoll_ctl(int epoll, int operation, int fd, long event);

    /** epoll_wait(2). */
    static native int epoll_wait(int epoll, long events, int maxEvents, int timeout);

    /**
     * syscall(2), for keyctl(2), add_key(2) and request_key(2), which the C library does not wrap.
     */
    static native long syscall(long number, long a, long b, long c, long d, long e);
}
