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

import static io.watchqueue.reactor.FakeStreams.eventually;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.WatchQueueException;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;

@Timeout(60)
class WarmUpTests {

    private static final Duration LIMIT = Duration.ofSeconds(50);

    @Test
    void leavesNeitherDescriptorNorThread() throws Exception {
        NotificationFlux.warmup().block(); // loads what stays
        long open = descriptors();
        AtomicReference<Thread> thread = new AtomicReference<>();
        WarmUp.again(4, LIMIT)
                .doOnTerminate(() -> thread.set(Thread.currentThread()))
                .as(StepVerifier::create)
                .verifyComplete();
        assertThat(thread.get().getName()).isEqualTo("watchqueue-warmup");
        assertThat(Schedulers.isNonBlockingThread(thread.get())).isFalse();
        thread.get().join();
        assertThat(descriptors()).isLessThanOrEqualTo(open);
    }

    @Test
    void nothingIsDoneBeforeSomebodySubscribes() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            Mono<Void> warmUp = WarmUp.again(1, LIMIT);
            assertThat(kernel.count(NativeCall.PIPE2)).isZero();
            warmUp.block();
            assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(3);
            assertThat(kernel.count(NativeCall.WRITE)).isEqualTo(500);
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    @Test
    void doesNotRunInASubscription() {
        eventually(() -> !threads().contains("watchqueue-warmup")); // of the test before
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            KeyId key = Keyctl.system().add("user", "key", new byte[1], Keyring.USER);
            NotificationFlux changes = NotificationFlux.builder().watch(key).build();
            changes.subscribe();
            assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(1);
            assertThat(kernel.count(NativeCall.WRITE)).isZero();
            assertThat(threads()).doesNotContain("watchqueue-warmup");
            changes.dispose();
            changes.onDispose().block();
        }
    }

    @Test
    void sharesOneWarmUp() {
        Mono<Void> warmUp = NotificationFlux.warmup();
        StepVerifier.create(Mono.when(warmUp, warmUp, NotificationFlux.warmup())).verifyComplete();
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            NotificationFlux.warmup().block();
            assertThat(kernel.count(NativeCall.PIPE2)).isZero();
        }
    }

    /** The three pipes take six descriptors, and the reader's epoll instance and eventfd two. */
    @Test
    void failsAsAWholeWithTooFewDescriptors() {
        for (int limit = 0; limit < 8; limit++) {
            try (SimulatedKernel kernel = SimulatedKernel.builder().openFiles(limit).install()) {
                StepVerifier.create(WarmUp.again(1, LIMIT))
                        .expectErrorSatisfies(
                                error ->
                                        assertThat(error)
                                                .isInstanceOf(ResourceLimitException.class)
                                                .hasMessageContaining("EMFILE"))
                        .verify();
                assertThat(kernel.openDescriptors()).isZero();
                assertThat(kernel.count(NativeCall.WRITE)).isZero();
            }
        }
        try (SimulatedKernel kernel = SimulatedKernel.builder().openFiles(8).install()) {
            WarmUp.again(1, LIMIT).block();
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    /** On this machine's own kernel, because ordinary pipes are enough. */
    @Test
    void withTooFewDescriptorsNothingOfTheProgramIsWrittenTo(@TempDir Path folder)
            throws Exception {
        Process program =
                new ProcessBuilder(
                                "sh",
                                "-c",
                                "ulimit -n 256 && exec \"$@\"",
                                "sh",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:-MaxFDLimit",
                                "-classpath",
                                System.getProperty("java.class.path"),
                                FewDescriptorsProgram.class.getName(),
                                folder.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        String output = new String(program.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(program.waitFor()).isZero();
        List<String> expected = new ArrayList<>(List.of("done, 0 bytes"));
        expected.addAll(
                Collections.nCopies(FewDescriptorsProgram.ENOUGH, "RLIMIT_NOFILE, 0 bytes"));
        expected.add("done, 0 bytes");
        assertThat(output.lines()).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest(name = "{0} fails with {1}")
    @CsvSource({
        "PIPE2,EMFILE",
        "EPOLL_CREATE,EMFILE",
        "EVENTFD,EMFILE",
        "EVENTFD_WRITE,EBADF",
        "EPOLL_CONTROL,ENOSPC",
        "EPOLL_WAIT,EBADF",
        "READ,EIO",
        "WRITE,EBADF"
    })
    void failsAsAWholeIfAnyStepFails(NativeCall call, String errno) {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            kernel.fail(call, errno);
            assertThatThrownBy(() -> WarmUp.again(1, LIMIT).block())
                    .isInstanceOf(WatchQueueException.class)
                    .hasMessageContaining(errno);
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    @Test
    void itIsGivenUpWhenItTakesTooLong() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            assertThatThrownBy(() -> WarmUp.again(1_000_000, Duration.ofMillis(200)).block())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("given up after PT0.2S");
            while (kernel.openDescriptors() > 0 || threads().contains("watchqueue-warmup")) {
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void aRoundThatIsStoppedEndsWhereverItIs() throws Throwable {
        for (int i = 0; i < 50; i++) {
            try (SimulatedKernel kernel = SimulatedKernel.install()) {
                WarmUpRound round = new WarmUpRound(i % 2 == 0, i % 4 < 2);
                Thread stopping = new Thread(round::stop);
                stopping.start();
                round.run();
                stopping.join();
                assertThat(kernel.openDescriptors()).isZero();
            }
        }
    }

    @Test
    void aFailureIsNotKept() {
        AtomicReference<Mono<Void>> current = new AtomicReference<>();
        Mono<Void> warmUp = WarmUp.once(current, WarmUp.again(1, LIMIT));
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            kernel.fail(NativeCall.PIPE2, "EMFILE");
            StepVerifier.create(warmUp).verifyError(ResourceLimitException.class);
            assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(1);
            StepVerifier.create(warmUp).verifyComplete();
            StepVerifier.create(warmUp).verifyComplete();
            assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(4);
        }
    }

    private static Set<String> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .collect(Collectors.toSet());
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }
}
