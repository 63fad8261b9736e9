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
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

@Timeout(300)
class WatchQueueTests {

    private static final KeyId KEY = KeyId.of(1);

    @RegisterExtension final FakeKernel kernel = new FakeKernel();

    @Test
    void isSizedBeforeItIsFilteredOrAttached() {
        NotificationFilter filter = NotificationFilter.of(NotificationFilter.events());
        WatchQueue.builder(kernel).filter(filter).watch(KEY, 7).open().close();
        assertThat(kernel.calls())
                .containsExactly(
                        NativeCall.PIPE2,
                        NativeCall.SET_SIZE,
                        NativeCall.GET_PIPE_SIZE,
                        NativeCall.SET_FILTER,
                        NativeCall.WATCH_KEY,
                        NativeCall.CLOSE,
                        NativeCall.CLOSE);
    }

    @ParameterizedTest(name = "{0} fails with {1}")
    @CsvSource({
        "PIPE2,EMFILE,ResourceLimitException,RLIMIT_NOFILE",
        "PIPE2,ENFILE,ResourceLimitException,fs.pipe-user-pages-hard",
        "PIPE2,ENOMEM,ResourceLimitException,no memory",
        "PIPE2,ENOPKG,WatchQueueUnsupportedException,CONFIG_WATCH_QUEUE",
        "PIPE2,EINVAL,WatchQueueUnsupportedException,5.8",
        "SET_SIZE,EPERM,ResourceLimitException,fs.pipe-user-pages-soft",
        "SET_SIZE,ENOMEM,ResourceLimitException,no memory",
        "SET_SIZE,EBUSY,WatchQueueException,size a watch queue to 512",
        "GET_PIPE_SIZE,EBADF,WatchQueueException,read the size",
        "SET_FILTER,ENOMEM,ResourceLimitException,filter a watch queue by INSTANTIATED",
        "SET_FILTER,EINVAL,WatchQueueException,of any tag",
        "WATCH_KEY,EACCES,KeyPermissionException,need View",
        "WATCH_KEY,ENOKEY,KeyUnavailableException,does not exist",
        "WATCH_KEY,EKEYREVOKED,KeyUnavailableException,was revoked",
        "WATCH_KEY,EKEYEXPIRED,KeyUnavailableException,has expired",
        "WATCH_KEY,EKEYREJECTED,KeyUnavailableException,was rejected",
        "WATCH_KEY,EBUSY,AlreadyWatchedException,watches that key already",
        "WATCH_KEY,EDQUOT,ResourceLimitException,kernel.keys.maxkeys",
        "WATCH_KEY,ENOMEM,ResourceLimitException,no memory",
        "WATCH_KEY,EOPNOTSUPP,WatchQueueUnsupportedException,CONFIG_KEY_NOTIFICATIONS",
        "WATCH_KEY,EPERM,WatchQueueUnsupportedException,seccomp",
        "WATCH_KEY,ENOSYS,WatchQueueUnsupportedException,seccomp",
        "WATCH_KEY,EIO,WatchQueueException,watch key 1 with tag 7"
    })
    void aFailureToOpenIsTypedAndLeavesNothingOpen(
            NativeCall call, String errno, String type, String message) throws Exception {
        kernel.fail(call, errno);
        WatchQueue.Builder builder =
                WatchQueue.builder(kernel)
                        .filter(NotificationFilter.of(NotificationFilter.events()))
                        .watch(KEY, 7);
        assertThatThrownBy(builder::open)
                .isExactlyInstanceOf(Class.forName("io.watchqueue." + type))
                .hasMessageContainingAll(errno, message)
                .satisfies(e -> assertThat(((WatchQueueException) e).errnoName()).isEqualTo(errno));
        assertThat(kernel.open()).isEmpty();
    }

    @Test
    void reportsAnUnknownErrorNumber() {
        kernel.fail(NativeCall.SET_SIZE, 200);
        assertThatThrownBy(() -> WatchQueue.builder(kernel).open())
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContaining("errno 200");
    }

    @ParameterizedTest(name = "capacity {0}")
    @ValueSource(ints = {0, 513, -1, Integer.MAX_VALUE})
    void aCapacityThatTheKernelRefusesIsRefused(int capacity) {
        assertThatThrownBy(() -> WatchQueue.builder(kernel).capacity(capacity))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("capacity " + capacity, "1 to 512");
    }

