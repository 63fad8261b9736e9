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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.NotificationFilter;
import io.watchqueue.internal.Errno;
import io.watchqueue.internal.NativeBuffer;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * The simulated kernel's queues, with keys that exist as soon as they are named: every positive
 * serial is one, and operations on it have canned answers. Posts go to all queues, whatever they
 * watch. As {@code RegisterExtension}, it fails a test that leaves something open or misuses a
 * descriptor.
 */
public final class FakeKernel extends Simulation implements AfterEachCallback {

    private static final int SERIALS = 100;

    private final List<NativeCall> calls = new ArrayList<>();
    private final Map<Integer, SimulatedKey> named = new HashMap<>();
    private int capabilities = 0x04;
    private Runnable onClose = () -> {};
    private Runnable onWatch = () -> {};
    private Runnable afterWatch = () -> {};
    private int allocations = Integer.MAX_VALUE;
    private boolean patient = true;
    private Descriptors.@Nullable Epoll waitedIn;
    private ByteBuffer lastPayload;
    private final List<NativeBuffer> borrowed = new ArrayList<>();
    private byte[] description =
            ("user;1000;100;3f010000;key " + "x".repeat(200)).getBytes(StandardCharsets.UTF_8);
    private @Nullable String procKeys =
            """
            00000001 I--Q---     1 perm 3f010000  1000   100 user      key: 1
            00000002 I--Q---     1 perm 3f010000  1000   100 user      key: 1
            00000003 I--Q---     1 perm 3f010000  1000   100 user      key: 1
            """;
    private Consumer<byte[]> onPayload = payload -> {};

    public FakeKernel() {
        super(
                new Settings(1000, 1000, 1 << 20, 4096, "6.1.0", Duration.ofMinutes(5)),
                Instant.now());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        assertThat(open()).isEmpty();
        assertThat(mistakes()).isEmpty();
    }

    // For tests

    /** Makes the next calls of a kind fail, one after the other, with these error numbers. */
    public void fail(NativeCall call, Integer... errnos) {
        change(
                () -> {
                    log.fail(call, Arrays.asList(errnos));
                    return this;
                });
    }

    /** Makes the next call of a kind fail, with the error of that name. */
    public void fail(NativeCall call, String errno) {
        fail(call, Errno.of(errno));
    }

    /** Destroys a key: its watches are removed. */
    public void destroy(int key) {
        change(
                () -> {
                    SimulatedKey destroyed = named(key);
                    destroyed.watches().forEach(destroyed::remove);
                    return this;
                });
    }

    /** A key notification, as bytes of the kernel's layout. */
    public static byte[] key(int subtype, int key, int aux, int tag) {
        return Messages.key(subtype, key, aux, tag);
    }

    /** Any message: header, then payload. The length in {@code info} is not checked. */
    public static byte[] message(int type, int subtype, int info, byte... payload) {
        return Messages.message(type, subtype, info, ByteBuffer.wrap(payload));
    }

    /** A removal, as bytes of the kernel's layout. */
    public static byte[] removal(int key, int tag) {
        return Messages.removal(key, tag);
    }

    /** Posts to every queue. */
    public void post(byte[] message) {
        change(
                () -> {
                    openPipes().forEach(pipe -> pipe.put(message));
                    return this;
                });
    }

    /** Posts to the queue that was opened last, and no other. */
    public void postToLast(byte[] message) {
        change(
                () -> {
                    pipes.get(pipes.size() - 1).put(message);
                    return this;
                });
    }

    private List<NotificationPipe> openPipes() {
        return pipes.stream().filter(pipe -> !pipe.isClosed()).toList();
    }

    /** Closes all write ends, as only a mistake somewhere in the process could. */
    public void closeWriteEnds() {
        change(
                () -> {
                    openPipes().forEach(pipe -> pipe.endClosed(false));
                    return this;
                });
    }

    /** Thrown by a call that would wait, while no call may. */
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

    @Override
    void pause(long millis) throws InterruptedException {
        if (!patient) {
            throw new WouldWait();
        }
        super.pause(millis);
    }

