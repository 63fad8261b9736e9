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

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/**
 * Random system calls, made on two kernels that must answer alike. To be run by a thread of its
 * own, whose keyrings are gone with it.
 */
final class DifferentialScript {

    /** A difference between the two. */
    static final class Difference extends RuntimeException {
        private static final long serialVersionUID = 1;

        Difference(String message) {
            super(message);
        }
    }

    /** The real kernel has quotas, and the scripts that run at the same time share them. */
    static final class QuotaExceeded extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static final Duration SETTLES = Duration.ofMinutes(1);
    private static final long PAUSE_NANOS = 500_000;
    private static final int PIPE_FLAGS =
            Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC;
    private static final int[] STRANGE_KEYS = {0, -6, -7, -8, -9, -100, 1, 2, Integer.MAX_VALUE};
    private static final int[] SIZES = {1, 2, 31, 32, 33, 64, 96, 100, 128, 500, 512, 0, 513, -1};
    private static final int[] LENGTHS = {0, 7, 8, 12, 15, 16, 23, 24, 40, 128, 433, 8200};
    private static final String[] TYPES = {"user", "user", "user", "keyring", "keyring", "logon"};
    private static final String[] STRANGE_TYPES = {"", ".dot", "unheard-of", "x".repeat(32)};
    private static final String[] DESCRIPTIONS = {
        "a",
        "b",
        "c:d",
        "e:f",
        "g:h\ni",
        "j:\n00000007 I--Q---     1 perm 3f010000     0     0 user      k",
        "l:\u00fc\u2603"
    };

    /** Unsigned owners: the largest, and one as Active Directory assigns it. */
    private static final int LARGEST_ID = (int) 4294967294L;

    private static final int LARGE_ID = (int) 3846276768L;
    private static final String[] STRANGE_DESCRIPTIONS = {"", ".dot", ":x", "x".repeat(4096)};
    private static final int EVERYTHING = 0x3f3f3f3f;
    private static final int WITHOUT_VIEW = 0x3e3e3e3e;
    private static final int[] MASKS = {
        0x3f3f3f3f,
        0x3f010000,
        0x3f3f0000,
        0x3f000000,
        0x003f0000,
        0x0000003f,
        0,
        0x3e3e3e3e,
        0x37373737,
        0x3b3b3b3b,
        0x2f2f2f2f,
        0x1f1f1f1f,
        0x01010101,
        0x40000000,
        0x00000080
    };

    private static final class Queue {
        final long real;
        final long simulated;
        boolean readEndOpen = true;
        boolean writeEndOpen = true;

        /** The messages that were read from it. */
        final Deque<byte[]> realRead = new ArrayDeque<>();

        final Deque<byte[]> simulatedRead = new ArrayDeque<>();

        Queue(long real, long simulated) {
            this.real = real;
            this.simulated = simulated;
        }

        static int readEnd(long pipe) {
            return (int) pipe;
        }

        static int writeEnd(long pipe) {
            return (int) (pipe >>> 32);
        }
    }

    private final Kernel real;

    /** One that everybody may write into. */
    private final int helperKeyring;

    /** Only root has the quota for large payloads. */
    private final int uid;

    private final Simulation simulated;
    private final Random random;
    private final List<Queue> queues = new ArrayList<>();
    private final List<Integer> keys = new ArrayList<>();
    private final List<String> history = new ArrayList<>();
    private final NativeBuffer scratch;

    /** Keys that are known to be gone. */
    private final Set<Integer> gone = new HashSet<>();

    /** A thread that the JVM makes while one of these is the session has it too, and keeps it. */
    private final Set<Integer> joined = new HashSet<>();

    /** Of the real kernel's memory, by size: to allocate it takes long. */
    private final Map<Integer, NativeBuffer> buffers = new HashMap<>();

    private int session;
    private long sentinel;

    DifferentialScript(Kernel real, int helperKeyring, int uid, long seed) {
        this.helperKeyring = helperKeyring;
        this.uid = uid;
        this.real = real;
        this.simulated =
                new Simulation(
                        new Simulation.Settings(
                                uid,
                                0,
                                1 << 20,
                                real.pageSize(),
                                real.release(),
                                Duration.ofMinutes(5)),
                        Instant.now());
        this.random = new Random(seed);
        this.scratch = real.allocate(8);
    }

