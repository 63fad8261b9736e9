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

import io.watchqueue.internal.Await;
import io.watchqueue.internal.Background;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The notifications of the real kernel, through a queue. The numbers are those of the acceptance
 * scenarios.
 */
@Timeout(300)
class WatchQueueKernelTests {

    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;

    private final Keyctl keys = Keyctl.system();
    private KeyId keyring;

    @BeforeEach
    void createKeyring() {
        keyring = keys.addKeyring("watchqueue-test", Keyring.USER);
    }

    @AfterEach
    void removeKeyring() {
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void probeFindsSupport() {
        assertThat(WatchQueueSupport.probe().status())
                .isEqualTo(WatchQueueSupport.Status.AVAILABLE);
    }

    @ParameterizedTest(name = "capacity {0} is in effect {1}")
    @CsvSource({
        "1,32", "2,32", "31,32", "32,32", "33,64", "64,64", "65,96", "96,96", "97,128", "100,128",
        "128,128", "200,224", "256,256", "500,512", "512,512"
    })
    void capacityIsRoundedUpToPages(int asked, int effective) {
        try (WatchQueue queue = WatchQueue.builder().capacity(asked).open()) {
            assertThat(queue.capacity()).isEqualTo(effective);
        }
    }

    @Test
    void deliversEveryEventOfAKeyring() {
        KeyId other = keys.addKeyring("watchqueue-other", keyring);
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(keyring, 7);
            KeyId key = keys.add("user", "token", bytes("1"), keyring);
            keys.link(key, keyring);
            keys.move(key, keyring, other);
            keys.unlink(other, keyring);
            keys.setPermissions(keyring, ALL_PERMISSIONS);
            keys.setTimeout(keyring, Duration.ofHours(1));
            keys.clear(keyring);
            assertThat(drain(queue))
                    .containsExactly(
                            event(KeyEvent.LINKED, keyring, key, 7),
                            event(KeyEvent.LINKED, keyring, key, 7),
                            event(KeyEvent.UNLINKED, keyring, key, 7),
                            event(KeyEvent.UNLINKED, keyring, other, 7),
                            event(KeyEvent.SETATTR, keyring, null, 7),
                            event(KeyEvent.SETATTR, keyring, null, 7),
                            event(KeyEvent.CLEARED, keyring, null, 7));
        }
    }

