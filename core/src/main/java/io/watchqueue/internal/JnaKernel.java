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
import com.sun.jna.Pointer;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The kernel this process runs on. */
public final class JnaKernel implements Kernel {

    private static final int F_GETPIPE_SZ = 1032;
    private static final int FIONREAD = 0x541B;

    // include/uapi/linux/keyctl.h
    private static final int KEYCTL_GET_KEYRING_ID = 0;
    private static final int KEYCTL_JOIN_SESSION_KEYRING = 1;
    private static final int KEYCTL_UPDATE = 2;
    private static final int KEYCTL_DESCRIBE = 6;
    private static final int KEYCTL_SEARCH = 10;
    private static final int KEYCTL_READ = 11;
    private static final int KEYCTL_RESTRICT_KEYRING = 29;
    private static final int KEYCTL_CAPABILITIES = 31;
    private static final int KEYCTL_WATCH_KEY = 32;

    private final Architecture architecture;

    private JnaKernel(Architecture architecture) {
        this.architecture = architecture;
    }

    /**
     * Loads the native layer.
     *
     * @throws UnsupportedOperationException if this is not a 64-bit Linux of a known architecture;
     *     the message says which it is
     * @throws LinkageError if JNA or its native library cannot be loaded
     */
    public static Kernel load() {
        String os = System.getProperty("os.name");
        String arch = System.getProperty("os.arch");
        if (!"Linux".equals(os)) {
            throw new UnsupportedOperationException("this is " + os + ", not Linux");
        }
        Architecture architecture =
                Architecture.of(arch)
                        .orElseThrow(
                                () ->
                                        new UnsupportedOperationException(
                                                "no system call numbers are known for the architecture "
                                                        + arch));
        if (Native.LONG_SIZE != 8) {
            throw new UnsupportedOperationException("this is a 32-bit process");
        }
        JnaKernel kernel = new JnaKernel(architecture);
        kernel.bind();
        return kernel;
    }

    /** The module that JNA is in, as --enable-native-access has it. */
    static String nativeAccess() {
        try {
            Module module = Native.class.getModule();
            return module.isNamed() ? module.getName() : "ALL-UNNAMED";
        } catch (LinkageError e) {
            return "ALL-UNNAMED"; // where there is no JNA
        }
    }

    /** Makes any linkage error appear now, and not in a later call. */
    private void bind() {
        pipeSize(-1);
    }