    /** Runs that many steps; returns how many messages were read. */
    int run(int steps) {
        // Before there is a session, which it would keep.
        sentinel = real.pipe2(PIPE_FLAGS);
        require(real.setSize(Queue.readEnd(sentinel), 1));
        session = real.joinSession(null);
        simulated.table.nextSerial(session);
        same("joinSession()", session, simulated.joinSession(null));
        keys.add(session);
        try {
            addKey(session, "keyring", "r0", new byte[0]);
            addKey(session, "keyring", "r1", new byte[0]);
            addKey(session, "user", "a", new byte[1]);
            open();
            for (int key : keys) {
                if (random.nextBoolean()) {
                    watch(queues.get(0), key, random.nextInt(4));
                }
            }
            for (int step = 0; step < steps; step++) {
                step();
                settle();
            }
            int read = 0;
            for (Queue queue : queues) {
                drain(queue);
                read += queue.realRead.size();
            }
            return read;
        } catch (Difference e) {
            throw new Difference(e.getMessage() + "\n  " + String.join("\n  ", history));
        } finally {
            for (Queue queue : queues) {
                close(queue, true);
                close(queue, false);
            }
            real.close(Queue.readEnd(sentinel));
            real.close(Queue.writeEnd(sentinel));
        }
    }

    // Steps

    private void step() {
        switch (random.nextInt(44)) {
            case 0 -> open();
            case 1 -> setSize(anyQueue());
            case 2, 3 -> setFilter(anyQueue());
            case 4 -> clearFilter(anyQueue());
            case 5, 6, 7, 8 -> watch(anyQueue(), anyKey(), random.nextInt(256));
            case 9 -> watch(anyQueue(), anyKey(), anyOf(0, 255, 256, -2, 1));
            case 10, 11 -> watch(anyQueue(), anyKey(), -1);
            case 12, 13, 14, 15 -> read(anyQueue(), anyOf(LENGTHS));
            case 16 -> look(anyQueue());
            case 17 -> flood();
            case 18, 19, 20 ->
                    addKey(anyKey(), anyType(), anyDescription(), new byte[random.nextInt(20)]);
            case 21 ->
                    addKey(
                            anyKey(),
                            anyType(),
                            anyDescription(),
                            new byte[anyOf(0, 1, uid == 0 ? 32767 : 100, 32768)]);
            case 22 -> update(anyKey(), anyOf(0, 1, 10, uid == 0 ? 4096 : 20, 4097));
            case 23 -> one("revoke", 3, any(keys), 0, 0, 0);
            case 24 -> one("invalidate", 21, any(keys), 0, 0, 0);
            case 25, 26 -> one("link", 8, anyKey(), anyKey(), 0, 0);
            case 27, 28 -> one("unlink", 9, anyKey(), anyKey(), 0, 0);
            case 29, 30 -> one("move", 30, anyKey(), anyKey(), anyKey(), anyOf(0, 0, 1, 2));
            case 31 -> one("clear", 7, anyKey(), 0, 0, 0);
            case 32, 33 ->
                    one(
                            "setperm",
                            5,
                            anyKey(),
                            random.nextInt(3) == 0 ? anyOf(MASKS) : EVERYTHING,
                            0,
                            0);
            case 34 ->
                    one(
                            "chown",
                            4,
                            anyKey(),
                            anyOf(-1, -1, 0, 4321, LARGE_ID, LARGEST_ID),
                            anyOf(-1, 0, 99, LARGE_ID, LARGEST_ID),
                            0);
            case 35 -> one("set_timeout", 15, anyKey(), anyOf(0, 1000, -1), 0, 0);
            case 36 -> describe(anyKey());
            case 37 -> readKey(anyKey());
            case 38 -> find();
            case 39, 40 -> flood();
            case 41, 42 -> update(anyKey(), 1 + random.nextInt(20));
            default -> rare();
        }
    }

    private void rare() {
        switch (random.nextInt(10)) {
            case 0 -> {
                int key = anyKey();
                same("restrict " + key, kernel -> kernel.restrictKeyring(key, null, null));
            }
            case 1 -> {
                int key = anyKey();
                String type = anyOf("user", "keyring", "unheard-of", ".dot");
                same(
                        "restrict " + key + " to " + type,
                        kernel -> kernel.restrictKeyring(key, type, "x"));
            }
            case 2 -> join(null);
            case 3 -> join(anyOf("named-" + session, "other-" + session, ".dot"));
            case 4 -> {
                Queue queue = anyQueue();
                boolean readEnd = random.nextInt(3) == 0;
                history.add("close the " + (readEnd ? "read" : "write") + " end");
                close(queue, readEnd);
            }
            case 5 -> describe(anyOf(-4, -5));
            case 6 -> list();
            case 7 -> watchHidden(anyQueue(), anyKey());
            case 8 -> leaveSession();
            default -> {
                int key = anyKey();
                boolean create = random.nextBoolean();
                plan(key);
                same("keyringId " + key, kernel -> kernel.keyringId(key, create));
            }
        }
    }

