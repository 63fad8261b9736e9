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

import static java.util.Objects.requireNonNull;

import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Ordinary pipes: no watch queues are needed for them. */
class WatchQueueRehearsalTests {

    @Test
    void hasWhatARealQueueMayHave() throws IOException {
        requireNonNull(WatchQueueRehearsal.open()).close(); // loads what stays
        long open = descriptors();
        List<Notification> all = new ArrayList<>();
        int posted = 0;
        try (WatchQueueRehearsal rehearsal = requireNonNull(WatchQueueRehearsal.open())) {
            for (int i = 0; i < 100; i++) {
                posted += rehearsal.post();
            }
            assertThat(rehearsal.queue().poll(10_000, all::add)).isEqualTo(posted);
        }
        assertThat(posted).isEqualTo(100 * WatchQueueRehearsal.PORTION);
        assertThat(descriptors()).isEqualTo(open);
        assertThat(all)
                .hasAtLeastOneElementOfType(KeyNotification.class)
                .hasAtLeastOneElementOfType(LossNotification.class)
                .hasAtLeastOneElementOfType(RemovalNotification.class)
                .noneMatch(UnknownNotification.class::isInstance);
    }

    @Test
    void smallReadsSplitNothing() {
        List<Notification> all = new ArrayList<>();
        try (WatchQueueRehearsal rehearsal = requireNonNull(WatchQueueRehearsal.open())) {
            for (int i = 0; i < 100; i++) {
                rehearsal.post();
            }
            while (rehearsal.queue().poll(7, all::add) > 0) {
                // Until it is empty.
            }
        }
        assertThat(all).hasSize(100 * WatchQueueRehearsal.PORTION);
    }

    @Test
    void aFullPipeTakesNoMore() {
        try (WatchQueueRehearsal rehearsal = requireNonNull(WatchQueueRehearsal.open())) {
            int portions = 0;
            while (rehearsal.post() > 0) {
                assertThat(++portions).isLessThan(1_000_000);
            }
            assertThat(rehearsal.queue().poll(Integer.MAX_VALUE, notification -> true))
                    .isEqualTo(portions * WatchQueueRehearsal.PORTION);
        }
    }

    @Test
    void aSimulatedKernelHasNone() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            assertThat(WatchQueueRehearsal.open()).isNull();
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
