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
package io.watchqueue.reactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

@Timeout(300)
class RehearsalTests {

    @Test
    void endsByItselfAndLeavesNeitherDescriptorNorThread() throws IOException {
        Rehearsal.once(); // loads what stays
        long open = descriptors();
        Set<Thread> threads = Thread.getAllStackTraces().keySet();
        assertThat(Rehearsal.repeat()).isTrue();
        assertThat(descriptors()).isEqualTo(open);
        assertThat(
                        Thread.getAllStackTraces().keySet().stream()
                                .filter(thread -> !threads.contains(thread))
                                .map(Thread::getName)
                                .filter(name -> name.contains("watchqueue"))
                                .collect(Collectors.toSet()))
                .isEmpty();
    }

    @Test
    void endsWithBothKindsOfDemand() {
        assertThat(new Rehearsal(true, 3).perform()).isTrue();
        assertThat(new Rehearsal(false, 9).perform()).isTrue();
    }

    @Test
    void aSimulatedKernelSeesNothingOfIt() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            KeyId key = Keyctl.system().add("user", "key", new byte[1], Keyring.USER);
            NotificationFlux changes = NotificationFlux.builder().watch(key).build();
            changes.subscribe();
            assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(1);
            changes.dispose();
            changes.onDispose().block();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