    /** /proc/keys, of the keys of this script. */
    private void list() {
        String listed = real.procKeys();
        String expected = simulated.procKeys();
        for (int key : keys) {
            same("/proc/keys of " + key, () -> entry(listed, key), () -> entry(expected, key));
        }
    }

    /**
     * From the serial to the end of the description, which may have line breaks; without the count
     * of uses, which is not simulated.
     */
    private String entry(String list, int serial) {
        SimulatedKey key = simulated.table.get(serial);
        int begin = ("\n" + list).indexOf(String.format(Locale.ROOT, "\n%08x I", serial));
        if (key == null || begin < 0) {
            return "not listed";
        }
        byte[] description = key.index.description().getBytes(StandardCharsets.UTF_8);
        String text = new String(description, StandardCharsets.ISO_8859_1);
        int end = list.indexOf('\n', list.indexOf(" " + text, begin) + 1 + text.length());
        return list.substring(begin, end).replaceFirst("(?<=^.{16}) *[0-9]+", "");
    }

    /** A key that grants no View keeps its watch, whatever the queue does. */
    private void watchHidden(Queue queue, int key) {
        watch(queue, key, 1);
        one("setperm", 5, key, WITHOUT_VIEW, 0, 0);
        watch(queue, key, -1);
        watch(queue, key, 2);
        one("setperm", 5, key, EVERYTHING, 0, 0);
        watch(queue, key, 3);
    }

    /**
     * Keys possessed through the session are no longer, unless they are linked into the new one.
     */
    private void leaveSession() {
        int left = any(keys);
        int key = anyKey();
        int session = real.keyringId(-3, false);
        join(null);
        // The real kernel lets go of credentials, and of the session that they name, a moment
        // later.
        settle();
        readKey(key);
        describe(key);
        one("link", 8, left, -3, 0, 0);
        if (!joined.contains(session) || keys.contains(session)) {
            one("link", 8, session, -3, 0, 0);
        }
        readKey(key);
    }

    private void open() {
        if (queues.size() == 3) {
            return;
        }
        Queue queue = opened();
        queues.add(queue);
        if (random.nextInt(8) != 0) {
            int size = anyOf(1, 32, 32, 64, 96);
            same("setSize " + size, queue, (kernel, fd) -> kernel.setSize(fd, size));
        }
    }

    private Queue opened() {
        history.add("open");
        Queue queue = new Queue(real.pipe2(PIPE_FLAGS), simulated.pipe2(PIPE_FLAGS));
        if (queue.real < 0 || queue.simulated < 0) {
            throw new Difference("pipe2 " + queue.real + ", " + queue.simulated);
        }
        return queue;
    }

    private void setSize(Queue queue) {
        int size = anyOf(SIZES);
        same("setSize " + size, queue, (kernel, fd) -> kernel.setSize(fd, size));
        same("pipeSize", queue, Kernel::pipeSize);
    }

    private void setFilter(Queue queue) {
        int rules = random.nextInt(20) == 0 ? anyOf(0, 17) : 1 + random.nextInt(4);
        byte[] filter = new byte[8 + 44 * Math.max(1, rules)];
        ByteBuffer bytes = ByteBuffer.wrap(filter).order(java.nio.ByteOrder.nativeOrder());
        bytes.putInt(0, rules).putInt(4, random.nextInt(40) == 0 ? 1 : 0);
        for (int i = 0; i < rules; i++) {
            int at = 8 + 44 * i;
            int mask = anyOf(0, 0, 0xff00, 0xff00, 0x0100, 0xffffff80, 0x40000, 0x7f);
            bytes.putInt(at, anyOf(1, 1, 1, 1, 0, 2, 0xffffff))
                    .putInt(at + 4, random.nextInt(10) == 0 ? random.nextInt() : 0)
                    .putInt(at + 8, random.nextInt(15) == 0 ? 0x7f : mask & ~0x7f)
                    .putInt(at + 12, random.nextInt())
                    .putInt(at + 16, random.nextInt());
            if (random.nextBoolean()) {
                bytes.putInt(at + 4, (random.nextInt(4) << 8) & bytes.getInt(at + 8));
            }
        }
        same(
                "setFilter " + HexFormat.of().formatHex(filter),
                queue,
                (kernel, fd) -> {
                    NativeBuffer copy = kernel.allocate(filter.length);
                    copy.bytes().put(0, filter);
                    return kernel.setFilter(fd, copy);
                });
    }

