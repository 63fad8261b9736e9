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

import io.watchqueue.internal.Background;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;

@Timeout(300)
class WatchQueueSelectorTests {

    @RegisterExtension final FakeKernel kernel = new FakeKernel();

    @Test
    void reportsArmedQueuesAndNoOthers() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel);
                WatchQueue first = FakeQueues.open(kernel, 32);
                WatchQueue second = FakeQueues.open(kernel, 32)) {
            selector.register(first, "first").arm();
            WatchQueueSelector.Registration other = selector.register(second, "second");
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(ready(selector)).containsExactly("first");
            assertThat(ready(selector)).isEmpty();
            other.arm();
            assertThat(ready(selector)).containsExactly("second");
            other.disarm();
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(ready(selector)).containsExactly("first");
            assertThat(other.queue()).isSameAs(second);
        }
    }

    @Test
    void armingTwiceIsOneCall() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel);
                WatchQueue queue = FakeQueues.open(kernel, 32)) {
            WatchQueueSelector.Registration registration = selector.register(queue, "queue");
            int before = kernel.count(NativeCall.EPOLL_CONTROL);
            registration.disarm();
            registration.arm();
            registration.arm();
            assertThat(kernel.count(NativeCall.EPOLL_CONTROL)).isEqualTo(before + 1);
        }
    }

    @Test
    void aCancelledQueueIsNotReportedAndCanBeRegisteredAgain() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel);
                WatchQueue queue = FakeQueues.open(kernel, 32)) {
            WatchQueueSelector.Registration registration = selector.register(queue, "old");
            registration.arm();
            registration.cancel();
            registration.cancel();
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(ready(selector)).isEmpty();
            selector.register(queue, "new").arm();
            assertThat(ready(selector)).containsExactly("new");
            queue.close();
            registration.cancel();
        }
    }

    @Test
    void cancelsAQueueThatAnotherThreadCloses() throws Exception {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel)) {
            for (int round = 0; round < 2_000; round++) {
                WatchQueue queue = FakeQueues.open(kernel, 32);
                WatchQueueSelector.Registration registration = selector.register(queue, "queue");
                CyclicBarrier start = new CyclicBarrier(2);
                CompletableFuture<Void> closing =
                        Background.run(
                                () -> {
                                    await(start);
                                    queue.close();
                                });
                await(start);
                registration.cancel();
                closing.get(10, TimeUnit.SECONDS);
            }
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await();
        } catch (InterruptedException | BrokenBarrierException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void anEventOfACancelledQueueIsNotTakenForTheQueueThatHasItsPlace() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel);
                WatchQueue first = FakeQueues.open(kernel, 32);
                WatchQueue second = FakeQueues.open(kernel, 32);
                WatchQueue third = FakeQueues.open(kernel, 32)) {
            List<WatchQueueSelector.Registration> registrations = new ArrayList<>();
            for (WatchQueue queue : List.of(first, second)) {
                WatchQueueSelector.Registration registration = selector.register(queue, queue);
                registration.arm();
                registrations.add(registration);
            }
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            List<Object> reported = new ArrayList<>();
            selector.selectNow(
                    registration -> {
                        if (reported.isEmpty()) {
                            registrations.remove(registration);
                            registrations.get(0).cancel();
                            selector.register(third, "third");
                        }
                        reported.add(registration.attachment());
                    });
            assertThat(reported).hasSize(1).doesNotContain("third");
        }
    }

    @Test
    void aWakeupEndsTheWaitThatIsOrTheNext() throws Exception {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel)) {
            selector.wakeup();
            selector.select(registration -> {});
            CompletableFuture<Void> wait =
                    Background.run(() -> selector.select(registration -> {}));
            while (kernel.count(NativeCall.EPOLL_WAIT) < 2) {
                Thread.onSpinWait();
            }
            assertThat(wait).isNotDone();
            selector.wakeup();
            wait.get(60, TimeUnit.SECONDS);
        }
    }

    @Test
    void aSignalEndsAWaitWithoutHarm() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel)) {
            kernel.fail(NativeCall.EPOLL_WAIT, Errno.EINTR);
            selector.select(registration -> {});
            kernel.fail(NativeCall.EPOLL_WAIT, Errno.EBADF);
            assertThatThrownBy(() -> selector.select(registration -> {}))
                    .isInstanceOf(WatchQueueException.class)
                    .hasMessageContaining("EBADF");
        }
    }

    @ParameterizedTest(name = "{0} fails with {1}")
    @CsvSource({
        "EPOLL_CREATE,EMFILE,RLIMIT_NOFILE",
        "EVENTFD,ENFILE,fs.file-max",
        "EPOLL_CONTROL,ENOSPC,fs.epoll.max_user_watches",
        "EPOLL_CONTROL,ENOMEM,memory"
    })
    void aFailureToOpenNamesTheLimitAndLeavesNothingOpen(
            NativeCall call, String errno, String limit) throws Exception {
        kernel.fail(call, errno);
        assertThatThrownBy(() -> WatchQueueSelector.open(kernel))
                .isInstanceOfSatisfying(
                        ResourceLimitException.class, e -> assertThat(e.limit()).isEqualTo(limit));
    }

    @Test
    void withoutMemoryNothingIsLeftOpen() {
        kernel.assertThatAllocationsLeaveNothingOpen(
                2, () -> WatchQueueSelector.open(kernel).close());
    }

    @Test
    void refusesAQueueThatCannotBeRegistered() {
        try (WatchQueueSelector selector = WatchQueueSelector.open(kernel);
                WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.fail(NativeCall.EPOLL_CONTROL, Errno.ENOSPC);
            assertThatThrownBy(() -> selector.register(queue, "queue"))
                    .isInstanceOf(ResourceLimitException.class);
            queue.close();
            assertThatThrownBy(() -> selector.register(queue, "queue"))
                    .isInstanceOf(WatchQueueClosedException.class);
        }
    }

    @Test
    void useAfterCloseIsRefused() {
        WatchQueueSelector selector = WatchQueueSelector.open(kernel);
        selector.close();
        selector.close();
        selector.wakeup();
        assertThatThrownBy(() -> selector.select(registration -> {}))
                .isInstanceOf(WatchQueueClosedException.class);
    }

    private static List<Object> ready(WatchQueueSelector selector) {
        List<Object> ready = new ArrayList<>();
        selector.selectNow(registration -> ready.add(registration.attachment()));
        return ready;
    }
}
