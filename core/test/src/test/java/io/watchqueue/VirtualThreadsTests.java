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
import io.watchqueue.test.NativeCall;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.api.extension.RegisterExtension;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

@Timeout(30)
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "there are no virtual threads before")
class VirtualThreadsTests {

    @RegisterExtension final FakeKernel kernel = new FakeKernel();

    @Test
    void aVirtualThreadDoesNotWaitInTheKernel() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32);
                WatchQueueSelector selector = WatchQueueSelector.open(kernel)) {
            assertThatIsRefused(queue::read, "would hold its carrier thread");
            assertThatIsRefused(
                    () -> queue.read(Duration.ofMillis(1)), "would hold its carrier thread");
            assertThatIsRefused(() -> selector.select(any -> {}), "would hold its carrier thread");
            assertThat(kernel.count(NativeCall.POLL)).isZero();
            assertThat(kernel.count(NativeCall.EPOLL_WAIT)).isZero();
        }
    }

    @Test
    void aVirtualThreadMayDoAllThatDoesNotWait() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32);
                WatchQueueSelector selector = WatchQueueSelector.open(kernel)) {
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            kernel.post(FakeKernel.key(1, 2, 0, 1));
            onVirtualThread(
                    () -> {
                        assertThat(queue.poll()).isNotNull();
                        assertThat(queue.read(Duration.ZERO)).isNotNull();
                        queue.watch(KeyId.of(2), 2).close();
                        selector.selectNow(any -> {});
                    });
        }
    }

    @Test
    void aVirtualThreadDoesNotChangeTheSessionOfItsCarrier() throws Exception {
        Keyctl keys = new Keyctl(kernel);
        assertThatIsRefused(keys::joinSession, "the kernel knows only its carrier");
        assertThatIsRefused(() -> keys.joinSession("name"), "the kernel knows only its carrier");
        assertThat(kernel.count(NativeCall.JOIN_SESSION)).isZero();
    }

    @Test
    void aVirtualThreadDoesNotWaitForAnAnswerOfRequestKey() throws Exception {
        Keyctl keys = new Keyctl(kernel);
        assertThatIsRefused(
                () -> keys.request("user", "name", "callout", null),
                "until request-key(8) has answered");
        assertThat(kernel.count(NativeCall.REQUEST_KEY)).isZero();
        onVirtualThread(
                () ->
                        assertThatThrownBy(() -> keys.request("user", "name"))
                                .isInstanceOf(WatchQueueException.class));
        assertThat(kernel.count(NativeCall.REQUEST_KEY)).isOne();
    }

    private static void assertThatIsRefused(ThrowingCallable action, String reason)
            throws Exception {
        onVirtualThread(
                () ->
                        assertThatThrownBy(action)
                                .isInstanceOf(IllegalStateException.class)
                                .hasMessageContainingAll(
                                        "is virtual", reason, "use a platform thread"));
    }

    /** JDK 17, with which this is compiled, has none. */
    private static void onVirtualThread(Runnable action) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.class
                .getMethod("startVirtualThread", Runnable.class)
                .invoke(
                        null,
                        (Runnable)
                                () -> {
                                    try {
                                        action.run();
                                        done.complete(null);
                                    } catch (Throwable e) {
                                        done.completeExceptionally(e);
                                    }
                                });
        try {
            done.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }
}
