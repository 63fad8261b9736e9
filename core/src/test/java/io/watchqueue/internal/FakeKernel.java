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

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * A kernel written by hand: notification pipes with the real one's rules of reading and loss, epoll
 * with its edges, and any call made to fail when a test wants it to. Nothing in it waits but {@link
 * #poll} and {@link #epollWait}.
 */
public final class FakeKernel implements Kernel {

    /** What SET_SIZE rounds up to. */
    private static final int SLOTS_PER_PAGE = 32;

    private static final int SLOT_SIZE = 128;
    private static final int FIRST_DESCRIPTOR = 100;
    private static final int EPOLL_EVENT_SIZE = 16;
    private static final int EPOLL_DATA_OFFSET = 8;

    private final Map<Integer, File> files = new HashMap<>();
    private final Map<String, Deque<Integer>> failures = new HashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final List<String> calls = new ArrayList<>();
    private final List<String> mistakes = new ArrayList<>();
    private int capabilities = 0x04;
    private Runnable onClose = () -> {};
    private Pipe last;
    private boolean patient = true;
    private Epoll waitedIn;

    private static class File {}

    private static final class Pipe {
        final Deque<byte[]> messages = new ArrayDeque<>();
        final Deque<Boolean> lossBehind = new ArrayDeque<>();
        final Map<Integer, Integer> watches = new LinkedHashMap<>();
        int slots;
        boolean lossPending;
        boolean writeEndOpen = true;
        byte[] filter = new byte[0];
        final List<Interest> interests = new ArrayList<>();
    }

    private static final class End extends File {
        final Pipe pipe;
        final boolean read;

        End(Pipe pipe, boolean read) {
            this.pipe = pipe;
            this.read = read;
        }
    }

    private static final class Eventfd extends File {
        final List<Interest> interests = new ArrayList<>();
    }

    private static final class Epoll extends File {
        final Map<Integer, Interest> byDescriptor = new LinkedHashMap<>();
    }

    private static final class Interest {
        int events;
        long data;
        boolean triggered;
    }

    // What tests do and ask

    /** Makes the next calls of that name fail, one after the other, with these error numbers. */
    public synchronized void fail(String call, int... errnos) {
        Deque<Integer> queue = failures.computeIfAbsent(call, name -> new ArrayDeque<>());
        for (int errno : errnos) {
            queue.add(errno);
        }
        notifyAll();
    }

    /** Makes the next calls of that name fail, one after the other, with these error numbers. */
    public void fail(String call, List<Integer> errnos) {
        fail(call, errnos.stream().mapToInt(Integer::intValue).toArray());
    }

    /** Destroys a key: its watches are removed. */
    public synchronized void destroy(int key) {
        for (Pipe pipe : pipes()) {
            Integer tag = pipe.watches.remove(key);
            if (tag != null) {
                post(pipe, removal(key, tag));
            }
        }
    }

    /** A key notification, as bytes of the kernel's layout. */
    public static byte[] key(int subtype, int key, int aux, int tag) {
        return message(1, subtype, 16 | tag << 8, word(key), word(aux));
    }

    /** Any message: header, then payload. The length in {@code info} is not checked. */
    public static byte[] message(int type, int subtype, int info, byte[]... payload) {
        int length = 8;
        for (byte[] part : payload) {
            length += part.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        bytes.putInt(little ? subtype << 24 | type : type << 8 | subtype).putInt(info);
        for (byte[] part : payload) {
            bytes.put(part);
        }
        return bytes.array();
    }

    /** A removal, as bytes of the kernel's layout. */
    public static byte[] removal(int key, int tag) {
        byte[] id = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(key).array();
        return message(0, 0, 16 | tag << 8, id);
    }

    private static byte[] word(int value) {
        return ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(value).array();
    }

    /** Posts to every pipe that has a size; drops and marks the loss where there is no room. */
    public synchronized void post(byte[] message) {
        for (Pipe pipe : pipes()) {
            post(pipe, message);
        }
    }

    /** Posts to the pipe that was made last, and no other. */
    public synchronized void postToLast(byte[] message) {
        post(last, message);
    }

    private void post(Pipe pipe, byte[] message) {
        if (pipe.slots == 0) {
            return;
        }
        if (pipe.messages.size() >= pipe.slots) {
            pipe.lossBehind.removeLast();
            pipe.lossBehind.addLast(true);
            return; // a lost post wakes nobody
        }
        pipe.messages.add(message);
        pipe.lossBehind.add(false);
        pipe.interests.forEach(this::trigger);
        notifyAll();
    }

    /** Closes all write ends, as only a mistake somewhere in the process could. */
    public synchronized void closeWriteEnds() {
        for (Pipe pipe : pipes()) {
            pipe.writeEndOpen = false;
            pipe.interests.forEach(this::trigger);
        }
        notifyAll();
    }

    /** What a call throws that would wait, where nobody may. */
    public static final class WouldWait extends RuntimeException {
        private static final long serialVersionUID = 1;

        private WouldWait() {
            super("this would wait", null, false, false);
        }
    }

    /** Makes {@link #epollWait} throw {@link WouldWait} where it would wait. */
    public synchronized void neverWait() {
        patient = false;
    }

    /** Whether the last {@link #epollWait}, had it waited, would wait still. */
    public synchronized boolean isWaiting() {
        return waitedIn != null
                && waitedIn.byDescriptor.values().stream().noneMatch(i -> i.triggered);
    }

    /** Runs this at every close. */
    public synchronized void onClose(Runnable action) {
        onClose = action;
    }

    /** The messages in the queues, all together. */
    public synchronized int queued() {
        return pipes().stream().mapToInt(pipe -> pipe.messages.size()).sum();
    }

    /** The descriptors that are open. */
    public synchronized TreeSet<Integer> open() {
        return new TreeSet<>(files.keySet());
    }

    /** Calls that no program should make: on descriptors that are not open. */
    public synchronized List<String> mistakes() {
        return List.copyOf(mistakes);
    }

    /** How often a call was made. */
    public synchronized int count(String call) {
        return counts.getOrDefault(call, 0);
    }

    /** How many calls were made at all. */
    public synchronized int count() {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** The calls in their order, by name. */
    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    /** The tags of the watches of all pipes, by key. */
    public synchronized Map<Integer, Integer> watches() {
        Map<Integer, Integer> all = new LinkedHashMap<>();
        pipes().forEach(pipe -> all.putAll(pipe.watches));
        return all;
    }

    /** The bytes of the filter that was set last, of any pipe; empty if none. */
    public synchronized byte[] filter() {
        return pipes().stream().map(pipe -> pipe.filter).reduce((a, b) -> b).orElse(new byte[0]);
    }

    /** What KEYCTL_CAPABILITIES has in its second byte. */
    public synchronized void capabilities(int value) {
        capabilities = value;
    }

    private List<Pipe> pipes() {
        List<Pipe> all = new ArrayList<>();
        for (File file : files.values()) {
            if (file instanceof End end && !all.contains(end.pipe)) {
                all.add(end.pipe);
            }
        }
        return all;
    }

    private void trigger(Interest interest) {
        if ((interest.events & EPOLLIN) != 0) {
            interest.triggered = true;
        }
    }

    /** Counts a call; returns the error it is to fail with, or 0. */
    private int enter(String call) {
        counts.merge(call, 1, Integer::sum);
        calls.add(call);
        Deque<Integer> planned = failures.get(call);
        return planned == null || planned.isEmpty() ? 0 : planned.remove();
    }

    private int add(File file) {
        int fd = FIRST_DESCRIPTOR;
        while (files.containsKey(fd)) {
            fd++;
        }
        files.put(fd, file);
        return fd;
    }

    private <T extends File> T file(String call, int fd, Class<T> type) {
        File file = files.get(fd);
        if (!type.isInstance(file)) {
            mistakes.add(call + "(" + fd + ")");
            return null;
        }
        return type.cast(file);
    }

    private Pipe pipe(String call, int fd) {
        End end = file(call, fd, End.class);
        return end == null ? null : end.pipe;
    }

    @Override
    public String release() {
        return "6.1.0";
    }

    @Override
    public int pageSize() {
        return SLOTS_PER_PAGE * SLOT_SIZE;
    }

    // Descriptors

    @Override
    public NativeBuffer allocate(int size) {
        return new NativeBuffer(ByteBuffer.allocate(size), 0);
    }

    @Override
    public synchronized long pipe2(int flags) {
        int errno = enter("pipe2");
        if (errno != 0) {
            return -errno;
        }
        if (flags != (O_NOTIFICATION_PIPE | O_NONBLOCK | O_CLOEXEC)) {
            mistakes.add("pipe2 with flags " + flags);
        }
        Pipe pipe = new Pipe();
        last = pipe;
        int read = add(new End(pipe, true));
        int write = add(new End(pipe, false));
        return (long) write << 32 | read;
    }

    @Override
    public synchronized int close(int fd) {
        int errno = enter("close");
        onClose.run();
        File file = files.remove(fd);
        if (file == null) {
            mistakes.add("close(" + fd + ")");
            return -Errno.EBADF;
        }
        if (file instanceof End end && !end.read) {
            end.pipe.writeEndOpen = false;
            end.pipe.interests.forEach(this::trigger);
        }
        notifyAll();
        return -errno;
    }

    @Override
    public synchronized int read(int fd, NativeBuffer buffer, int length) {
        int errno = enter("read");
        if (errno != 0) {
            return -errno;
        }
        Pipe pipe = pipe("read", fd);
        if (pipe == null) {
            return -Errno.EBADF;
        }
        int at = 0;
        if (pipe.lossPending) {
            byte[] loss = message(0, 1, 8);
            buffer.bytes().put(at, loss);
            at += loss.length;
            pipe.lossPending = false;
        }
        while (!pipe.messages.isEmpty()) {
            // The loss behind a message becomes visible only to the next read, or in front of the
            // next message.
            if (pipe.lossPending) {
                if (at + 8 > length) {
                    break;
                }
                byte[] loss = message(0, 1, 8);
                buffer.bytes().put(at, loss);
                at += loss.length;
                pipe.lossPending = false;
            }
            byte[] next = pipe.messages.peek();
            if (at + next.length > length) {
                return at == 0 ? -Errno.ENOBUFS : at;
            }
            buffer.bytes().put(at, next);
            at += next.length;
            pipe.messages.remove();
            pipe.lossPending = pipe.lossBehind.remove();
        }
        if (at == 0) {
            return pipe.writeEndOpen ? -Errno.EAGAIN : 0;
        }
        return at;
    }

    @Override
    public synchronized int poll(int fd, int events, int timeoutMillis, NativeBuffer scratch) {
        int errno = enter("poll");
        if (errno != 0) {
            return -errno;
        }
        long deadline = System.currentTimeMillis() + timeoutMillis;
        while (true) {
            Pipe pipe = pipe("poll", fd);
            if (pipe == null) {
                return -Errno.EBADF;
            }
            int ready = (pipe.messages.isEmpty() ? 0 : POLLIN) | (pipe.writeEndOpen ? 0 : POLLHUP);
            long remaining = deadline - System.currentTimeMillis();
            if (ready != 0 || timeoutMillis >= 0 && remaining <= 0) {
                return ready;
            }
            pause(timeoutMillis < 0 ? 0 : remaining);
        }
    }

    private void pause(long millis) {
        try {
            wait(millis);
        } catch (InterruptedException e) {
            // As in the real one, which does not know of Java's interrupts. The status is kept for
            // whoever does.
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in a system call", e);
        }
    }

    @Override
    public synchronized int pipeSize(int fd) {
        int errno = enter("pipeSize");
        return errno != 0 ? -errno : pipe("pipeSize", fd).slots * SLOT_SIZE;
    }

    @Override
    public synchronized int bytesQueued(int fd, NativeBuffer scratch) {
        int errno = enter("bytesQueued");
        return errno != 0
                ? -errno
                : pipe("bytesQueued", fd).messages.stream().mapToInt(m -> m.length).sum();
    }

    @Override
    public synchronized int setSize(int fd, int notes) {
        int errno = enter("setSize");
        if (errno != 0) {
            return -errno;
        }
        pipe("setSize", fd).slots = (notes + SLOTS_PER_PAGE - 1) / SLOTS_PER_PAGE * SLOTS_PER_PAGE;
        return 0;
    }

    @Override
    public synchronized int setFilter(int fd, NativeBuffer filter) {
        int errno = enter("setFilter");
        if (errno != 0) {
            return -errno;
        }
        byte[] bytes = new byte[filter.size()];
        filter.bytes().get(0, bytes);
        pipe("setFilter", fd).filter = bytes;
        return 0;
    }

    @Override
    public synchronized int clearFilter(int fd) {
        int errno = enter("clearFilter");
        if (errno != 0) {
            return -errno;
        }
        pipe("clearFilter", fd).filter = new byte[0];
        return 0;
    }

    @Override
    public synchronized int eventfd(int flags) {
        int errno = enter("eventfd");
        return errno != 0 ? -errno : add(new Eventfd());
    }

    @Override
    public synchronized int signalEventfd(int fd) {
        int errno = enter("signalEventfd");
        if (errno != 0) {
            return -errno;
        }
        Eventfd eventfd = file("signalEventfd", fd, Eventfd.class);
        if (eventfd == null) {
            return -Errno.EBADF;
        }
        eventfd.interests.forEach(this::trigger);
        notifyAll();
        return 0;
    }

    @Override
    public synchronized int epollCreate(int flags) {
        int errno = enter("epollCreate");
        return errno != 0 ? -errno : add(new Epoll());
    }

    @Override
    public synchronized int epollControl(
            int epoll, int operation, int fd, int events, long data, NativeBuffer scratch) {
        int errno = enter("epollControl");
        if (errno != 0) {
            return -errno;
        }
        Epoll file = file("epollControl", epoll, Epoll.class);
        File target = file("epollControl", fd, File.class);
        if (file == null || target == null) {
            return -Errno.EBADF;
        }
        List<Interest> interests =
                target instanceof End end ? end.pipe.interests : ((Eventfd) target).interests;
        Interest interest = file.byDescriptor.get(fd);
        if (operation == EPOLL_CTL_DEL) {
            interests.remove(file.byDescriptor.remove(fd));
            return 0;
        }
        if (operation == EPOLL_CTL_ADD) {
            interest = new Interest();
            file.byDescriptor.put(fd, interest);
            interests.add(interest);
        }
        interest.events = events;
        interest.data = data;
        interest.triggered = false;
        if (target instanceof End end && !(end.pipe.messages.isEmpty() && end.pipe.writeEndOpen)) {
            trigger(interest);
        }
        notifyAll();
        return 0;
    }

    @Override
    public synchronized int epollWait(int epoll, NativeBuffer events, int timeoutMillis) {
        int errno = enter("epollWait");
        if (errno != 0) {
            return -errno;
        }
        while (true) {
            Epoll file = file("epollWait", epoll, Epoll.class);
            if (file == null) {
                return -Errno.EBADF;
            }
            int count = 0;
            for (Interest interest : file.byDescriptor.values()) {
                if (interest.triggered && count < events.size() / EPOLL_EVENT_SIZE) {
                    interest.triggered = false;
                    events.bytes()
                            .putLong(count * EPOLL_EVENT_SIZE + EPOLL_DATA_OFFSET, interest.data);
                    count++;
                }
            }
            waitedIn = null;
            if (count > 0 || timeoutMillis == 0) {
                return count;
            }
            if (!patient) {
                waitedIn = file;
                throw new WouldWait();
            }
            Deque<Integer> planned = failures.get("epollWait");
            if (planned != null && !planned.isEmpty()) {
                return -planned.remove(); // a signal ends a wait that is under way
            }
            pause(0);
        }
    }

    @Override
    public int epollEventSize() {
        return EPOLL_EVENT_SIZE;
    }

    @Override
    public long epollData(NativeBuffer events, int index) {
        return events.bytes().getLong(index * EPOLL_EVENT_SIZE + EPOLL_DATA_OFFSET);
    }

    // Keys: every positive serial is one

    @Override
    public synchronized int watchKey(int key, int fd, int tag) {
        int errno = enter(tag == -1 ? "unwatchKey" : "watchKey");
        if (errno != 0) {
            return -errno;
        }
        Pipe pipe = pipe("watchKey", fd);
        if (pipe == null) {
            return -Errno.EINVAL;
        }
        if (tag != -1) {
            return pipe.watches.putIfAbsent(key, tag) == null ? 0 : -Errno.EBUSY;
        }
        Integer removed = pipe.watches.remove(key);
        if (removed == null) {
            return -Errno.EBADSLT;
        }
        post(pipe, removal(key, removed));
        return 0;
    }

    @Override
    public synchronized int keyringId(int key, boolean create) {
        int errno = enter("keyringId");
        return errno != 0 ? -errno : key > 0 ? key : 1000 - key;
    }

    @Override
    public synchronized int keyCapabilities(NativeBuffer buffer) {
        int errno = enter("keyCapabilities");
        if (errno != 0) {
            return -errno;
        }
        buffer.bytes().put(1, (byte) capabilities);
        return 2;
    }

    @Override
    public synchronized int describeKey(int key, NativeBuffer buffer) {
        int errno = enter("describeKey");
        if (errno != 0) {
            return -errno;
        }
        byte[] text = ("user;1000;100;3f010000;key " + "x".repeat(200) + "\0").getBytes();
        return fill(buffer, text);
    }

    @Override
    public synchronized int readKey(int key, NativeBuffer buffer) {
        int errno = enter("readKey");
        lastPayload = buffer;
        if (errno != 0) {
            return -errno;
        }
        ByteBuffer serials = ByteBuffer.allocate(4 * 100).order(ByteOrder.nativeOrder());
        for (int serial = 1; serial <= 100; serial++) {
            serials.putInt(serial);
        }
        return fill(buffer, serials.array());
    }

    private static int fill(NativeBuffer buffer, byte[] contents) {
        if (contents.length <= buffer.size()) {
            buffer.bytes().put(0, contents);
        }
        return contents.length;
    }

    @Override
    public synchronized int addKey(
            String type, String description, NativeBuffer payload, int length, int keyring) {
        pass(payload, length);
        int errno = enter("addKey");
        return errno != 0 ? -errno : 4711;
    }

    @Override
    public synchronized int updateKey(int key, NativeBuffer payload, int length) {
        pass(payload, length);
        int errno = enter("updateKey");
        return -errno;
    }

    private NativeBuffer lastPayload;
    private Consumer<byte[]> onPayload = payload -> {};

    /** Shows every payload that is passed. */
    public synchronized void onPayload(Consumer<byte[]> action) {
        onPayload = action;
    }

    private void pass(NativeBuffer payload, int length) {
        lastPayload = payload;
        byte[] bytes = new byte[length];
        payload.bytes().get(0, bytes);
        onPayload.accept(bytes);
    }

    /** What the memory of the last payload that was passed or read holds now. */
    public synchronized byte[] lastPayload() {
        byte[] bytes = new byte[lastPayload.size()];
        lastPayload.bytes().get(0, bytes);
        return bytes;
    }

    @Override
    public synchronized int searchKey(
            int keyring, String type, String description, int destination) {
        int errno = enter("searchKey");
        return errno != 0 ? -errno : -Errno.ENOKEY;
    }

    @Override
    public synchronized int joinSession(String name) {
        int errno = enter("joinSession");
        return errno != 0 ? -errno : 4712;
    }

    @Override
    public synchronized int requestKey(
            String type, String description, String calloutInfo, int destination) {
        int errno = enter("requestKey");
        return errno != 0 ? -errno : 4713;
    }

    @Override
    public synchronized int restrictKeyring(int keyring, String type, String restriction) {
        int errno = enter("restrictKeyring");
        return -errno;
    }

    @Override
    public int[] visibleKeys() {
        return new int[] {1, 2, 3};
    }

    @Override
    public synchronized int keyctl(
            int operation, int argument2, int argument3, int argument4, int argument5) {
        int errno = enter("keyctl " + operation);
        return -errno;
    }
}