    private void clearFilter(Queue queue) {
        same("clearFilter", queue, Kernel::clearFilter);
    }

    private void watch(Queue queue, int key, int tag) {
        plan(key);
        same(
                "watch " + key + " tag " + tag + " in " + queues.indexOf(queue),
                queue,
                (kernel, fd) -> kernel.watchKey(key, fd, tag));
    }

    private void look(Queue queue) {
        same("bytesQueued", queue, (kernel, fd) -> kernel.bytesQueued(fd, scratch));
        if (queue.readEndOpen) {
            same(
                    "poll",
                    queue,
                    (kernel, fd) ->
                            kernel.poll(fd, Kernel.POLLIN, 0, scratch)
                                    & (Kernel.POLLIN | Kernel.POLLHUP));
        }
    }

    private void flood() {
        int key = anyKey();
        int times = anyOf(3, 10, 20, 40, 70, 130);
        plan(key);
        history.add("setperm of " + key + ", " + times + " times");
        for (int i = 0; i < times; i++) {
            int expected = real.keyctl(5, key, EVERYTHING, 0, 0);
            if (expected != simulated.keyctl(5, key, EVERYTHING, 0, 0)) {
                throw new Difference("in a flood");
            }
            if (expected < 0) {
                break;
            }
        }
    }

    private void read(Queue queue, int length) {
        if (!queue.readEndOpen) {
            return;
        }
        NativeBuffer one = buffer(real, Math.max(1, length));
        NativeBuffer other = simulated.allocate(Math.max(1, length));
        int result = real.read(Queue.readEnd(queue.real), one, length);
        same(
                "read of " + length + " from " + queues.indexOf(queue),
                result,
                simulated.read(Queue.readEnd(queue.simulated), other, length));
        split(one.bytes(), result, queue.realRead);
        split(other.bytes(), result, queue.simulatedRead);
    }

    private static void split(ByteBuffer bytes, int length, Deque<byte[]> messages) {
        for (int at = 0; at < length; ) {
            byte[] message = new byte[bytes.getInt(at + 4) & 0x7f];
            bytes.get(at, message);
            messages.add(message);
            at += message.length;
        }
    }

    private NativeBuffer buffer(Kernel kernel, int size) {
        return kernel == real
                ? buffers.computeIfAbsent(size, real::allocate)
                : kernel.allocate(size);
    }

    private NativeBuffer payload(Kernel kernel, int length) {
        NativeBuffer payload = buffer(kernel, Math.max(1, length));
        for (int i = 0; i < length; i++) {
            payload.bytes().put(i, (byte) i);
        }
        return payload;
    }

    private void drain(Queue queue) {
        int before;
        do {
            before = queue.realRead.size();
            read(queue, 8200);
        } while (queue.realRead.size() > before);
        List<String> expected = ordered(queue.realRead);
        List<String> actual = ordered(queue.simulatedRead);
        if (!expected.equals(actual)) {
            int at = 0;
            while (at < Math.min(expected.size(), actual.size())
                    && expected.get(at).equals(actual.get(at))) {
                at++;
            }
            throw new Difference(
                    "queue "
                            + queues.indexOf(queue)
                            + " from message "
                            + at
                            + ":\n  real      "
                            + expected.subList(at, Math.min(at + 6, expected.size()))
                            + "\n  simulated "
                            + actual.subList(at, Math.min(at + 6, actual.size())));
        }
    }

    /**
     * As text. Removals that follow one another are sorted: the order in which keys are destroyed
     * that one call has left without a link depends on the kernel's garbage collector.
     */
    private static List<String> ordered(Deque<byte[]> messages) {
        List<String> ordered = new ArrayList<>();
        List<String> removals = new ArrayList<>();
        for (byte[] message : messages) {
            String text = HexFormat.of().formatHex(message);
            if (Messages.type(message) == 0 && Messages.subtype(message) == 0) {
                removals.add(text);
                continue;
            }
            removals.sort(Comparator.naturalOrder());
            ordered.addAll(removals);
            removals.clear();
            ordered.add(text);
        }
        removals.sort(Comparator.naturalOrder());
        ordered.addAll(removals);
        return ordered;
    }

