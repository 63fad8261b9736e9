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

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.JnaKernel;
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;

/** The simulated kernel and the real one, side by side. */
@Timeout(3600)
class SimulatedKernelKernelTests {

    private static final int FEW_SCRIPTS = 100;
    private static final int SCRIPTS = Integer.getInteger("scripts", 1_000);
    private static final long SEED = Long.getLong("scripts.seed", 1);
    private static final int STEPS = 50;
    private static final int AT_ONCE = 8;
    private static final int SOMEBODY = 4321;
    private static final int SOMEBODY_LARGE = (int) 3846276768L;
    // Seconds away from each other and from the checks, because the machine may be busy.
    private static final int EXPIRY_SECONDS = 4;
    private static final int GC_DELAY_SECONDS = 10;

    @Test
    void randomScriptsHaveTheSameResults() throws Exception {
        compare(FEW_SCRIPTS, SEED);
    }

    @Test
    @Tag("proof")
    void manyRandomScriptsHaveTheSameResults() throws Exception {
        compare(SCRIPTS, SEED + FEW_SCRIPTS);
    }

    private static void compare(int number, long firstSeed) throws Exception {
        Kernel real = JnaKernel.load();
        int helper = helperKeyring(real);
        AtomicLong read = new AtomicLong();
        AtomicLong overQuota = new AtomicLong();
        List<String> differences = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Future<?>> scripts = new ArrayList<>();
            for (int i = 0; i < number; i++) {
                long seed = firstSeed + i;
                scripts.add(
                        threads.submit(
                                () -> run(real, helper, seed, read, overQuota, differences)));
            }
            for (Future<?> script : scripts) {
                script.get();
            }
        } finally {
            threads.shutdownNow();
            real.keyctl(9, helper, -4, 0, 0);
        }
        System.out.println(
                number
                        + " scripts of "
                        + STEPS
                        + " steps, "
                        + read
                        + " messages read, "
                        + differences.size()
                        + " differences, "
                        + overQuota
                        + " ended by a quota");
        assertThat(differences).isEmpty();
        assertThat(read.get()).isGreaterThan(number);
    }

    /** The real kernel takes some time for it. */
    @Test
    @Tag("proof")
    void keysExpireAndAreDestroyedAlike() throws Exception {
        Kernel real = JnaKernel.load();
        List<String> expected = new ArrayList<>();
        TestProcess.withSysctl(
                "kernel.keys.gc_delay",
                GC_DELAY_SECONDS,
                () -> TestProcess.onNewThread(() -> timesPass(real, expected, this::sleep)));
        Simulation simulated =
                new Simulation(
                        new Simulation.Settings(
                                0,
                                0,
                                1 << 20,
                                real.pageSize(),
                                real.release(),
                                Duration.ofSeconds(GC_DELAY_SECONDS)),
                        Instant.now());
        List<String> actual = new ArrayList<>();
        timesPass(
                simulated,
                actual,
                seconds ->
                        simulated.change(
                                () -> {
                                    simulated.table.advanceTo(
                                            simulated.table.now().plusSeconds(seconds));
                                    return this;
                                }));
        assertThat(actual).isEqualTo(expected);
        assertThat(actual).contains("expires 5: -EKEYEXPIRED", "expires 12: -ENOKEY");
    }

    private void sleep(int seconds) {
        try {
            Thread.sleep(seconds * 1000L);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The states of keys over time, as far as they are the same in every run. */
    private static void timesPass(Kernel kernel, List<String> log, IntConsumer sleep) {
        NativeBuffer buffer = kernel.allocate(8200);
        kernel.joinSession(null);
        long pipe = kernel.pipe2(Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
        int fd = (int) pipe;
        kernel.setSize(fd, 512);
        Map<String, Integer> keys = new LinkedHashMap<>();
        for (String name : List.of("expires", "updated", "revoked", "cleared", "stays")) {
            keys.put(name, kernel.addKey("user", name, buffer, 1, -3));
        }
        int ring = kernel.addKey("keyring", "ring", buffer, 0, -3);
        keys.put("ring", ring);
        kernel.keyctl(8, keys.get("expires"), ring, 0, 0);
        int tag = 0;
        for (int key : keys.values()) {
            log.add("watch: " + kernel.watchKey(key, fd, tag++));
        }
        kernel.keyctl(15, keys.get("expires"), EXPIRY_SECONDS, 0, 0);
        kernel.keyctl(15, keys.get("updated"), EXPIRY_SECONDS, 0, 0);
        kernel.updateKey(keys.get("updated"), buffer, 1);
        kernel.keyctl(3, keys.get("revoked"), 0, 0, 0);
        kernel.keyctl(15, keys.get("cleared"), EXPIRY_SECONDS, 0, 0);
        kernel.keyctl(15, keys.get("cleared"), 0, 0, 0);
        kernel.keyctl(15, ring, 100, 0, 0);
        for (int second : new int[] {0, 5, 12}) {
            sleep.accept(second);
            keys.forEach(
                    (name, key) -> {
                        int result = kernel.describeKey(key, buffer);
                        log.add(
                                name
                                        + " "
                                        + second
                                        + ": "
                                        + (result < 0 ? "-" + Errno.name(-result) : "there"));
                    });
            log.add("members: " + kernel.readKey(ring, buffer));
            int length = kernel.read(fd, buffer, 8200);
            List<String> messages = new ArrayList<>();
            for (int at = 0; at < length; at += buffer.bytes().getInt(at + 4) & 0x7f) {
                messages.add(buffer.bytes().getInt(at) + " " + buffer.bytes().getInt(at + 4));
            }
            if (second > 0) {
                // Removals, which come in the order of serials if the collector finds both at once.
                messages.sort(Comparator.naturalOrder());
            }
            log.addAll(messages);
        }
        kernel.close((int) (pipe >>> 32));
        kernel.close(fd);
    }

    private static int helperKeyring(Kernel real) {
        int keyring = real.addKey("keyring", "helper", real.allocate(1), 0, -4);
        assertThat(real.keyctl(5, keyring, 0x3f3f3f3f, 0, 0)).isZero();
        return keyring;
    }

    private static void run(
            Kernel real,
            int helper,
            long seed,
            AtomicLong read,
            AtomicLong overQuota,
            List<String> differences) {
        int uid = seed % 2 == 0 ? 0 : seed % 4 == 1 ? SOMEBODY : SOMEBODY_LARGE;
        Runnable script =
                () -> {
                    read.addAndGet(new DifferentialScript(real, helper, uid, seed).run(STEPS));
                };
        try {
            if (seed % 2 == 0) {
                TestProcess.onNewThread(script);
            } else {
                TestProcess.as(uid, script);
            }
        } catch (Throwable e) {
            if (causeOf(e) instanceof DifferentialScript.QuotaExceeded) {
                overQuota.incrementAndGet();
                return;
            }
            synchronized (differences) {
                if (differences.size() < 5) {
                    differences.add("script " + seed + ": " + rootOf(e));
                } else {
                    differences.add("script " + seed);
                }
            }
        }
    }

    private static Throwable causeOf(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static String rootOf(Throwable e) {
        Throwable root = causeOf(e);
        return root instanceof DifferentialScript.Difference
                ? root.getMessage()
                : root + " " + List.of(root.getStackTrace()).subList(0, 6);
    }
}
