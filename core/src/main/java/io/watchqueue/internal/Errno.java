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

import java.util.Map;

/**
 * Error numbers of the system calls made here, as asm-generic/errno.h has them; the same on every
 * {@link Architecture}.
 */
public final class Errno {
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int EPIPE = 32;
    public static final int EDEADLK = 35;
    public static final int ENOSYS = 38;
    public static final int ELOOP = 40;
    public static final int EBADSLT = 57;
    public static final int ENOPKG = 65;
    public static final int EDESTADDRREQ = 89;
    public static final int EOPNOTSUPP = 95;
    public static final int ENOBUFS = 105;
    public static final int EDQUOT = 122;
    public static final int ENOKEY = 126;
    public static final int EKEYEXPIRED = 127;
    public static final int EKEYREVOKED = 128;
    public static final int EKEYREJECTED = 129;

    private static final Map<Integer, String> NAMES =
            Map.ofEntries(
                    Map.entry(EPERM, "EPERM"),
                    Map.entry(ENOENT, "ENOENT"),
                    Map.entry(EINTR, "EINTR"),
                    Map.entry(EIO, "EIO"),
                    Map.entry(EBADF, "EBADF"),
                    Map.entry(EAGAIN, "EAGAIN"),
                    Map.entry(ENOMEM, "ENOMEM"),
                    Map.entry(EACCES, "EACCES"),
                    Map.entry(EFAULT, "EFAULT"),
                    Map.entry(EBUSY, "EBUSY"),
                    Map.entry(EEXIST, "EEXIST"),
                    Map.entry(EXDEV, "EXDEV"),
                    Map.entry(ENODEV, "ENODEV"),
                    Map.entry(ENOTDIR, "ENOTDIR"),
                    Map.entry(EISDIR, "EISDIR"),
                    Map.entry(EINVAL, "EINVAL"),
                    Map.entry(ENFILE, "ENFILE"),
                    Map.entry(EMFILE, "EMFILE"),
                    Map.entry(ENOTTY, "ENOTTY"),
                    Map.entry(EFBIG, "EFBIG"),
                    Map.entry(ENOSPC, "ENOSPC"),
                    Map.entry(EPIPE, "EPIPE"),
                    Map.entry(EDEADLK, "EDEADLK"),
                    Map.entry(ENOSYS, "ENOSYS"),
                    Map.entry(ELOOP, "ELOOP"),
                    Map.entry(EBADSLT, "EBADSLT"),
                    Map.entry(ENOPKG, "ENOPKG"),
                    Map.entry(EDESTADDRREQ, "EDESTADDRREQ"),
                    Map.entry(EOPNOTSUPP, "EOPNOTSUPP"),
                    Map.entry(ENOBUFS, "ENOBUFS"),
                    Map.entry(EDQUOT, "EDQUOT"),
                    Map.entry(ENOKEY, "ENOKEY"),
                    Map.entry(EKEYEXPIRED, "EKEYEXPIRED"),
                    Map.entry(EKEYREVOKED, "EKEYREVOKED"),
                    Map.entry(EKEYREJECTED, "EKEYREJECTED"));

    private Errno() {}

    /**
     * Returns the error number of a symbolic name.
     *
     * @throws IllegalArgumentException if this library does not know it
     */
    public static int of(String name) {
        return NAMES.entrySet().stream()
                .filter(entry -> entry.getValue().equals(name))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "error number '"
                                                + name
                                                + "' is not known; known are "
                                                + NAMES.values().stream().sorted().toList()));
    }

    /**
     * Returns the symbolic name of an error number, {@code "errno 200"} for one without a name
     * here.
     */
    public static String name(int errno) {
        return NAMES.getOrDefault(errno, "errno " + errno);
    }
}
