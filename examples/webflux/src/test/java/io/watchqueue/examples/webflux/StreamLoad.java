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
package io.watchqueue.examples.webflux;

import static io.watchqueue.examples.webflux.RunningApplication.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;

import io.netty.channel.ChannelOption;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Many browsers at a time, some of which never read, under constant changes.
 *
 * <p>System properties: {@code load.browsers}, the number of browsers, a fiftieth of which never
 * read; {@code load.seconds}, the duration; {@code load.rate}, changes per second.
 */
final class StreamLoad {

    private static final int BROWSERS = Integer.getInteger("load.browsers", 100);
    private static final int STUCK = BROWSERS / 50;
    private static final int KEYS = 7;
    private static final int SECONDS = Integer.getInteger("load.seconds", 5);
    private static final int RATE = Integer.getInteger("load.rate", 10);

    /** For one that lags, Netty holds up to 64 KiB; beyond that, its events wait in its buffer. */
    private static final long BYTES_FOR_EACH = 128 * 1024;

    private StreamLoad() {}

    /**
     * Small buffers, so that a browser that does not read is stuck soon, and not after megabytes in
     * TCP's buffers.
     */
    @Configuration
    static class SmallSendBuffers {

        @Bean
        NettyServerCustomizer smallSendBuffers() {
            return server -> server.childOption(ChannelOption.SO_SNDBUF, 16 * 1024);
        }
    }

    static void run() throws IOException {
        checkDescriptors();
        Keyctl keys = Keyctl.system();
        KeyId keyring = keys.addKeyring("load", Keyring.USER);
        List<KeyId> changing =
                IntStream.range(0, KEYS)
                        .mapToObj(key -> keys.add("user", "key " + key, new byte[] {1}, keyring))
                        .toList();
        RunningApplication application =
                RunningApplication.start(
                        List.of(SmallSendBuffers.class),
                        "watchqueue.keyrings=" + keyring,
                        "watchqueue.streams.max=" + BROWSERS);
        try (SseBrowsers browsers = new SseBrowsers(application.port(), changing)) {
            browsers.connect("/keyrings/" + keyring + "/changes", BROWSERS - STUCK, STUCK);
            eventually(
                    "each has the keyring",
                    () ->
                            browsers.snapshots() == BROWSERS - STUCK
                                    && subscribers(application, keyring) == BROWSERS);

            List<Long> memory = new ArrayList<>(List.of(memory()));
            long changes = 0;
            long start = System.nanoTime();
            for (int part = 1; part <= 4; part++) {
                while (System.nanoTime() - start < seconds(SECONDS).toNanos() * part / 4) {
                    keys.update(changing.get((int) (changes++ % KEYS)), new byte[] {1});
                    long next = start + changes * seconds(1).toNanos() / RATE;
                    LockSupport.parkNanos(next - System.nanoTime());
                }
                memory.add(memory());
            }
            long total = changes;
            eventually("each has every change or a loss", () -> browsers.allHave(total));
            int stillOpen = subscribers(application, keyring);
            long lossesOfKernel = losses(application, "kernel");
            long lossesOfBrowsers = losses(application, "subscriber");

            long stopping = System.nanoTime();
            application.close();
            long stopped = System.nanoTime();
            eventually("each stream has ended", browsers::allHaveEnded);

            System.out.printf(
                    "%d browsers, %d of them never reading; %d changes in %d s%n"
                            + "  each of the others got every change, or a loss in its place: %d"
                            + " events in order, %d losses of the kernel, %d of browsers%n"
                            + "  streams open at the end: %d%n"
                            + "  memory after GC in KiB, at the start and at 25, 50, 75 and 100 %%: %s%n"
                            + "  shutdown: %d ms%n",
                    BROWSERS,
                    STUCK,
                    total,
                    SECONDS,
                    browsers.events(),
                    lossesOfKernel,
                    lossesOfBrowsers,
                    stillOpen,
                    memory.stream().map(bytes -> bytes / 1024).toList(),
                    Duration.ofNanos(stopped - stopping).toMillis());
            assertThat(browsers.mistakes()).isEmpty();
            assertThat(memory.get(4)).isLessThan(memory.get(0) + BROWSERS * BYTES_FOR_EACH);
        } finally {
            application.close();
            keys.unlink(keyring, Keyring.USER);
        }
    }

    /** A browser takes two descriptors, its own and the server's. */
    private static void checkDescriptors() {
        long allowed =
                ManagementFactory.getPlatformMXBean(UnixOperatingSystemMXBean.class)
                        .getMaxFileDescriptorCount();
        assertThat(allowed)
                .as("descriptors for %d browsers; raise the limit with ulimit -n", BROWSERS)
                .isGreaterThan(2 * BROWSERS + 200);
    }

    private static Duration seconds(int seconds) {
        return Duration.ofSeconds(seconds);
    }

    private static int subscribers(RunningApplication application, KeyId keyring) {
        return (int) application.gauge("watchqueue.subscribers", "keyring:" + keyring);
    }

    private static long losses(RunningApplication application, String origin) {
        return (long) application.count("watchqueue.losses", "origin:" + origin);
    }

    /** Bytes in use on the heap and in buffers. */
    private static long memory() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed()
                + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                        .mapToLong(BufferPoolMXBean::getMemoryUsed)
                        .sum();
    }
}