    @Override
    public NativeBuffer allocate(int size) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(size);
        return new NativeBuffer(bytes, Pointer.nativeValue(Native.getDirectBufferPointer(bytes)));
    }

    /**
     * Not a direct buffer: the garbage collector alone frees those, and it runs when the heap is
     * full.
     */
    @Override
    public NativeBuffer borrow(int size) {
        int most = Math.max(1, size);
        long address = Native.malloc(most);
        if (address == 0) {
            throw new OutOfMemoryError("no native memory for " + most + " bytes");
        }
        Pointer memory = new Pointer(address);
        memory.clear(most);
        return new NativeBuffer(memory.getByteBuffer(0, size), address, Native::free);
    }

    @Override
    public String release() {
        return System.getProperty("os.version");
    }

    @Override
    public int pageSize() {
        return LibC.getpagesize();
    }

    @Override
    public int userId() {
        return LibC.geteuid();
    }

    @Override
    public long pipe2(int flags) {
        int[] fds = new int[2];
        if (LibC.pipe2(fds, flags) == -1) {
            return -Native.getLastError();
        }
        return (long) fds[1] << 32 | fds[0];
    }

    @Override
    public int close(int fd) {
        return result(LibC.close(fd));
    }

    @Override
    public int read(int fd, NativeBuffer buffer, int length) {
        int result = result(LibC.read(fd, buffer.address(), length));
        Reference.reachabilityFence(buffer);
        return result;
    }

    @Override
    public int write(int fd, NativeBuffer bytes) {
        int result = result(LibC.write(fd, bytes.address(), bytes.size()));
        Reference.reachabilityFence(bytes);
        return result;
    }

    @Override
    public int poll(int fd, int events, int timeoutMillis, NativeBuffer scratch) {
        // struct pollfd: int fd; short events; short revents
        ByteBuffer bytes = scratch.bytes();
        bytes.putInt(0, fd).putShort(4, (short) events).putShort(6, (short) 0);
        int result = result(LibC.poll(scratch.address(), 1, timeoutMillis));
        Reference.reachabilityFence(scratch);
        return result > 0 ? bytes.getShort(6) : result;
    }

    @Override
    public int pipeSize(int fd) {
        return result(LibC.fcntl(fd, F_GETPIPE_SZ, 0));
    }

    @Override
    public int bytesQueued(int fd, NativeBuffer scratch) {
        int result = result(LibC.ioctl(fd, FIONREAD, scratch.address()));
        Reference.reachabilityFence(scratch);
        return result < 0 ? result : scratch.bytes().getInt(0);
    }

    @Override
    public int setSize(int fd, int notes) {
        return result(LibC.ioctl(fd, architecture.setSize, notes));
    }

    @Override
    public int setFilter(int fd, NativeBuffer filter) {
        int result = result(LibC.ioctl(fd, architecture.setFilter, filter.address()));
        Reference.reachabilityFence(filter);
        return result;
    }

    @Override
    public int clearFilter(int fd) {
        return result(LibC.ioctl(fd, architecture.setFilter, 0));
    }

    @Override
    public int eventfd(int flags) {
        return result(LibC.eventfd(0, flags));
    }

    @Override
    public int signalEventfd(int fd) {
        return result(LibC.eventfd_write(fd, 1));
    }

    @Override
    public int epollCreate(int flags) {
        return result(LibC.epoll_create1(flags));
    }

    @Override
    public int epollControl(
            int epoll, int operation, int fd, int events, long data, NativeBuffer scratch) {
        scratch.bytes().putInt(0, events).putLong(architecture.epollDataOffset, data);
        int result = result(LibC.epoll_ctl(epoll, operation, fd, scratch.address()));
        Reference.reachabilityFence(scratch);
        return result;
    }

    @Override
    public int epollWait(int epoll, NativeBuffer events, int timeoutMillis) {
        int most = events.size() / architecture.epollEventSize;
        int result = result(LibC.epoll_wait(epoll, events.address(), most, timeoutMillis));
        Reference.reachabilityFence(events);
        return result;
    }

    @Override
    public int epollEventSize() {
        return architecture.epollEventSize;
    }

    @Override
    public long epollData(NativeBuffer events, int index) {
        return events.bytes()
                .getLong(index * architecture.epollEventSize + architecture.epollDataOffset);
    }

    @Override
    public int watchKey(int key, int fd, int tag) {
        return keyctl(KEYCTL_WATCH_KEY, key, fd, tag, 0);
    }

    @Override
    public int keyringId(int key, boolean create) {
        return keyctl(KEYCTL_GET_KEYRING_ID, key, create ? 1 : 0, 0, 0);
    }

    @Override
    public int keyCapabilities(NativeBuffer buffer) {
        int result = keyctl(KEYCTL_CAPABILITIES, buffer.address(), buffer.size(), 0, 0);
        Reference.reachabilityFence(buffer);
        return result;
    }

    @Override
    public int describeKey(int key, NativeBuffer buffer) {
        int result = keyctl(KEYCTL_DESCRIBE, key, buffer.address(), buffer.size(), 0);
        Reference.reachabilityFence(buffer);
        return result;
    }

    @Override
    public int readKey(int key, NativeBuffer buffer) {
        int result = keyctl(KEYCTL_READ, key, buffer.address(), buffer.size(), 0);
        Reference.reachabilityFence(buffer);
        return result;
    }

    @Override
    public int addKey(
            String type, String description, NativeBuffer payload, int length, int keyring) {
        try (NativeBuffer typeText = text(type);
                NativeBuffer descriptionText = text(description)) {
            int result =
                    result(
                            LibC.syscall(
                                    architecture.addKey,
                                    typeText.address(),
                                    descriptionText.address(),
                                    length == 0 ? 0 : payload.address(),
                                    length,
                                    keyring));
            Reference.reachabilityFence(payload);
            return result;
        }
    }

    @Override
    public int updateKey(int key, NativeBuffer payload, int length) {
        int result = keyctl(KEYCTL_UPDATE, key, length == 0 ? 0 : payload.address(), length, 0);
        Reference.reachabilityFence(payload);
        return result;
    }

    @Override
    public int searchKey(int keyring, String type, String description, int destination) {
        try (NativeBuffer typeText = text(type);
                NativeBuffer descriptionText = text(description)) {
            return keyctl(
                    KEYCTL_SEARCH,
                    keyring,
                    typeText.address(),
                    descriptionText.address(),
                    destination);
        }
    }

    @Override
    public int requestKey(
            String type, String description, @Nullable String calloutInfo, int destination) {
        try (NativeBuffer typeText = text(type);
                NativeBuffer descriptionText = text(description);
                NativeBuffer calloutText = text(calloutInfo)) {
            return result(
                    LibC.syscall(
                            architecture.requestKey,
                            typeText.address(),
                            descriptionText.address(),
                            calloutText.address(),
                            destination,
                            0));
        }
    }

    @Override
    public int restrictKeyring(int keyring, @Nullable String type, @Nullable String restriction) {
        try (NativeBuffer typeText = text(type);
                NativeBuffer restrictionText = text(restriction)) {
            return keyctl(
                    KEYCTL_RESTRICT_KEYRING,
                    keyring,
                    typeText.address(),
                    restrictionText.address(),
                    0);
        }
    }

    @Override
    public int joinSession(@Nullable String name) {
        try (NativeBuffer nameText = text(name)) {
            return keyctl(KEYCTL_JOIN_SESSION_KEYRING, nameText.address(), 0, 0, 0);
        }
    }

    @Override
    public @Nullable String procKeys() {
        try {
            return new String(
                    Files.readAllBytes(Path.of("/proc/keys")), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return null;
        }
    }

    @Override
    public int keyctl(int operation, int argument2, int argument3, int argument4, int argument5) {
        return keyctl(
                operation, (long) argument2, (long) argument3, (long) argument4, (long) argument5);
    }

    private int keyctl(int operation, long a, long b, long c, long d) {
        return result(LibC.syscall(architecture.keyctl, operation, a, b, c, d));
    }

    /** A C string, or a null pointer. */
    private NativeBuffer text(@Nullable String text) {
        if (text == null) {
            return new NativeBuffer(ByteBuffer.allocate(0), 0);
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        NativeBuffer buffer = borrow(utf8.length + 1);
        buffer.bytes().put(0, utf8);
        return buffer;
    }

    /** Must be called with the result of a call before anything else happens on this thread. */
    static int result(long returned) {
        return returned == -1 ? -Native.getLastError() : (int) returned;
    }
}
