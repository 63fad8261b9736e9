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
    void eachQueueHasWhatARealOneMayHave() throws IOException {
        List<Notification> all = new ArrayList<>();
        List<Notification> more = new ArrayList<>();
        assertThat(WatchQueueRehearsal.run(1, queue -> queue.poll(10_000, all::add))).isTrue();
        long open = descriptors();
        assertThat(WatchQueueRehearsal.run(3, queue -> queue.poll(10_000, more::add))).isTrue();
        assertThat(descriptors()).isEqualTo(open);
        assertThat(all).hasSize(WatchQueueRehearsal.NOTIFICATIONS);
        assertThat(more).hasSize(3 * WatchQueueRehearsal.NOTIFICATIONS);
        assertThat(all)
                .hasAtLeastOneElementOfType(KeyNotification.class)
                .hasAtLeastOneElementOfType(LossNotification.class)
                .hasAtLeastOneElementOfType(RemovalNotification.class)
                .noneMatch(UnknownNotification.class::isInstance);
    }

    @Test
    void smallPortionsSplitNothing() {
        List<Notification> all = new ArrayList<>();
        WatchQueueRehearsal.run(
                1,
                queue -> {
                    while (queue.poll(7, all::add) > 0) {
                        // Until it is empty.
                    }
                });
        assertThat(all).hasSize(WatchQueueRehearsal.NOTIFICATIONS);
    }

    @Test
    void aSimulatedKernelNeedsNone() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            assertThat(WatchQueueRehearsal.run(1, queue -> queue.poll())).isFalse();
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