    private void addKey(int keyring, String type, String description, byte[] payload) {
        plan(keyring);
        String what = "addKey " + type + " '" + description + "' to " + keyring;
        NativeBuffer copy = payload(real, payload.length);
        int serial = real.addKey(type, description, copy, payload.length, keyring);
        planCreated(serial);
        same(
                what + " of " + payload.length + " bytes",
                serial,
                simulated.addKey(
                        type,
                        description,
                        payload(simulated, payload.length),
                        payload.length,
                        keyring));
        remember(serial);
    }

    private void update(int key, int length) {
        same(
                "update " + key + " by " + length,
                kernel -> kernel.updateKey(key, payload(kernel, length), length));
    }

    private void one(String name, int operation, int a, int b, int c, int d) {
        plan(a);
        plan(b);
        plan(c);
        same(
                name + " " + a + " " + b + " " + c + " " + d,
                kernel -> kernel.keyctl(operation, a, b, c, d));
    }

    private void describe(int key) {
        same("describe " + key, () -> described(real, key), () -> described(simulated, key));
    }

    private String described(Kernel kernel, int key) {
        NativeBuffer buffer = buffer(kernel, 8192);
        int length = kernel.describeKey(key, buffer);
        return length < 0
                ? Integer.toString(length)
                : StandardCharsets.UTF_8.decode(buffer.bytes().slice(0, length)).toString();
    }

    private void readKey(int key) {
        int size = anyOf(1, 4, 16, 64, 4096, 33000);
        same(
                "readKey " + key + " into " + size,
                () -> contents(real, key, size),
                () -> contents(simulated, key, size));
    }

