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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Ordinary pipes: no watch queues are needed for them. */
class WatchQueueWarmUpTests {

    @Test
    void postsEveryKindOfARealQueue() throws IOException {
        WatchQueueWarmUp.open().close(); // loads what stays
        long open = descriptors();
        List<Notification> all = new ArrayList<>();
        int posted = 0;
        try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
            for (int i = 0; i < 100; i++) {
                posted += warmUp.post();
            }
            assertThat(warmUp.queue().poll(10_000, all::add)).isEqualTo(posted);
        }
        assertThat(posted).isEqualTo(100 * WatchQueueWarmUp.PORTION);
        assertThat(descriptors()).isLessThanOrEqualTo(open);
        assertThat(all)
                .hasAtLeastOneElementOfType(KeyNotification.class)
                .hasAtLeastOneElementOfType(LossNotification.class)
                .hasAtLeastOneElementOfType(RemovalNotification.class)
                .noneMatch(UnknownNotification.class::isInstance);
    }

    @Test
    void smallReadsSplitNothing() {
        List<Notification> all = new ArrayList<>();
        try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
            for (int i = 0; i < 100; i++) {
                warmUp.post();
            }
            while (warmUp.queue().poll(7, all::add) > 0) {
                // Until it is empty.
            }
        }
        assertThat(all).hasSize(100 * WatchQueueWarmUp.PORTION);
    }

    @Test
    void aFullPipeTakesNoMore() {
        try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
            int portions = 0;
            while (warmUp.post() > 0) {
                assertThat(++portions).isLessThan(1_000_000);
            }
            assertThat(warmUp.queue().poll(Integer.MAX_VALUE, notification -> true))
                    .isEqualTo(portions * WatchQueueWarmUp.PORTION);
        }
    }

    @Test
    void nothingIsWrittenToADescriptorThatWasClosed() throws IOException {
        try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
            warmUp.post();
            warmUp.queue().close();
            // They get the numbers that are free now.
            Path files = Files.createTempDirectory("watchqueue");
            List<Path> others = new ArrayList<>();
            List<OutputStream> open = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                others.add(files.resolve("file" + i));
                open.add(Files.newOutputStream(others.get(i)));
            }
            assertThatThrownBy(warmUp::post)
                    .isInstanceOf(WatchQueueClosedException.class)
                    .hasMessageContaining("post in a queue");
            for (int i = 0; i < 8; i++) {
                open.get(i).close();
                assertThat(others.get(i)).isEmptyFile();
                Files.delete(others.get(i));
            }
            Files.delete(files);
        }
    }

    @Test
    void aSimulatedKernelHasSuchPipesAsWell() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            List<Notification> all = new ArrayList<>();
            try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
                int posted = 0;
                for (int portion = warmUp.post(); portion > 0; portion = warmUp.post()) {
                    posted += portion;
                }
                assertThat(warmUp.queue().poll(Integer.MAX_VALUE, all::add)).isEqualTo(posted);
                assertThat(warmUp.post()).isEqualTo(WatchQueueWarmUp.PORTION);
                assertThat(warmUp.queue().queuedBytes()).isEqualTo(32);
                assertThatThrownBy(() -> warmUp.queue().watch(Keyring.USER, 1))
                        .isInstanceOf(WatchQueueException.class)
                        .hasMessageContaining("EINVAL");
            }
            assertThat(kernel.openDescriptors()).isZero();
            assertThat(kernel.queues()).isEmpty();
        }
    }

    @Test
    void withoutDescriptorsNothingIsLeftOpen() {
        for (int limit = 0; limit < 2; limit++) {
            try (SimulatedKernel kernel = SimulatedKernel.builder().openFiles(limit).install()) {
                assertThatThrownBy(WatchQueueWarmUp::open)
                        .isInstanceOf(ResourceLimitException.class)
                        .hasMessageContaining("EMFILE");
                assertThat(kernel.openDescriptors()).isZero();
            }
        }
    }

    @Test
    void withoutMemoryNothingIsLeftOpen() {
        FakeKernel kernel = new FakeKernel();
        kernel.assertThatAllocationsLeaveNothingOpen(
                4, () -> WatchQueueWarmUp.open(kernel).close());
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
