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
import io.watchqueue.internal.UnavailableException;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Whether this process can watch keys here, and if not, why, and what to do about it. */
public final class WatchQueueSupport {

    /** The answer of {@link #probe()}. */
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
         * A seccomp filter, of a container or of systemd, or a kernel without CONFIG_KEYS, refuses
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
    private final @Nullable Throwable cause;

    private WatchQueueSupport(Status status, int errno, String explanation) {
        this(status, errno, explanation, null);
    }

    private WatchQueueSupport(
            Status status, int errno, String explanation, @Nullable Throwable cause) {
        this.status = status;
        this.errno = errno;
        this.explanation = explanation;
        this.cause = cause;
    }

    /**
     * Asks the kernel: opens and closes a notification pipe, and reads keyctl(2)'s
     * KEYCTL_CAPABILITIES. Changes nothing, leaves nothing open, and does not throw. The first use
     * of this library in a process waits while JNA's native library is loaded, by a thread of its
     * own: some tenths of a second, in which files are read. Call this at startup, on a thread that
     * may block, if others may not.
     *
     * @return the answer as of now
     */
    public static WatchQueueSupport probe() {
        Kernel kernel;
        try {
            kernel = SystemKernel.get();
        } catch (UnavailableException e) {
            return unavailable(e);
        }
        return probe(kernel);
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
     * Returns whether keys can be watched.
     *
     * @return true if the status is {@link Status#AVAILABLE}
     */
    public boolean isAvailable() {
        return status == Status.AVAILABLE;
    }

    /**
     * Returns the answer in words: the missing part and the way out.
     *
     * @return one or a few sentences
     */
    public String explanation() {
        return explanation;
    }

    /**
     * Throws if keys cannot be watched.
     *
     * @param operation the operation that is about to be tried, for the error message, such as
     *     {@code "watch the credentials"}
     * @throws WatchQueueUnsupportedException with the {@link #explanation()}, if something is
     *     missing
     * @throws ResourceLimitException if the status is {@link Status#RESOURCES_EXHAUSTED}
     */
    public void requireFor(String operation) {
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

    /** The kernel of this machine, for a queue or key operation that needs it. */
    static Kernel systemKernel(String operation) {
        try {
            return SystemKernel.get();
        } catch (UnavailableException e) {
            throw new WatchQueueUnsupportedException(operation, 0, unavailable(e));
        }
    }

    static WatchQueueSupport probe(Kernel kernel) {
        long pipe = kernel.pipe2(Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
        if (pipe < 0) {
            return ofPipeError((int) -pipe);
        }
        kernel.close((int) pipe);
        kernel.close((int) (pipe >>> 32));

        try (NativeBuffer capabilities = kernel.borrow(KeyCapability.BYTES)) {
            int length = kernel.keyCapabilities(capabilities);
            // Before 5.4 there was no KEYCTL_CAPABILITIES, but no notification pipe either.
            if (length < 0) {
                return ofKeyctlError(-length);
            }
            if (!KeyCapability.decode(capabilities.bytes(), length)
                    .contains(KeyCapability.NOTIFICATIONS)) {
                return ofKeyctlError(Errno.EOPNOTSUPP);
            }
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
                            "pipe2(2) fails with "
                                    + Errno.name(errno)
                                    + ": a seccomp filter refuses it: allow pipe2 with O_NOTIFICATION_PIPE, which is O_EXCL, in the"
                                    + " container's profile or in systemd's SystemCallFilter=.");
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
                        "keyctl(2) fails with "
                                + Errno.name(errno)
                                + ": "
                                + Failures.SECCOMP
                                + (errno == Errno.ENOSYS
                                        ? "; or this kernel was built without CONFIG_KEYS."
                                        : "."));
    }

    int errno() {
        return errno;
    }

    /** The reason why the native layer cannot be used, if that is what is missing. */
    @Nullable Throwable cause() {
        return cause;
    }

    private static String version() {
        return System.getProperty("os.version");
    }

    private static WatchQueueSupport unavailable(UnavailableException e) {
        return unavailable(e.getCause(), e.isUnknownPlatform(), e.nativeAccess());
    }

    /**
     * The native layer cannot be used.
     *
     * @param nativeAccess the module that --enable-native-access has to name
     */
    static WatchQueueSupport unavailable(
            @Nullable Throwable cause, boolean unknownPlatform, String nativeAccess) {
        if (unknownPlatform) {
            return new WatchQueueSupport(
                    Status.UNKNOWN_PLATFORM,
                    0,
                    (cause == null ? "unknown" : cause.getMessage())
                            + ". Watch queues need 64-bit Linux on x86-64, aarch64, riscv64, loongarch64, ppc64le or"
                            + " s390x.",
                    cause);
        }
        List<Throwable> chain = chain(cause);
        return new WatchQueueSupport(
                Status.NATIVE_ACCESS_MISSING,
                0,
                "JNA cannot be used: "
                        + chain.stream()
                                .map(Throwable::toString)
                                .collect(Collectors.joining("; caused by "))
                        + ". "
                        + wayOut(chain, nativeAccess),
                cause);
    }

    private static List<Throwable> chain(@Nullable Throwable cause) {
        List<Throwable> chain = new ArrayList<>();
        for (Throwable next = cause;
                next != null && !chain.contains(next);
                next = next.getCause()) {
            chain.add(next);
        }
        return chain;
    }

    private static String wayOut(List<Throwable> chain, String nativeAccess) {
        String option = "--enable-native-access=" + nativeAccess;
        if (chain.stream().anyMatch(IllegalCallerException.class::isInstance)) {
            return "The JVM refuses native access. Start it with " + option + ".";
        }
        if (chain.stream().anyMatch(ClassNotFoundException.class::isInstance)) {
            return "Put JNA (net.java.dev.jna:jna) on the class path, or on the module path.";
        }
        return "It needs a glibc and a directory where it may unpack its library (-Djna.tmpdir=DIR, or"
                + " -Djna.boot.library.path=DIR with the library in it), and from JDK 24 on "
                + option
                + ".";
    }
}
