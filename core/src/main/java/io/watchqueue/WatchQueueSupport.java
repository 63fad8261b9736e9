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
import io.watchqueue.internal.SystemKernel;

/** Whether this process can watch keys here, and if not, why, and what to do about it. */
public final class WatchQueueSupport {

    /** What {@link #probe()} found. */
    public enum Status {
        /** Keys can be watched. */
        AVAILABLE,
        /**
         * Not Linux, or not an architecture whose system call numbers this library knows, or a
         * 32-bit process.
         */
        UNKNOWN_PLATFORM,
        /** JNA, or its native library, cannot be loaded. */
        NATIVE_ACCESS_MISSING,
        /** Linux before 5.8. */
        KERNEL_TOO_OLD,
        /** The kernel was built without CONFIG_WATCH_QUEUE. */
        WATCH_QUEUE_OFF,
        /** The kernel was built without CONFIG_KEY_NOTIFICATIONS. */
        KEY_NOTIFICATIONS_OFF,
        /**
         * A seccomp filter, such as a container's, or a kernel without CONFIG_KEYS, refuses
         * keyctl(2).
         */
        KEYCTL_REFUSED,
        /** The kernel has no room for a pipe now: too many descriptors or pages in use. */
        RESOURCES_EXHAUSTED
    }

    private static final String DISTRIBUTIONS =
            "Fedora, RHEL and CentOS Stream 9, Ubuntu 24.04 and Arch build their kernels with it; Debian, Alpine and most"
                    + " container hosts do not. The kernel is the host's, whatever a container's image is.";

    private final Status status;
    private final int errno;
    private final String explanation;

    private WatchQueueSupport(Status status, int errno, String explanation) {
        this.status = status;
        this.errno = errno;
        this.explanation = explanation;
    }

    /**
     * Asks the kernel: opens and closes a notification pipe, and reads keyctl(2)'s
     * KEYCTL_CAPABILITIES. Changes nothing, leaves nothing open, and does not throw.
     *
     * @return the answer as of now
     */
    public static WatchQueueSupport probe() {
        Kernel kernel = SystemKernel.get();
        return kernel == null ? unavailable() : probe(kernel);
    }

    /**
     * Returns the answer in one word.
     *
     * @return the status
     */
    public Status status() {
        return status;
    }

    /**
     * Tells whether keys can be watched.
     *
     * @return true if the status is {@link Status#AVAILABLE}
     */
    public boolean isAvailable() {
        return status == Status.AVAILABLE;
    }

    /**
     * Returns the answer in words: what is missing and the way out.
     *
     * @return one or a few sentences
     */
    public String explanation() {
        return explanation;
    }

    /**
     * Throws if keys cannot be watched.
     *
     * @param operation what is about to be tried, for the error message, such as {@code "watch the
     *     credentials"}
     * @throws WatchQueueUnsupportedException with the {@link #explanation()}, if something is
     *     missing
     * @throws ResourceLimitException if the status is {@link Status#RESOURCES_EXHAUSTED}
     */
    public void require(String operation) {
        switch (status) {
            case AVAILABLE -> {}
            case RESOURCES_EXHAUSTED -> throw Failures.opening(errno);
            default -> throw new WatchQueueUnsupportedException(operation, errno, this);
        }
    }

    @Override
    public String toString() {
        return status + ": " + explanation;
    }

    /** The kernel of this machine, for a queue or key operation that cannot do without. */
    static Kernel systemKernel(String operation) {
        Kernel kernel = SystemKernel.get();
        if (kernel == null) {
            throw new WatchQueueUnsupportedException(operation, 0, unavailable());
        }
        return kernel;
    }

    static WatchQueueSupport probe(Kernel kernel) {
        long pipe = kernel.pipe2(Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
        if (pipe < 0) {
            return ofPipeError((int) -pipe);
        }
        kernel.close((int) pipe);
        kernel.close((int) (pipe >>> 32));

        NativeBuffer capabilities = kernel.allocate(KeyCapability.BYTES);
        int length = kernel.keyCapabilities(capabilities);
        // Before 5.4 there was no KEYCTL_CAPABILITIES, but no notification pipe either.
        if (length < 0) {
            return ofKeyctlError(-length);
        }
        if (!KeyCapability.decode(capabilities.bytes(), length)
                .contains(KeyCapability.NOTIFICATIONS)) {
            return ofKeyctlError(Errno.EOPNOTSUPP);
        }
        return new WatchQueueSupport(
                Status.AVAILABLE, 0, "Linux " + kernel.release() + " delivers key notifications.");
    }

    static WatchQueueSupport ofPipeError(int errno) {
        return switch (errno) {
            case Errno.ENOPKG ->
                    new WatchQueueSupport(
                            Status.WATCH_QUEUE_OFF,
                            errno,
                            "this kernel, Linux "
                                    + version()
                                    + ", was built without CONFIG_WATCH_QUEUE. Use one that has it and"
                                    + " CONFIG_KEY_NOTIFICATIONS: "
                                    + DISTRIBUTIONS);
            case Errno.EINVAL ->
                    new WatchQueueSupport(
                            Status.KERNEL_TOO_OLD,
                            errno,
                            "this kernel, Linux "
                                    + version()
                                    + ", knows no notification pipes; they came with 5.8. Use a newer one.");
            case Errno.EPERM, Errno.ENOSYS ->
                    new WatchQueueSupport(
                            Status.KEYCTL_REFUSED,
                            errno,
                            "pipe2(2) is refused, as by a seccomp filter. Allow pipe2 with O_EXCL and keyctl.");
            default ->
                    new WatchQueueSupport(
                            Status.RESOURCES_EXHAUSTED,
                            errno,
                            "no pipe can be made now ("
                                    + Errno.name(errno)
                                    + "), so nothing is known. Close descriptors, or raise RLIMIT_NOFILE, fs.file-max or"
                                    + " fs.pipe-user-pages-hard.");
        };
    }

    static WatchQueueSupport ofKeyctlError(int errno) {
        return errno == Errno.EOPNOTSUPP
                ? new WatchQueueSupport(
                        Status.KEY_NOTIFICATIONS_OFF,
                        errno,
                        "this kernel, Linux "
                                + version()
                                + ", was built without CONFIG_KEY_NOTIFICATIONS. Use one that has it: "
                                + DISTRIBUTIONS)
                : new WatchQueueSupport(
                        Status.KEYCTL_REFUSED,
                        errno,
                        "keyctl(2) is refused ("
                                + Errno.name(errno)
                                + "). In a container that is its seccomp profile: allow keyctl, add_key and request_key."
                                + " Elsewhere, the kernel was built without CONFIG_KEYS.");
    }

    int errno() {
        return errno;
    }

    private static String version() {
        return System.getProperty("os.version");
    }

    private static WatchQueueSupport unavailable() {
        Throwable failure = SystemKernel.failure();
        if (failure instanceof UnsupportedOperationException) {
            return new WatchQueueSupport(
                    Status.UNKNOWN_PLATFORM,
                    0,
                    failure.getMessage()
                            + ". Watch queues need 64-bit Linux on x86-64, aarch64, riscv64, loongarch64, ppc64le or"
                            + " s390x.");
        }
        return new WatchQueueSupport(
                Status.NATIVE_ACCESS_MISSING,
                0,
                "JNA cannot be used ("
                        + failure
                        + "). It must be on the class path (net.java.dev.jna:jna), needs a directory where it may unpack its"
                        + " library (-Djna.tmpdir=DIR), a glibc, and from JDK 24 on --enable-native-access=ALL-UNNAMED.");
    }
}
