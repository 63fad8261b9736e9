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

import io.watchqueue.Keyctl;
import io.watchqueue.internal.Errno;
import io.watchqueue.internal.SystemKernel;

import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A simulated kernel, for tests. While it is installed, this library uses it instead of the
 * machine's kernel: {@link io.watchqueue.WatchQueue}, {@link Keyctl}, {@link
 * io.watchqueue.WatchQueueSupport} and all that is built on them behave as on Linux 6.1, with keys
 * and queues that exist only here. With JUnit, {@link WithSimulatedKernel} installs one for each
 * test.
 *
 * <pre>{@code
 * try (SimulatedKernel kernel = SimulatedKernel.install()) {
 *     KeyId key = Keyctl.system().add("user", "token", secret, Keyring.USER);
 *     ... subscribe ...
 *     kernel.queue().postLoss();
 * }
 * }</pre>
 *
 * <p>The process belongs to a user, by default number 1000 without privileges, and has a session
 * keyring with the user's keyring in it. Threads inherit their keyrings as real ones do. Nothing
 * happens in the background: keys are destroyed in the call that removes their last link, and time
 * passes only by {@link #advance}.
 *
 * <p><b>Differences from a real kernel.</b> Random scripts of system calls run on both, and their
 * results are compared. These differences are known:
 *
 * <ul>
 *   <li>Delayed work is done within the call, so that tests need not wait: a key is destroyed with
 *       its last link, and a removed watch no longer counts.
 *   <li>The order is fixed where a real kernel's depends on a hash or on its garbage collector:
 *       keyrings list and search their members in the order of their links, and keys that are
 *       destroyed together go in the order of their serials. An expired key goes at its second, not
 *       up to one second later.
 *   <li>There are no quotas of keys, no limits of pipe pages, no security modules, and no key types
 *       besides keyring, user and logon. request-key(8) is not installed, so no key is ever under
 *       construction. {@link #fail} simulates the errors of all these.
 *   <li>A thread that has not made a call yet does not keep its parent's keyrings from being
 *       destroyed, because Java does not report that the thread was created.
 * </ul>
 *
 * <p><b>Threads:</b> all methods may be called from any thread. One kernel is installed at a time
 * in a JVM: tests that install one do not run at the same time.
 */
public final class SimulatedKernel implements AutoCloseable {

    private static final Duration SETTLES = Duration.ofMinutes(1);
    private static final Duration LONGEST_ADVANCE = Duration.ofDays(365_250);

    private final Simulation simulation;

    private SimulatedKernel(Simulation simulation) {
        this.simulation = simulation;
    }

    /**
     * Installs a kernel.
     *
     * @return the kernel, to be closed at the end of the test
     * @throws IllegalStateException if another one is installed
     */
    public static SimulatedKernel install() {
        return builder().install();
    }

    /**
     * Begins a kernel.
     *
     * @return a builder with user and group 1000, 1,048,576 open files, pages of 4096 bytes and a
     *     gc_delay of 300 seconds
     */
    public static Builder builder() {
        return new Builder();
    }

    // Time

    /**
     * Returns the time of this kernel, which begins with the machine's.
     *
     * @return the time up to which it was advanced
     */
    public Instant now() {
        return simulation.change(simulation.table::now);
    }

    /**
     * Lets time pass: keys expire, and the garbage collector destroys them gc_delay later.
     *
     * @param time from 0 to 1000 years
     * @throws IllegalArgumentException if it is not
     */
    public void advance(Duration time) {
        if (time.isNegative() || time.compareTo(LONGEST_ADVANCE) > 0) {
            throw new IllegalArgumentException(
                    "advance the time: " + time + " is not from 0 to 1000 years");
        }
        simulation.change(
                () -> {
                    simulation.table.advanceTo(simulation.table.now().plus(time));
                    return this;
                });
    }

    // Queues

    /**
     * Returns all queues that were opened, closed ones included.
     *
     * @return the queues, the oldest first
     */
    public List<SimulatedQueue> queues() {
        return simulation.change(
                () ->
                        simulation.pipes.stream()
                                .map(pipe -> new SimulatedQueue(simulation, pipe))
                                .toList());
    }

    /**
     * Returns the open queue; if several are open, the one that was opened last.
     *
     * @return a queue that is not closed
     * @throws IllegalStateException if none is open; {@link #queues()} has closed ones too
     */
    public SimulatedQueue queue() {
        List<SimulatedQueue> all = queues();
        for (int i = all.size() - 1; i >= 0; i--) {
            if (!all.get(i).isClosed()) {
                return all.get(i);
            }
        }
        throw new IllegalStateException(
                all.isEmpty()
                        ? "no queue was opened on this kernel; subscribe, or open one, first"
                        : "no queue is open on this kernel; all "
                                + all.size()
                                + " that were opened are closed, see queues()");
    }

    /**
     * Returns how many descriptors are open: two for each queue, and two for a reader.
     *
     * @return the number; 0 if nothing is left open, see {@link #assertNothingLeftOpen()}
     */
    public int openDescriptors() {
        return simulation.change(() -> simulation.descriptors.numbers().size());
    }

    // Calls

    /**
     * Makes the next calls of a kind fail, one after the other; a call that is waiting fails at
     * once. A failed call has no effect, except that a failed close(2) has closed its descriptor.
     *
     * @param call which
     * @param errnos the error numbers by name, such as {@code "EMFILE"}
     * @throws IllegalArgumentException if there is no such error number
     */
    public void fail(NativeCall call, String... errnos) {
        Objects.requireNonNull(call, "call");
        List<Integer> numbers = Arrays.stream(errnos).map(Errno::of).toList();
        simulation.change(
                () -> {
                    simulation.log.fail(call, numbers);
                    return this;
                });
    }

    /**
     * Returns the failures of {@link #fail} that have not happened yet.
     *
     * @return a call for each of them
     */
    public List<NativeCall> outstandingFailures() {
        return simulation.change(simulation.log::outstanding);
    }

    /**
     * Counts calls.
     *
     * @param call which
     * @return how often it was made, failures included
     */
    public int count(NativeCall call) {
        return simulation.change(() -> simulation.log.counted(call));
    }

    // Users, /proc/keys and serials

    /**
     * Runs an action on the calling thread, as another user that has no session, process or thread
     * keyring yet: for tests of permissions and limits between users.
     *
     * @param uid the user, without a sign; 0 has the privileges of root
     * @param gid the group, without a sign
     * @param action runs as that user
     * @throws IllegalArgumentException if one is -1, which is no user's and no group's number
     */
    public void runAs(int uid, int gid, Runnable action) {
        checkUser(uid, gid);
        Credentials before =
                simulation.change(
                        () -> {
                            Credentials own = simulation.lookup.current();
                            simulation.lookup.become(new Credentials(uid, gid, null, null, null));
                            return own;
                        });
        try {
            action.run();
        } finally {
            simulation.change(
                    () -> {
                        simulation.lookup.become(before);
                        return this;
                    });
        }
    }

    private static void checkUser(int uid, int gid) {
        if (uid == Keyctl.UNCHANGED || gid == Keyctl.UNCHANGED) {
            throw new IllegalArgumentException(
                    "run as user "
                            + Integer.toUnsignedString(uid)
                            + " and group "
                            + Integer.toUnsignedString(gid)
                            + ": 4294967295, or -1, is the number of none");
        }
    }

    /**
     * Masks /proc/keys from now on, as container runtimes do: the file exists and is empty. {@link
     * Keyctl#find} then finds by name only keys in the keyrings of the calling thread.
     */
    public void maskProcKeys() {
        simulation.change(
                () -> {
                    simulation.procKeysMasked = true;
                    return this;
                });
    }

    /**
     * Sets the serial of the next key. Other serials are random.
     *
     * @param serial 3 or more; ignored if there is such a key
     * @throws IllegalArgumentException if it is less
     */
    public void nextSerial(int serial) {
        if (serial < KeyTable.FIRST_SERIAL) {
            throw new IllegalArgumentException(
                    "set the next serial: " + serial + " is less than 3, the kernel's first");
        }
        simulation.change(
                () -> {
                    simulation.table.nextSerial(serial);
                    return this;
                });
    }

    /**
     * Waits until nothing is left to do: every reader has delivered what it can, and waits for the
     * kernel or for demand. Then a test can assert that nothing came, without waiting for a time.
     * Returns at once on a reader's thread.
     *
     * @throws IllegalStateException if they are still at work after a minute, or the thread is
     *     interrupted
     */
    public void settle() {
        if (!trySettle()) {
            throw new IllegalStateException(
                    "wait for the readers: they are still at work after "
                            + SETTLES.toSeconds()
                            + " s; a subscriber may block, or a selector be without a thread");
        }
    }

    private boolean trySettle() {
        try {
            return simulation.settle(SETTLES);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("wait for the readers: interrupted", e);
        }
    }

    /**
     * Waits as {@link #settle()} does, and checks that all queues and descriptors are closed, and
     * so all watches are removed. Call it at the end of a test, after {@link #close()}, so that
     * nothing is opened in the meantime; {@link SimulatedKernelExtension} does both.
     *
     * @throws AssertionError if something is open; it says what, and how to close it
     * @throws IllegalStateException if the thread is interrupted
     */
    public void assertNothingLeftOpen() {
        boolean settled = trySettle();
        List<String> leftovers = simulation.change(() -> Leftovers.of(simulation));
        if (!leftovers.isEmpty()) {
            throw new AssertionError(
                    "left open on the simulated kernel"
                            + (settled ? ":" : ", by readers that are still at work:")
                            + String.join("", leftovers.stream().map("\n  - "::concat).toList()));
        }
    }

    /**
     * Uninstalls this kernel. New queues are then opened on the machine's kernel; those that are
     * open here stay usable, and so do the methods of this object. Does nothing the second time.
     */
    @Override
    public void close() {
        SystemKernel.restore(simulation);
    }

    /** Describes a kernel. */
    public static final class Builder {

        private static final int USER = 1000;
        private static final Duration LONGEST_GC_DELAY = Duration.ofSeconds(Integer.MAX_VALUE);

        private int uid = USER;
        private int gid = USER;
        private int openFiles = 1 << 20;
        private int pageSize = 4096;
        private Duration gcDelay = Duration.ofMinutes(5);

        private Builder() {}

        /**
         * Sets the user and group of the process.
         *
         * @param uid the user, without a sign such as {@code (int) 3846276768L}; 0 has the
         *     privileges of root
         * @param gid the group, without a sign
         * @return this
         * @throws IllegalArgumentException if one is -1, which is no user's and no group's number
         */
        public Builder user(int uid, int gid) {
            checkUser(uid, gid);
            this.uid = uid;
            this.gid = gid;
            return this;
        }

        /**
         * Sets RLIMIT_NOFILE: how many descriptors may be open, and how many watches a user may
         * have.
         *
         * @param limit 0 or more
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder openFiles(int limit) {
            if (limit < 0) {
                throw new IllegalArgumentException("open files " + limit + " is negative");
            }
            this.openFiles = limit;
            return this;
        }

        /**
         * Sets the size of a page, to which capacities are rounded up.
         *
         * @param bytes a power of two from 4096 to 65536
         * @return this
         * @throws IllegalArgumentException if it is not
         */
        public Builder pageSize(int bytes) {
            if (bytes < 4096 || bytes > 65536 || Integer.bitCount(bytes) != 1) {
                throw new IllegalArgumentException(
                        "page size " + bytes + " is not a power of two from 4096 to 65536");
            }
            this.pageSize = bytes;
            return this;
        }

        /**
         * Sets kernel.keys.gc_delay: how long an expired key is kept before it is destroyed.
         *
         * @param delay from 0 to 2147483647 seconds; fractions of a second are ignored
         * @return this
         * @throws IllegalArgumentException if it is negative, or more
         */
        public Builder gcDelay(Duration delay) {
            if (delay.isNegative() || delay.compareTo(LONGEST_GC_DELAY) > 0) {
                throw new IllegalArgumentException(
                        "gc_delay " + delay + " is not from 0 to 2147483647 seconds");
            }
            this.gcDelay = delay;
            return this;
        }

        /**
         * Installs the kernel.
         *
         * @return the kernel, to be closed at the end of the test
         * @throws IllegalStateException if another one is installed
         */
        public SimulatedKernel install() {
            Simulation simulation = new Simulation(settings(), Instant.now());
            if (!SystemKernel.substitute(simulation)) {
                throw new IllegalStateException(
                        "install a simulated kernel: one is installed already; close it first, and do"
                                + " not run tests at the same time that install one");
            }
            return new SimulatedKernel(simulation);
        }

        private Simulation.Settings settings() {
            return new Simulation.Settings(uid, gid, openFiles, pageSize, "6.1.0", gcDelay);
        }
    }
}