    /** The length, and the numbers in no order: that of a keyring's members is a hash's. */
    private String contents(Kernel kernel, int key, int size) {
        NativeBuffer buffer = buffer(kernel, size);
        buffer.wipe();
        int length = kernel.readKey(key, buffer);
        int[] numbers = new int[size / Integer.BYTES];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = buffer.bytes().getInt(i * Integer.BYTES);
        }
        Arrays.sort(numbers);
        return length + " " + Arrays.hashCode(numbers);
    }

    private void find() {
        int keyring = anyKey();
        String type = anyType();
        String description = anyDescription();
        int destination = random.nextInt(4) == 0 ? anyKey() : 0;
        plan(keyring);
        plan(destination);
        if (random.nextBoolean()) {
            same(
                    "search " + keyring + " for " + type + " '" + description + "' " + destination,
                    kernel -> kernel.searchKey(keyring, type, description, destination));
        } else {
            same(
                    "request " + type + " '" + description + "' " + destination,
                    kernel -> kernel.requestKey(type, description, null, destination));
        }
    }

    private void join(String name) {
        int serial = real.joinSession(name);
        planCreated(serial);
        same("joinSession " + name, serial, simulated.joinSession(name));
        remember(serial);
        joined.add(serial);
    }

    private void close(Queue queue, boolean readEnd) {
        if (readEnd ? queue.readEndOpen : queue.writeEndOpen) {
            if (readEnd) {
                queue.readEndOpen = false;
                real.close(Queue.readEnd(queue.real));
                simulated.close(Queue.readEnd(queue.simulated));
            } else {
                queue.writeEndOpen = false;
                real.close(Queue.writeEnd(queue.real));
                simulated.close(Queue.writeEnd(queue.simulated));
            }
        }
    }

    // Both at once

    private interface OnQueue {
        int call(Kernel kernel, int fd);
    }

    /** Through the end that is open. */
    private void same(String what, Queue queue, OnQueue call) {
        boolean readEnd = queue.readEndOpen;
        same(
                what,
                call.call(real, readEnd ? Queue.readEnd(queue.real) : Queue.writeEnd(queue.real)),
                call.call(
                        simulated,
                        readEnd
                                ? Queue.readEnd(queue.simulated)
                                : Queue.writeEnd(queue.simulated)));
    }

    private void same(String what, ToIntFunction<Kernel> call) {
        same(what, call.applyAsInt(real), call.applyAsInt(simulated));
    }

    private void same(String what, Supplier<String> one, Supplier<String> other) {
        String expected = one.get();
        String actual = other.get();
        history.add(what + " = " + expected);
        if (!expected.equals(actual)) {
            throw new Difference(what + ": " + expected + ", but simulated " + actual);
        }
    }

    private void same(String what, int expected, int actual) {
        history.add(what + " = " + name(expected));
        if (expected == -Errno.EDQUOT) {
            throw new QuotaExceeded();
        }
        if (expected != actual) {
            throw new Difference(what + ": " + name(expected) + ", but simulated " + name(actual));
        }
    }

    private static String name(int result) {
        return result < 0 ? "-" + Errno.name(-result) : Integer.toString(result);
    }

    /** A keyring that the next call may make by itself gets the same serial in both. */
    private void plan(int special) {
        if (special != -1 && special != -2) {
            return;
        }
        if (simulated.keyringId(special, false) != -Errno.ENOKEY) {
            return;
        }
        // The call would make it. Making it now does the same in both kernels.
        int serial = real.keyringId(special, true);
        planCreated(serial);
        same("create " + special, serial, simulated.keyringId(special, true));
        remember(serial);
    }

    private void planCreated(int serial) {
        if (serial > 0 && simulated.table.get(serial) == null) {
            simulated.table.nextSerial(serial);
        }
    }

    private void remember(int serial) {
        if (serial > 0 && !keys.contains(serial)) {
            keys.add(serial);
        }
    }

    /**
     * Waits until the real kernel's garbage collector has done the work that the simulated kernel
     * does at once.
     */
    private void settle() {
        for (int key : keys) {
            SimulatedKey simulatedKey = simulated.table.get(key);
            if (simulatedKey == null) {
                if (gone.add(key)) {
                    // Unlinking is the only operation that a key allows in any state.
                    await(() -> real.keyctl(9, key, helperKeyring, 0, 0) == -Errno.ENOKEY);
                    awaitCollector();
                    awaitCollector();
                }
            } else if (simulatedKey.isKeyring()) {
                await(() -> real.readKey(key, scratch) == simulated.readKey(key, scratch));
            }
        }
        keys.removeIf(key -> joined.contains(key) && simulated.table.get(key) == null);
        for (Queue queue : queues) {
            if (queue.readEndOpen || queue.writeEndOpen) {
                await(() -> bytesQueued(queue, real) == bytesQueued(queue, simulated));
                same(
                        "bytes in " + queues.indexOf(queue),
                        bytesQueued(queue, real),
                        bytesQueued(queue, simulated));
                history.remove(history.size() - 1);
            }
        }
    }

    /**
     * Waits for the removal of a key that goes now. Keys that were destroyed before went in the
     * same pass of the collector, or in an earlier one.
     */
    private void awaitCollector() {
        NativeBuffer payload = buffer(real, 16);
        int key = real.addKey("user", "sentinel-" + session, payload, 1, helperKeyring);
        int fd = Queue.readEnd(sentinel);
        require(real.watchKey(key, fd, 0));
        require(real.keyctl(9, key, helperKeyring, 0, 0));
        await(() -> real.read(fd, payload, 16) == 16);
    }

    private static void require(int result) {
        if (result < 0) {
            throw new IllegalStateException(Errno.name(-result));
        }
    }

    private int bytesQueued(Queue queue, Kernel kernel) {
        long pipe = kernel == real ? queue.real : queue.simulated;
        int fd = queue.readEndOpen ? Queue.readEnd(pipe) : Queue.writeEnd(pipe);
        return kernel.bytesQueued(fd, scratch);
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + SETTLES.toNanos();
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    // Chance

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    /** One that is open. */
    private Queue anyQueue() {
        List<Queue> open = new ArrayList<>(queues);
        open.removeIf(queue -> !queue.readEndOpen && !queue.writeEndOpen);
        if (open.isEmpty()) {
            queues.add(opened());
            return queues.get(queues.size() - 1);
        }
        return any(open);
    }

    private int anyOf(int... values) {
        return values[random.nextInt(values.length)];
    }

    private String anyOf(String... values) {
        return values[random.nextInt(values.length)];
    }

    private int anyKey() {
        return switch (random.nextInt(30)) {
            case 0 -> anyOf(STRANGE_KEYS);
            case 1 -> -1;
            case 2 -> -2;
            case 3, 4 -> -3;
            // Mostly the first few, so that things happen to the same ones.
            case 5, 6, 7, 8, 9, 10 -> keys.get(random.nextInt(keys.size()));
            default -> keys.get(random.nextInt(Math.min(6, keys.size())));
        };
    }

    private String anyType() {
        return random.nextInt(12) == 0 ? anyOf(STRANGE_TYPES) : anyOf(TYPES);
    }

    private String anyDescription() {
        return random.nextInt(12) == 0 ? anyOf(STRANGE_DESCRIPTIONS) : anyOf(DESCRIPTIONS);
    }
}