    @Test
    void tagsAndKeysAreChecked() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            assertThatThrownBy(() -> queue.watch(KEY, -1)).hasMessageContaining("tag -1");
            assertThatThrownBy(() -> queue.watch(KEY, 256)).hasMessageContaining("tag 256");
            assertThatThrownBy(() -> KeyId.of(0)).hasMessageContaining("key id 0");
            assertThatThrownBy(() -> KeyId.of(-9)).hasMessageContaining("key id -9");
            assertThatThrownBy(() -> WatchQueue.builder().watch(KEY, 1).watch(KEY, 2))
                    .hasMessageContaining("named already");
            assertThatThrownBy(() -> queue.poll(0, n -> true)).hasMessageContaining("demand 0");
            assertThat(kernel.watches()).isEmpty();
        }
    }

    @Test
    void copiesABuilder() {
        WatchQueue.Builder original = WatchQueue.builder(kernel).capacity(64).watch(KEY, 1);
        WatchQueue.Builder copy = original.copy();
        original.capacity(32).watch(KeyId.of(2), 2);
        try (WatchQueue queue = copy.open()) {
            assertThat(queue.capacity()).isEqualTo(64);
            assertThat(kernel.watches()).containsOnlyKeys(1);
        }
    }

    @Test
    void asksTheKernelForWholePages() {
        try (WatchQueue queue = WatchQueue.builder(kernel).capacity(33).open()) {
            assertThat(queue.capacity()).isEqualTo(64);
        }
    }

    @Test
    void unwatchesByKey() {
        try (WatchQueue queue = WatchQueue.builder(kernel).watch(KEY, 7).open()) {
            queue.watch(Keyring.USER, 8);
            assertThat(queue.unwatch(KeyId.of(2))).isFalse();
            assertThat(queue.unwatch(Keyring.USER)).isTrue();
            assertThat(queue.unwatch(Keyring.USER)).isFalse();
            assertThat(queue.watches()).extracting(Watch::key).containsExactly(KEY);
            kernel.fail(NativeCall.GET_KEYRING_ID, Errno.ENOKEY);
            assertThat(queue.unwatch(Keyring.THREAD)).isFalse();
            kernel.fail(NativeCall.GET_KEYRING_ID, Errno.EPERM);
            assertThatThrownBy(() -> queue.unwatch(Keyring.THREAD))
                    .isInstanceOf(WatchQueueException.class)
                    .hasMessageContainingAll("unwatch key", "EPERM");
        }
    }

    @Test
    void reportsReadCallsAndBufferedBytes() {
        try (WatchQueue queue = WatchQueue.builder(kernel).watch(KEY, 7).open()) {
            assertThat(queue.poll()).isNull();
            assertThat(queue.readCalls()).isEqualTo(1);
            for (int i = 0; i < 10; i++) {
                kernel.post(FakeKernel.key(1, 1, 0, 7));
            }
            queue.poll(3, notification -> true);
            assertThat(queue.readCalls()).isEqualTo(2);
            assertThat(queue.bufferedBytes()).isEqualTo(5 * 16);
            assertThat(queue.queuedBytes()).isEqualTo(2 * 16);
            queue.poll(5, notification -> true);
            assertThat(queue.readCalls()).isEqualTo(2);
            assertThat(queue.bufferedBytes()).isZero();
        }
    }

    @Test
    void aReadThatLeavesRoomForAnyMessageIsTheLast() {
        try (WatchQueue queue = FakeQueues.open(kernel, 64)) {
            for (int i = 0; i < 4; i++) {
                kernel.post(FakeKernel.key(1, 1, 0, 7));
            }
            assertThat(queue.poll(12, notification -> true)).isEqualTo(4);
            assertThat(queue.readCalls()).isEqualTo(1);
            for (int i = 0; i < 5; i++) {
                kernel.post(FakeKernel.key(1, 1, 0, 7));
            }
            assertThat(queue.poll(12, notification -> true)).isEqualTo(5);
            assertThat(queue.readCalls()).isEqualTo(3);
        }
    }

    @Test
    void deliversLaterNotificationsWithTheNextPoll() {
        try (WatchQueue queue = FakeQueues.open(kernel, 64)) {
            kernel.post(FakeKernel.key(1, 1, 0, 7));
            assertThat(
                            queue.poll(
                                    32,
                                    notification -> {
                                        kernel.post(FakeKernel.key(1, 2, 0, 7));
                                        return true;
                                    }))
                    .isEqualTo(1);
            assertThat(serials(queue, 10)).containsExactly(2);
        }
    }

    @Test
    void specialKeyringsAreResolvedFirst() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(Keyring.SESSION, 7);
            assertThat(watch.key()).isEqualTo(KeyId.of(1003));
            assertThat(watch.tag()).isEqualTo(7);
            assertThat(kernel.watches()).containsEntry(1003, 7);
        }
    }

    @Test
    void deliversInOrderAndOnce() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            for (int i = 1; i <= 20; i++) {
                kernel.post(FakeKernel.key(1, i, 0, 1));
            }
            assertThat(serials(queue, 3)).containsExactly(1, 2, 3);
            assertThat(queue.poll()).isEqualTo(new KeyNotification(KeyEvent.UPDATED, 4, 0, 1));
            assertThat(serials(queue, 100)).hasSize(16).startsWith(5).endsWith(20);
            assertThat(queue.poll()).isNull();
        }
    }

    @Test
    void readsNoMoreThanDemandButForOneSmallRead() {
        try (WatchQueue queue = FakeQueues.open(kernel, 64)) {
            for (int i = 1; i <= 64; i++) {
                kernel.post(FakeKernel.key(1, i, 0, 1));
            }
            assertThat(serials(queue, 20)).hasSize(20);
            assertThat(kernel.queued()).isEqualTo(44);
            assertThat(serials(queue, 1)).hasSize(1);
            assertThat(kernel.queued()).isEqualTo(36);
            assertThat(serials(queue, 7)).hasSize(7);
            assertThat(kernel.queued()).isEqualTo(36);
        }
    }

    @Test
    void findsALossAfterTheLastNotificationWithoutAFurtherEvent() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            for (int i = 1; i <= 40; i++) {
                kernel.post(FakeKernel.key(1, i, 0, 1));
            }
            List<Notification> all = new ArrayList<>();
            queue.poll(1000, all::add);
            assertThat(all).hasSize(33).last().isEqualTo(new LossNotification());
        }
    }

    @Test
    void findsALossAfterTheLastNotificationEvenIfTheReadHadRoom() {
        for (int before = 1; before <= 64; before++) {
            try (WatchQueue queue = FakeQueues.open(kernel, 64)) {
                for (int i = 1; i <= 65; i++) {
                    kernel.post(FakeKernel.key(1, i, 0, 1));
                }
                queue.poll(before, notification -> true);
                List<Notification> rest = new ArrayList<>();
                queue.poll(1000, rest::add);
                assertThat(rest).hasSize(65 - before).last().isEqualTo(new LossNotification());
            }
        }
    }

    @Test
    void deliversTheRestLaterToAConsumerThatHasEnough() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            kernel.post(FakeKernel.key(1, 2, 0, 1));
            assertThat(queue.poll(10, n -> false)).isEqualTo(1);
            assertThat(serials(queue, 10)).containsExactly(2);
        }
    }

    @Test
    void deliversTheNextToAConsumerThatPollsItself() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            for (int key = 1; key <= 20; key++) {
                kernel.post(FakeKernel.key(1, key, 0, 1));
            }
            List<Integer> serials = new ArrayList<>();
            int delivered =
                    queue.poll(
                            8,
                            notification -> {
                                serials.add(((KeyNotification) notification).serial());
                                // At first, all that were read and some of the next read.
                                serials.addAll(serials(queue, serials.size() == 1 ? 9 : 1));
                                return true;
                            });
            assertThat(delivered).isEqualTo(6);
            assertThat(serials)
                    .containsExactlyElementsOf(IntStream.rangeClosed(1, 20).boxed().toList());
        }
    }

    @Test
    void doesNotRepeatANotificationWhoseConsumerThrew() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            kernel.post(FakeKernel.key(1, 2, 0, 1));
            assertThatThrownBy(
                            () ->
                                    queue.poll(
                                            10,
                                            n -> {
                                                throw new IllegalStateException("no");
                                            }))
                    .hasMessage("no");
            assertThat(serials(queue, 10)).containsExactly(2);
        }
    }

    @Test
    void theLongestMessageFitsTheSmallestRead() {
        try (WatchQueue queue = FakeQueues.open(kernel, 1)) {
            kernel.post(FakeKernel.message(2, 200, 127, new byte[119]));
            assertThat(queue.poll()).isEqualTo(new UnknownNotification(2, 200, 127, new byte[119]));
        }
    }

    @Test
    void doesNotWaitForNoTime() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            assertThat(queue.read(Duration.ZERO)).isNull();
            assertThat(queue.read(Duration.ofMillis(-1))).isNull();
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(queue.read(Duration.ZERO)).isNotNull();
            kernel.post(FakeKernel.key(1, 2, 0, 1));
            assertThat(queue.read(Duration.ofSeconds(Long.MIN_VALUE))).isNotNull();
            assertThat(kernel.count(NativeCall.POLL)).isZero();
        }
    }

    @Test
    void acceptsTheLongestTimeout() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            for (Duration longest :
                    List.of(
                            Duration.ofSeconds(Long.MAX_VALUE),
                            Duration.ofMillis(Integer.MAX_VALUE).minusNanos(1))) {
                kernel.post(FakeKernel.key(1, 1, 0, 1));
                assertThat(queue.read(longest)).isNotNull();
            }
        }
    }

    @Test
    void signalsDoNotDisturb() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.fail(NativeCall.READ, Errno.EINTR, Errno.EINTR);
            kernel.fail(NativeCall.POLL, Errno.EINTR);
            kernel.fail(NativeCall.UNWATCH_KEY, Errno.EINTR);
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(queue.read()).isNotNull();
            assertThat(queue.read(Duration.ofMillis(20))).isNull();
            kernel.fail(NativeCall.WATCH_KEY, Errno.EINTR);
            queue.watch(KeyId.of(2), 2).close();
            assertThat(queue.read()).isInstanceOf(RemovalNotification.class);
        }
    }

    @Test
    void aReadThatFailsIsAnError() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.fail(NativeCall.READ, Errno.EIO);
            assertThatThrownBy(queue::poll)
                    .isInstanceOf(WatchQueueException.class)
                    .hasMessageContainingAll("read from a watch queue", "EIO");
            kernel.fail(NativeCall.POLL, Errno.ENOMEM);
            assertThatThrownBy(queue::read).hasMessageContaining("ENOMEM");
        }
    }

    @Test
    void theEndOfAQueueThatIsOpenIsAnError() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.closeWriteEnds();
            assertThatThrownBy(queue::read)
                    .isExactlyInstanceOf(WatchQueueException.class)
                    .hasMessageContaining("something else closed");
        }
    }

    @Test
    void triesAgainAtTheLimitOfWatches() {
        kernel.fail(NativeCall.WATCH_KEY, Errno.EAGAIN, Errno.EAGAIN, Errno.EINTR, Errno.EAGAIN);
        try (WatchQueue queue = WatchQueue.builder(kernel).watch(KEY, 1).open()) {
            assertThat(kernel.count(NativeCall.WATCH_KEY)).isEqualTo(5);
            kernel.fail(
                    NativeCall.WATCH_KEY,
                    Collections.nCopies(1000, Errno.EAGAIN).toArray(Integer[]::new));
            assertThatThrownBy(() -> queue.watch(KeyId.of(2), 1))
                    .isInstanceOf(ResourceLimitException.class)
                    .hasMessageContainingAll("EAGAIN", "RLIMIT_NOFILE");
            assertThat(queue.watches()).extracting(Watch::key).containsExactly(KEY);
        }
    }

    @Test
    void anInterruptIsKeptAndDoesNotShortenTheWaitForTheLimitOfWatches() {
        List<Long> attempts = new ArrayList<>();
        kernel.onWatch(() -> attempts.add(System.nanoTime()));
        kernel.fail(
                NativeCall.WATCH_KEY,
                Collections.nCopies(1000, Errno.EAGAIN).toArray(Integer[]::new));
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> queue.watch(KEY, 1))
                    .isInstanceOf(ResourceLimitException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(IntStream.range(1, 20).mapToLong(i -> attempts.get(i) - attempts.get(i - 1)))
                .allMatch(nanos -> nanos >= 5_000_000);
    }

    @Test
    void aCallThatThrowsLeavesTheWatchesAsTheyWere() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            kernel.onWatch(WatchQueueTests::fail);
            assertThatThrownBy(() -> queue.watch(KeyId.of(2), 1)).hasMessage("of a moment");
            assertThatThrownBy(watch::close).hasMessage("of a moment");
            assertThat(queue.watches()).containsExactly(watch);
            kernel.onWatch(() -> {});
            watch.close();
            assertThat(queue.poll()).isInstanceOf(RemovalNotification.class);
            assertThat(queue.isUnwatched()).isTrue();
        }
    }

    private static void fail() {
        throw new LinkageError("of a moment");
    }

    @Test
    void withoutMemoryNothingIsLeftOpen() {
        WatchQueue.Builder builder =
                WatchQueue.builder(kernel)
                        .filter(NotificationFilter.of(NotificationFilter.events()))
                        .watch(KEY, 1);
        kernel.assertThatAllocationsLeaveNothingOpen(2, () -> builder.open().close());
    }

    @Test
    void aWatchClosesOnce() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            assertThat(queue.watches()).containsExactly(watch);
            watch.close();
            watch.close();
            assertThat(kernel.count(NativeCall.UNWATCH_KEY)).isEqualTo(1);
            assertThat(queue.watches()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"EAGAIN", "EBUSY", "EIO", "EPERM", "ENOKEY", "EKEYREJECTED"})
    void reportsThatAKeyWasRejectedWhateverTheError(String errno) {
        kernel.fail(NativeCall.GET_KEYRING_ID, errno);
        Integer[] always = Collections.nCopies(100, Errno.of(errno)).toArray(Integer[]::new);
        kernel.fail(NativeCall.WATCH_KEY, always);
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            assertThatThrownBy(() -> queue.watch(KEY, 1))
                    .isInstanceOf(KeyUnavailableException.class)
                    .hasMessageContainingAll(
                            "watch key 1 with tag 1", errno, "request-key(8)", "keyctl padd");
            assertThat(queue.watches()).isEmpty();
        }
    }

    /** A key that is rejected can be described; one whose use a seccomp filter refuses cannot. */
    @Test
    void doesNotTakeARefusalOfAllCallsForARejectionOfTheKey() {
        kernel.fail(NativeCall.WATCH_KEY, "EPERM");
        kernel.fail(NativeCall.GET_KEYRING_ID, "EPERM");
        kernel.fail(NativeCall.DESCRIBE, "EPERM");
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            assertThatThrownBy(() -> queue.watch(KEY, 1))
                    .isInstanceOf(WatchQueueUnsupportedException.class);
        }
    }

    @ParameterizedTest
    @CsvSource({"EBADSLT", "ENOKEY"})
    void aWatchThatIsGoneClosesWithoutComplaint(String errno) throws Exception {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            kernel.fail(NativeCall.UNWATCH_KEY, Errno.class.getField(errno).getInt(null));
            watch.close();
            assertThat(queue.watches()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({"EKEYREVOKED", "EKEYEXPIRED", "EACCES"})
    void keepsAWatchThatTheKernelDoesNotRemove(String errno) throws Exception {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            kernel.fail(NativeCall.UNWATCH_KEY, Errno.class.getField(errno).getInt(null));
            watch.close();
            assertThat(queue.watches()).containsExactly(watch);
            watch.close();
            assertThat(queue.watches()).isEmpty();
        }
    }

    @Test
    void aWatchWhoseRemovalFailsForAnotherReasonCanBeClosedLater() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            kernel.fail(NativeCall.UNWATCH_KEY, Errno.ENOMEM);
            assertThatThrownBy(watch::close).isInstanceOf(ResourceLimitException.class);
            watch.close();
            assertThat(kernel.watches()).isEmpty();
        }
    }

    @Test
    void placesTheSameWatchAgainOnlyAfterTheOldOneWasReadToItsEnd() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            queue.watch(KEY, 1).close();
            assertThatThrownBy(() -> queue.watch(KEY, 1))
                    .isInstanceOf(AlreadyWatchedException.class)
                    .hasMessageContainingAll("watch key 1 with tag 1", "Read them first");
            queue.watch(KEY, 2).close(); // cannot be confused
            assertThat(queue.poll()).isEqualTo(new RemovalNotification(1, 1));
            queue.watch(KEY, 1);
        }
    }

    @Test
    void watchesAgainAfterALostRemoval() {
        try (WatchQueue queue = WatchQueue.builder(kernel).capacity(1).open()) {
            Watch watch = queue.watch(KEY, 1);
            for (int i = 0; i < 32; i++) {
                kernel.post(FakeKernel.key(1, 1, 0, 1));
            }
            watch.close();
            assertThat(queue.poll(32, n -> n instanceof KeyNotification)).isEqualTo(32);
            assertThatThrownBy(() -> queue.watch(KEY, 1))
                    .isInstanceOf(AlreadyWatchedException.class);
            assertThat(queue.poll()).isInstanceOf(LossNotification.class);
            assertThat(queue.poll()).isNull();
            queue.watch(KEY, 1);
        }
    }

    @Test
    void doesNotUnwatchANewKeyWithTheSerialOfAnOldOne() {
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            Watch watch = queue.watch(KEY, 1);
            kernel.destroy(KEY.value());
            assertThat(queue.poll()).isEqualTo(new RemovalNotification(1, 1));
            assertThat(queue.watches()).isEmpty();
            Watch successor = queue.watch(KEY, 1);
            watch.close();
            assertThat(kernel.watches()).containsOnlyKeys(KEY.value());
            assertThat(queue.watches()).containsExactly(successor);
        }
    }

    @Test
    void useAfterCloseIsRefusedWithoutASystemCall() {
        WatchQueue queue = FakeQueues.open(kernel, 32);
        Watch watch = queue.watch(KeyId.of(2), 2);
        queue.close();
        int calls = kernel.count();
        NotificationFilter filter = NotificationFilter.of(NotificationFilter.events());
        assertThatThrownBy(queue::poll).isInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(queue::read).isInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(() -> queue.watch(KEY, 1)).isInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(() -> queue.filter(filter))
                .isInstanceOf(WatchQueueClosedException.class)
                .hasMessageContainingAll("set a filter", "is closed");
        assertThatThrownBy(queue::clearFilter).isInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(queue::queuedBytes).isInstanceOf(WatchQueueClosedException.class);
        watch.close();
        queue.close();
        assertThat(kernel.count()).isEqualTo(calls);
        assertThat(queue).hasToString("WatchQueue[capacity=32, closed]");
    }

    @Test
    void deliversTheLossToTheThreadThatWaits() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            CompletableFuture<List<Notification>> waiting = Background.get(() -> untilLoss(queue));
            awaitCalls(NativeCall.POLL, 1);
            List<Notification> polled = new ArrayList<>();
            // All of it before the thread that waits can run.
            synchronized (kernel) {
                for (int key = 1; key <= 40; key++) {
                    kernel.post(FakeKernel.key(1, key, 0, 1));
                }
                queue.poll(32, polled::add);
            }
            polled.addAll(waiting.get(10, TimeUnit.SECONDS));
            assertThat(polled).hasSize(33).endsWith(new LossNotification());
        }
    }

    @Test
    void deliversBufferedNotificationsToTheThreadThatWaits() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            CompletableFuture<Notification> waiting = Background.get(queue::read);
            awaitCalls(NativeCall.POLL, 1);
            List<Notification> polled = new ArrayList<>();
            synchronized (kernel) {
                kernel.post(FakeKernel.key(1, 1, 0, 1));
                kernel.post(FakeKernel.key(1, 2, 0, 1));
                queue.poll(1, polled::add);
            }
            assertThat(waiting.get(10, TimeUnit.SECONDS)).isInstanceOf(KeyNotification.class);
            queue.poll(2, polled::add);
            assertThat(polled).hasSize(1);
        }
    }

    @Test
    void allThreadsThatWaitGetOneEach() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            List<CompletableFuture<Notification>> waiting =
                    List.of(
                            Background.get(queue::read),
                            Background.get(() -> queue.read(Duration.ofDays(1))),
                            Background.get(queue::read));
            awaitCalls(NativeCall.POLL, 1);
            synchronized (kernel) {
                for (int key = 1; key <= 3; key++) {
                    kernel.post(FakeKernel.key(1, key, 0, 1));
                }
            }
            List<Notification> all = new ArrayList<>();
            for (CompletableFuture<Notification> one : waiting) {
                all.add(one.get(10, TimeUnit.SECONDS));
            }
            assertThat(all).doesNotContainNull().doesNotHaveDuplicates();
        }
    }

    @Test
    void keepsItsTimeoutWhileAnotherThreadWaitsInTheKernel() throws Exception {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            CompletableFuture<Notification> waiting = Background.get(queue::read);
            awaitCalls(NativeCall.POLL, 1);
            Thread.currentThread().interrupt();
            assertThat(queue.read(Duration.ofMillis(1))).isNull();
            assertThat(Thread.interrupted()).isTrue();
            assertThat(queue.poll()).isNull();
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(waiting.get(10, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void leavesLaterNotificationsToOthersAfterAWait() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            assertThat(queue.read(Duration.ofMillis(1))).isNull();
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(queue.poll()).isNotNull();
            kernel.fail(NativeCall.POLL, Errno.ENOMEM);
            assertThatThrownBy(queue::read).hasMessageContaining("ENOMEM");
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThat(queue.poll()).isNotNull();
        }
    }

    @Test
    void aConsumerDoesNotWait() {
        try (WatchQueue queue = FakeQueues.open(kernel, 32)) {
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            assertThatThrownBy(() -> queue.poll(1, notification -> queue.read() != null))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("in a consumer of poll");
        }
    }

    @Test
    void closingEndsTheWaitOfAllThreads() throws Exception {
        WatchQueue queue = FakeQueues.open(kernel, 32);
        List<CompletableFuture<Notification>> waiting =
                List.of(Background.get(queue::read), Background.get(queue::read));
        awaitCalls(NativeCall.POLL, 1);
        queue.close();
        for (CompletableFuture<Notification> one : waiting) {
            assertThatThrownBy(() -> one.get(10, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(WatchQueueClosedException.class);
        }
    }

    private void awaitCalls(NativeCall call, int count) {
        while (kernel.count(call) < count) {
            Thread.onSpinWait();
        }
    }

    private static List<Notification> untilLoss(WatchQueue queue) {
        List<Notification> all = new ArrayList<>();
        do {
            all.add(queue.read());
        } while (!(all.get(all.size() - 1) instanceof LossNotification));
        return all;
    }

    @Test
    void closingEndsAWait() throws Exception {
        WatchQueue queue = FakeQueues.open(kernel, 32);
        CompletableFuture<Notification> read = Background.get(queue::read);
        while (kernel.count(NativeCall.POLL) == 0) {
            Thread.onSpinWait();
        }
        queue.close();
        assertThatThrownBy(() -> read.get(60, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(WatchQueueClosedException.class);
    }

    @Test
    void closingWhileDeliveringClosesWhenTheDeliveryIsOver() {
        WatchQueue queue = FakeQueues.open(kernel, 32);
        kernel.post(FakeKernel.key(1, 1, 0, 1));
        kernel.post(FakeKernel.key(1, 2, 0, 1));
        int delivered =
                queue.poll(
                        10,
                        notification -> {
                            queue.close();
                            assertThat(kernel.open()).hasSize(1);
                            return false;
                        });
        assertThat(delivered).isEqualTo(1);
    }

    @Test
    void racingClosersReadersAndWatchersNeverTouchAClosedDescriptor() throws Exception {
        for (int round = 0; round < 500; round++) {
            WatchQueue queue = FakeQueues.open(kernel, 32);
            kernel.post(FakeKernel.key(1, 1, 0, 1));
            List<CompletableFuture<Void>> all =
                    List.of(
                            Background.run(() -> untilClosed(queue::poll)),
                            Background.run(
                                    () -> untilClosed(() -> watchAndClose(queue, KeyId.of(2)))),
                            Background.run(queue::close),
                            Background.run(queue::close));
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                    .get(60, TimeUnit.SECONDS);
            assertThat(kernel.open()).isEmpty();
        }
    }

    private static void watchAndClose(WatchQueue queue, KeyId key) {
        try {
            queue.watch(key, 2).close();
        } catch (AlreadyWatchedException e) {
            // until the other thread has read the removal
        }
    }

    private static void untilClosed(Runnable use) {
        try {
            while (true) {
                use.run();
            }
        } catch (WatchQueueClosedException expected) {
            // that is the end
        }
    }

    private static List<Integer> serials(WatchQueue queue, int demand) {
        List<Integer> serials = new ArrayList<>();
        queue.poll(demand, n -> serials.add(((KeyNotification) n).serial()));
        return serials;
    }
}