    @Test
    void deliversEveryEventOfAKey() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        KeyId second = keys.add("user", "second", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(key, 0);
            queue.watch(second, 255);
            keys.update(key, bytes("2"));
            assertThat(keys.add("user", "token", bytes("3"), keyring)).isEqualTo(key);
            keys.setPermissions(key, ALL_PERMISSIONS);
            keys.revoke(key);
            keys.invalidate(second);
            assertThat(drain(queue))
                    .startsWith(
                            event(KeyEvent.UPDATED, key, null, 0),
                            event(KeyEvent.UPDATED, key, null, 0),
                            event(KeyEvent.SETATTR, key, null, 0),
                            event(KeyEvent.REVOKED, key, null, 0),
                            event(KeyEvent.INVALIDATED, second, null, 255));
        }
    }

    @Test
    void theDestroyedKeysWatchIsRemoved() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.open()) {
            Watch watch = queue.watch(key, 3);
            keys.unlink(key, keyring);
            assertThat(queue.read(Await.SOON)).isEqualTo(new RemovalNotification(key, 3));
            watch.close();
        }
    }

    @Test
    void aClosedWatchIsRemovedAndCanBePlacedAgain() {
        try (WatchQueue queue = WatchQueue.open()) {
            Watch watch = queue.watch(keyring, 3);
            watch.close();
            watch.close();
            assertThat(queue.poll()).isEqualTo(new RemovalNotification(keyring, 3));
            queue.watch(keyring, 4);
            keys.clear(keyring);
            assertThat(drain(queue)).containsExactly(event(KeyEvent.CLEARED, keyring, null, 4));
        }
    }

    @Test
    void theWatchOfARevokedKeyClosesWithoutComplaint() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.open()) {
            Watch watch = queue.watch(key, 3);
            keys.revoke(key);
            watch.close();
            assertThat(drain(queue)).containsExactly(event(KeyEvent.REVOKED, key, null, 3));
        }
    }

    @Test
    void reportsATrailingLossWithoutAFurtherEvent() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.builder().capacity(32).open()) {
            queue.watch(key, 1);
            post(key, 1200);
            List<Notification> all = drain(queue);
            assertThat(all).hasSize(33);
            assertThat(all.subList(0, 32)).containsOnly(event(KeyEvent.SETATTR, key, null, 1));
            assertThat(all.get(32)).isInstanceOf(LossNotification.class);
            assertThat(queue.poll()).isNull();
        }
    }

    @Test
    void reportsLossesWhereTheyHappened() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.builder().capacity(32).open()) {
            queue.watch(key, 1);
            post(key, 40);
            List<Notification> all = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                // One at a time, so that at most the rest of a small read leaves the kernel's
                // queue.
                all.add(queue.poll());
            }
            int carried = 16 - 10;
            post(key, 15 + carried);
            all.addAll(drain(queue));
            List<Integer> losses = new ArrayList<>();
            for (int i = 0; i < all.size(); i++) {
                if (all.get(i) instanceof LossNotification) {
                    losses.add(i);
                }
            }
            assertThat(losses).containsExactly(32, all.size() - 1);
            assertThat(all).hasSize(32 + 1 + 16 + 1);
        }
    }

    @Test
    void readsNoMoreThanTheDemandFromTheKernel() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(key, 1);
            post(key, 100);
            assertThat(queue.poll(20, notification -> true)).isEqualTo(20);
            assertThat(queue.queuedBytes()).isEqualTo(80 * KeyNotification.LENGTH);
            assertThat(queue.poll(1, notification -> true)).isEqualTo(1);
            assertThat(queue.queuedBytes()).isEqualTo(72 * KeyNotification.LENGTH);
        }
    }

    @Test
    void theFilterWorksInTheKernelAndCanBeChanged() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        NotificationFilter updates =
                NotificationFilter.of(NotificationFilter.events(KeyEvent.UPDATED));
        NotificationFilter tagged = NotificationFilter.of(NotificationFilter.events().withTag(9));
        try (WatchQueue queue = WatchQueue.builder().filter(updates).open()) {
            queue.watch(key, 1);
            queue.watch(keyring, 9);
            post(key, 1);
            keys.update(key, bytes("2"));
            queue.filter(tagged);
            keys.update(key, bytes("3"));
            keys.clear(keyring);
            queue.clearFilter();
            assertThat(drain(queue))
                    .startsWith(
                            event(KeyEvent.UPDATED, key, null, 1),
                            event(KeyEvent.CLEARED, keyring, null, 9));
        }
    }

    @Test
    void reportsWhyAKeyCannotBeWatched() {
        KeyId key = keys.add("user", "token", bytes("1"), keyring);
        KeyId revoked = keys.add("user", "revoked", bytes("1"), keyring);
        keys.revoke(revoked);
        try (WatchQueue queue = WatchQueue.open();
                WatchQueue second = WatchQueue.open()) {
            queue.watch(key, 1);
            second.watch(key, 1);
            assertThatThrownBy(() -> queue.watch(key, 2))
                    .isInstanceOf(AlreadyWatchedException.class)
                    .hasMessageContainingAll("watch key " + key + " with tag 2", "EBUSY");
            assertThatThrownBy(() -> queue.watch(revoked, 2))
                    .isInstanceOfSatisfying(
                            KeyUnavailableException.class,
                            e -> assertThat(e.errnoName()).isEqualTo("EKEYREVOKED"));
            assertThatThrownBy(() -> queue.watch(KeyId.of(Integer.MAX_VALUE), 2))
                    .isInstanceOfSatisfying(
                            KeyUnavailableException.class,
                            e -> assertThat(e.errnoName()).isEqualTo("ENOKEY"));
            keys.update(key, bytes("2"));
            assertThat(drain(queue)).containsExactly(event(KeyEvent.UPDATED, key, null, 1));
            assertThat(drain(second)).containsExactly(event(KeyEvent.UPDATED, key, null, 1));
        }
    }

    @Test
    void specialKeyringsAreWatchedBySerial() {
        try (WatchQueue queue = WatchQueue.open()) {
            Watch watch = queue.watch(Keyring.USER, 1);
            assertThat(watch.key()).isEqualTo(keys.resolve(Keyring.USER, false));
            assertThatThrownBy(() -> queue.watch(watch.key(), 1))
                    .isInstanceOf(AlreadyWatchedException.class);
        }
    }

    @Test
    void closingEndsAWaitAndAllLaterUse() {
        WatchQueue queue = WatchQueue.open();
        Watch watch = queue.watch(keyring, 1);
        CompletableFuture<Long> thread = new CompletableFuture<>();
        CompletableFuture<Notification> read =
                Background.get(
                        () -> {
                            thread.complete(TestProcess.threadId());
                            return queue.read();
                        });
        TestProcess.awaitSleep(thread.join());
        queue.close();
        assertThatThrownBy(() -> read.get(60, TimeUnit.SECONDS))
                .hasCauseInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(queue::poll).isInstanceOf(WatchQueueClosedException.class);
        assertThatThrownBy(() -> queue.watch(keyring, 2))
                .isInstanceOf(WatchQueueClosedException.class);
        watch.close();
        queue.close();
    }

    @Test
    void aFullQueueOfTheLargestCapacityComesInOrderAndThenItsLoss() {
        List<KeyId> members = new ArrayList<>();
        for (int i = 0; i < WatchQueue.MAX_CAPACITY; i++) {
            members.add(keys.add("user", "member " + i, bytes("1"), keyring));
        }
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(keyring, 1);
            members.forEach(member -> keys.link(member, keyring));
            keys.clear(keyring);
            List<Notification> all = drain(queue);
            assertThat(all)
                    .hasSize(WatchQueue.MAX_CAPACITY + 1)
                    .last()
                    .isEqualTo(new LossNotification());
            assertThat(all.subList(0, WatchQueue.MAX_CAPACITY))
                    .isEqualTo(
                            members.stream()
                                    .map(member -> event(KeyEvent.LINKED, keyring, member, 1))
                                    .toList());
        }
    }

    @Test
    void signalsDoNotEndAWait() throws Exception {
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(keyring, 1);
            CompletableFuture<Long> thread = new CompletableFuture<>();
            CompletableFuture<Notification> read =
                    Background.get(
                            () -> {
                                thread.complete(TestProcess.threadId());
                                return queue.read();
                            });
            for (int i = 0; i < 100; i++) {
                TestProcess.awaitSleep(thread.join());
                TestProcess.disturb(thread.join());
            }
            assertThat(read).isNotDone();
            keys.clear(keyring);
            assertThat(read.get(60, TimeUnit.SECONDS))
                    .isEqualTo(event(KeyEvent.CLEARED, keyring, null, 1));
        }
    }

    @Test
    void aTimedReadReturnsWhenTheTimeIsOver() {
        try (WatchQueue queue = WatchQueue.open()) {
            assertThat(queue.read(Duration.ofMillis(50))).isNull();
            queue.watch(keyring, 1);
            keys.clear(keyring);
            assertThat(queue.read()).isEqualTo(event(KeyEvent.CLEARED, keyring, null, 1));
        }
    }

    private void post(KeyId key, int times) {
        for (int i = 0; i < times; i++) {
            keys.setPermissions(key, ALL_PERMISSIONS);
        }
    }

    private static List<Notification> drain(WatchQueue queue) {
        List<Notification> all = new ArrayList<>();
        queue.poll(Integer.MAX_VALUE, all::add);
        return all;
    }

    private static KeyNotification event(KeyEvent event, KeyId key, KeyId aux, int tag) {
        return new KeyNotification(event, key.value(), aux == null ? 0 : aux.value(), tag);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