    @Override
    public synchronized int epollWait(int epollFd, NativeBuffer events, int timeoutMillis) {
        waitedIn = null;
        try {
            return super.epollWait(epollFd, events, timeoutMillis);
        } catch (WouldWait e) {
            waitedIn =
                    descriptors.get("epoll_wait", epollFd, Descriptors.Epoll.class, Errno.EINVAL);
            throw e;
        }
    }

    /** Whether the last {@link #epollWait} would still wait, if it had waited. */
    public synchronized boolean isWaiting() {
        return waitedIn != null && waitedIn.isIdle();
    }

    /** Waits until all threads that use epoll have come to rest in it. */
    public void settle() {
        try {
            if (!settle(Duration.ofMinutes(1))) {
                throw new AssertionError("still at work");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Runs this at every close. */
    public synchronized void onClose(Runnable action) {
        onClose = action;
    }

    /** Runs this at the end of every call that places a watch, which takes as long. */
    public synchronized void afterWatch(Runnable action) {
        afterWatch = action;
    }

    private synchronized Runnable afterWatch() {
        return afterWatch;
    }

    /** The messages in the queues, all together. */
    public int queued() {
        return change(() -> openPipes().stream().mapToInt(NotificationPipe::queued).sum());
    }

    /** The descriptors that are open. */
    public Set<Integer> open() {
        return change(() -> new TreeSet<>(descriptors.numbers()));
    }

    /** Calls that no program should make: on descriptors that are not open. */
    public List<String> mistakes() {
        return change(descriptors::mistakes);
    }

    /** The number of calls of a kind. */
    public int count(NativeCall call) {
        return change(() -> log.counted(call));
    }

    /** The number of all calls. */
    public int count() {
        return change(log::counted);
    }

    /** The calls in their order. */
    public List<NativeCall> calls() {
        return change(() -> List.copyOf(calls));
    }

    @Override
    int call(NativeCall call, IntSupplier body) {
        return change(
                () -> {
                    calls.add(call);
                    return super.call(call, body);
                });
    }

    /** The tags of the watches of all queues, by key. */
    public Map<Integer, Integer> watches() {
        return change(
                () -> {
                    Map<Integer, Integer> all = new LinkedHashMap<>();
                    openPipes().stream()
                            .flatMap(pipe -> pipe.watchList().stream())
                            .forEach(watch -> all.put(watch.key().serial, watch.tag()));
                    return all;
                });
    }

    /** Whether a queue has a filter. */
    public boolean isFiltered() {
        return change(() -> openPipes().stream().anyMatch(pipe -> pipe.filter() != null));
    }

    /** The filter of the first queue, which has one. */
    public NotificationFilter filter() {
        return change(() -> openPipes().get(0).filter().asGiven());
    }

    /** Whether the filter of the first queue, which has one, lets a message pass. */
    public boolean passes(byte[] message) {
        return change(() -> openPipes().get(0).filter().passes(message));
    }

    /** Sets the second byte of KEYCTL_CAPABILITIES. */
    public synchronized void capabilities(int value) {
        capabilities = value;
    }

    /** Shows every payload that is passed. */
    public synchronized void onPayload(Consumer<byte[]> action) {
        onPayload = action;
    }

    /** The present contents of the memory of the last payload that was passed or read. */
    public synchronized byte[] lastPayload() {
        byte[] bytes = new byte[lastPayload.capacity()];
        lastPayload.get(0, bytes);
        return bytes;
    }

    /** Sets the result of KEYCTL_DESCRIBE for every key, without the closing NUL. */
    public synchronized void description(byte... bytes) {
        description = bytes;
    }

    /** Sets the text of /proc/keys; null if it cannot be read. */
    public synchronized void procKeys(@Nullable String text) {
        procKeys = text;
    }

    /** The memory that was borrowed for a call and not freed; forgets memory that was freed. */
    public synchronized int outstandingMemory() {
        borrowed.removeIf(NativeBuffer::isClosed);
        return borrowed.size();
    }

    /** Runs an action before a watch is placed or removed. */
    public synchronized void onWatch(Runnable action) {
        onWatch = action;
    }

    /** Lets memory run out at each allocation of an action, of which there are that many. */
    public void assertThatAllocationsLeaveNothingOpen(int count, Runnable action) {
        for (int i = 0; i < count; i++) {
            allocations = i;
            assertThatThrownBy(action::run)
                    .as("allocation %d", i)
                    .isInstanceOf(OutOfMemoryError.class);
            assertThat(open()).as("allocation %d", i).isEmpty();
            assertThat(mistakes()).isEmpty();
        }
        allocations = count;
        action.run();
        allocations = Integer.MAX_VALUE;
    }

    // Calls with answers of their own

    @Override
    public synchronized NativeBuffer borrow(int size) {
        failIfOutOfMemory(size);
        NativeBuffer buffer = super.borrow(size);
        borrowed.add(buffer);
        return buffer;
    }

    @Override
    public NativeBuffer allocate(int size) {
        failIfOutOfMemory(size);
        return super.allocate(size);
    }

    private void failIfOutOfMemory(int size) {
        if (allocations-- == 0) {
            throw new OutOfMemoryError("Cannot reserve " + size + " bytes of direct buffer memory");
        }
    }

    @Override
    public int close(int fd) {
        onClose.run();
        return super.close(fd);
    }

    private SimulatedKey named(int serial) {
        return named.computeIfAbsent(
                serial,
                any ->
                        new SimulatedKey(
                                serial,
                                new SimulatedKey.Index(SimulatedKey.Type.USER, "named"),
                                0,
                                0,
                                0,
                                false));
    }

    @Override
    public int watchKey(int key, int fd, int tag) {
        onWatch.run();
        int result =
                call(
                        tag == -1 ? NativeCall.UNWATCH_KEY : NativeCall.WATCH_KEY,
                        () -> keys.watch(named(key), queue("watch", fd), tag));
        if (tag != -1) {
            afterWatch().run();
        }
        return result;
    }

    @Override
    public int keyringId(int key, boolean create) {
        return call(NativeCall.GET_KEYRING_ID, () -> key > 0 ? key : 1000 - key);
    }

    @Override
    public int keyCapabilities(NativeBuffer buffer) {
        return call(
                NativeCall.CAPABILITIES,
                () -> {
                    buffer.bytes().put(1, (byte) capabilities);
                    return 2;
                });
    }

    @Override
    public int describeKey(int key, NativeBuffer buffer) {
        byte[] withNul = Arrays.copyOf(description, description.length + 1);
        return call(NativeCall.DESCRIBE, () -> fill(buffer, withNul));
    }

    @Override
    public int readKey(int key, NativeBuffer buffer) {
        return call(
                NativeCall.READ_KEY,
                () -> {
                    lastPayload = buffer.bytes();
                    ByteBuffer serials =
                            ByteBuffer.allocate(4 * SERIALS).order(ByteOrder.nativeOrder());
                    for (int serial = 1; serial <= SERIALS; serial++) {
                        serials.putInt(serial);
                    }
                    return fill(buffer, serials.array());
                });
    }

    @Override
    public int addKey(
            String type, String description, NativeBuffer payload, int length, int keyring) {
        return call(NativeCall.ADD_KEY, () -> passed(payload, length, 4711));
    }

    @Override
    public int updateKey(int key, NativeBuffer payload, int length) {
        lastPayload = payload.bytes();
        return call(NativeCall.UPDATE, () -> passed(payload, length, 0));
    }

    private int passed(NativeBuffer payload, int length, int result) {
        lastPayload = payload.bytes();
        onPayload.accept(copy(payload, length));
        return result;
    }

    @Override
    public int searchKey(int keyring, String type, String description, int destination) {
        return call(NativeCall.SEARCH, () -> -Errno.ENOKEY);
    }

    @Override
    public synchronized @Nullable String procKeys() {
        return procKeys;
    }

    @Override
    public int keyctl(int operation, int argument2, int argument3, int argument4, int argument5) {
        return call(call(operation), () -> 0);
    }
}
