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
import io.watchqueue.internal.RequestKeyHandler;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/** The begin and the end of watches on the real kernel, whatever happens to their keys. */
@Timeout(300)
class WatchKernelTests {

    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;
    private static final int NO_VIEW = 0x3e3e3e3e;
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Keyctl keys = Keyctl.system();
    private final WatchQueue queue = WatchQueue.open();
    private KeyId keyring;
    private KeyId key;

    @BeforeEach
    void createKeys() {
        keyring = keys.addKeyring("watch-test", Keyring.USER);
        key = keys.add("user", "token", new byte[] {1}, keyring);
    }

    @AfterEach
    void removeKeys() {
        queue.close();
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void tagsAreEightBitsWithoutASign() {
        KeyId second = keys.add("user", "second", new byte[] {1}, keyring);
        queue.watch(key, 0);
        queue.watch(second, 255);
        post(key);
        post(second);
        queue.filter(NotificationFilter.of(NotificationFilter.events().withTag(255)));
        post(key);
        post(second);
        assertThat(drain()).extracting(Notification::watchTag).containsExactly(0, 255, 255);
    }

    @Test
    void theRemovalIsTheLastOfAWatch() {
        Watch watch = queue.watch(key, 3);
        post(key);
        watch.close();
        post(key);
        assertThat(drain()).containsExactly(setAttr(3), new RemovalNotification(key, 3));
        assertThat(queue.watches()).isEmpty();
    }

    /** An interrupt does not end the wait, and neither does the end of the queue. */
    @Test
    void waitsForAKeyUnderConstruction() throws Exception {
        try (RequestKeyHandler handler = RequestKeyHandler.install()) {
            KeyId requested = handler.request("requested", keyring);
            AtomicReference<Thread> waiting = new AtomicReference<>();
            AtomicLong threadId = new AtomicLong();
            CompletableFuture<Boolean> watching =
                    Background.get(
                            () -> {
                                waiting.set(Thread.currentThread());
                                threadId.set(TestProcess.threadId());
                                queue.watch(requested, 3);
                                return Thread.interrupted();
                            });
            Await.until("it begins", () -> threadId.get() != 0);
            TestProcess.awaitSleep(threadId.get());
            waiting.get().interrupt();
            TestProcess.disturb(threadId.get());
            TestProcess.awaitSleep(threadId.get());
            queue.watch(key, 4); // the queue can be used meanwhile
            post(key);
            assertThat(drain()).containsExactly(setAttr(4));
            queue.close();
            assertThat(queue.isClosed()).isTrue();
            assertThat(watching).isNotDone();
            assertThat(queue.onClose().toCompletableFuture()).isNotDone();
            handler.instantiate(requested, "secret");
            assertThat(watching.get(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            queue.onClose().toCompletableFuture().get(SOON.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** A key is rejected with any error number, even one with which watches are refused. */
    @Test
    void reportsThatAKeyWasRejected() throws Exception {
        try (RequestKeyHandler handler = RequestKeyHandler.install()) {
            for (String errno : List.of("ENOKEY", "EAGAIN", "EPERM", "EBUSY", "EIO")) {
                KeyId rejected = handler.request(errno, keyring);
                handler.reject(rejected, errno);
                assertThatThrownBy(() -> queue.watch(rejected, 3))
                        .isInstanceOf(KeyUnavailableException.class)
                        .hasMessageContainingAll("watch key " + rejected, errno, "request-key(8)");
            }
            assertThat(queue.watches()).isEmpty();
        }
    }

    @Test
    void watchesTheSameKeyAndTagAgainOnlyAfterTheRemovalWasRead() {
        queue.watch(key, 3).close();
        assertThatThrownBy(() -> queue.watch(key, 3)).isInstanceOf(AlreadyWatchedException.class);
        drain();
        queue.watch(key, 3);
        post(key);
        assertThat(drain()).containsExactly(setAttr(3));
    }

    @Test
    void aRemovalWithoutRoomIsALossAndFreesTheWatch() {
        try (WatchQueue small = WatchQueue.builder().capacity(32).watch(key, 3).open()) {
            for (int i = 0; i < 32; i++) {
                post(key);
            }
            small.watches().get(0).close();
            List<Notification> all = new ArrayList<>();
            small.poll(Integer.MAX_VALUE, all::add);
            assertThat(all).hasSize(33).last().isEqualTo(new LossNotification());
            assertThat(all).noneMatch(RemovalNotification.class::isInstance);
            small.watch(key, 3);
        }
    }

    @Test
    void aRevokedKeyIsWatchedUntilItIsGone() {
        Watch watch = queue.watch(key, 3);
        keys.revoke(key);
        watch.close();
        assertThat(queue.watches()).containsExactly(watch);
        keys.unlink(key, keyring);
        assertThat(await(RemovalNotification.class)).isEqualTo(new RemovalNotification(key, 3));
        assertThat(queue.watches()).isEmpty();
        watch.close();
    }

    @Test
    void expiryPostsNothingAndIsCollectedLater() throws Exception {
        TestProcess.withSysctl(
                "kernel.keys.gc_delay",
                1,
                () -> {
                    Watch watch = queue.watch(key, 3);
                    queue.watch(keyring, 4);
                    keys.setTimeout(key, Duration.ofSeconds(1));
                    assertThat(queue.read(SOON)).isEqualTo(setAttr(3));
                    assertThat(queue.read(SOON)).isEqualTo(new RemovalNotification(key, 3));
                    assertThat(keys.list(keyring)).isEmpty();
                    assertThat(drain()).isEmpty();
                    watch.close();
                });
    }

    @Test
    void toleratesThatAnExpiredKeyCannotBeUnwatched() {
        Watch watch = queue.watch(key, 3);
        keys.setTimeout(key, Duration.ofSeconds(1));
        Await.expiry(keys, key);
        watch.close();
        assertThat(queue.watches()).containsExactly(watch);
        assertThatThrownBy(() -> queue.watch(key, 4))
                .isInstanceOfSatisfying(
                        KeyUnavailableException.class,
                        e -> assertThat(e.errnoName()).isEqualTo("EKEYEXPIRED"));
    }

    @Test
    void anInvalidatedKeysWatchIsRemoved() {
        Watch watch = queue.watch(key, 3);
        keys.invalidate(key);
        watch.close();
        assertThat(queue.read(SOON)).isEqualTo(new KeyNotification(KeyEvent.INVALIDATED, key, 3));
        assertThat(queue.read(SOON)).isEqualTo(new RemovalNotification(key, 3));
        assertThat(queue.watches()).isEmpty();
    }

    @Test
    void permissionIsCheckedWhenAWatchIsPlacedAndWhenItIsRemoved() {
        Watch watch = queue.watch(key, 3);
        keys.setPermissions(key, NO_VIEW);
        keys.update(key, new byte[] {2});
        watch.close();
        assertThat(queue.watches()).containsExactly(watch);
        keys.setPermissions(key, ALL_PERMISSIONS);
        watch.close();
        assertThat(drain())
                .containsExactly(
                        setAttr(3),
                        new KeyNotification(KeyEvent.UPDATED, key, 3),
                        setAttr(3),
                        new RemovalNotification(key, 3));
    }

    @Test
    void aRevokedKeyringPostsNothingForItsMembers() {
        queue.watch(keyring, 1);
        queue.watch(key, 2);
        keys.revoke(keyring);
        assertThat(queue.read(SOON)).isEqualTo(new KeyNotification(KeyEvent.REVOKED, keyring, 1));
        assertThat(queue.read(SOON)).isEqualTo(new RemovalNotification(key, 2));
        assertThat(drain()).isEmpty();
    }

    @Test
    void aClearedKeyringPostsOneEventEmptyOrNot() {
        keys.add("user", "another", new byte[] {1}, keyring);
        queue.watch(keyring, 1);
        keys.clear(keyring);
        keys.clear(keyring);
        KeyNotification cleared = new KeyNotification(KeyEvent.CLEARED, keyring, 1);
        assertThat(drain()).containsExactly(cleared, cleared);
    }

    @Test
    void aDisplacedKeyIsRemovedWithoutBeingUnlinked() {
        KeyId other = keys.addKeyring("other", Keyring.USER);
        KeyId successor = keys.add("user", "token", new byte[] {2}, other);
        queue.watch(keyring, 1);
        queue.watch(key, 2);
        keys.link(successor, keyring);
        assertThat(queue.read(SOON))
                .isEqualTo(
                        new KeyNotification(
                                KeyEvent.LINKED, keyring.value(), successor.value(), 1));
        assertThat(queue.read(SOON)).isEqualTo(new RemovalNotification(key, 2));
        keys.unlink(other, Keyring.USER);
    }

    @Test
    void aMoveIsAnUnlinkAndALink() {
        KeyId other = keys.addKeyring("other", keyring);
        queue.watch(keyring, 1);
        queue.watch(other, 2);
        keys.move(key, keyring, other);
        assertThat(drain())
                .containsExactly(
                        new KeyNotification(KeyEvent.UNLINKED, keyring, key, 1),
                        new KeyNotification(KeyEvent.LINKED, other, key, 2));
    }

    @Test
    void everyAttributeIsTheSameEvent() {
        queue.watch(key, 1);
        queue.watch(keyring, 2);
        keys.chown(key, 0, 0);
        keys.setPermissions(key, ALL_PERMISSIONS);
        keys.setTimeout(key, Duration.ofHours(1));
        keys.restrict(keyring);
        assertThat(drain())
                .containsExactly(
                        setAttr(1),
                        setAttr(1),
                        setAttr(1),
                        new KeyNotification(KeyEvent.SETATTR, keyring, 2));
    }

    @Test
    void onlyTheWatchedKeyringItselfIsWatched() {
        KeyId inner = keys.addKeyring("inner", keyring);
        queue.watch(keyring, 1);
        keys.add("user", "deep", new byte[] {1}, inner);
        keys.update(key, new byte[] {2});
        assertThat(drain()).isEmpty();
    }

    @Test
    void unwatchingDuringAFloodEndsItWithTheRemoval() throws Exception {
        AtomicBoolean enough = new AtomicBoolean();
        CompletableFuture<Void> flood =
                Background.run(
                        () -> {
                            while (!enough.get()) {
                                post(key);
                            }
                        });
        for (int i = 0; i < 100; i++) {
            Watch watch = queue.watch(key, i);
            Notification first = queue.read();
            assertThat(first).isEqualTo(setAttr(i));
            watch.close();
            boolean removed = false;
            boolean lost = false;
            for (Notification next : drain()) {
                assertThat(removed).as("something after the removal").isFalse();
                removed = next instanceof RemovalNotification;
                lost |= next instanceof LossNotification;
            }
            assertThat(removed || lost).isTrue();
        }
        enough.set(true);
        flood.join();
    }

    @Test
    void twoReadersGetEachNotificationOnce() {
        List<KeyId> members = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            members.add(keys.add("user", "member " + i, new byte[] {1}, keyring));
        }
        queue.watch(keyring, 1);
        Set<Integer> received = ConcurrentHashMap.newKeySet();
        AtomicReference<String> twice = new AtomicReference<>();
        Runnable reader =
                () -> {
                    Notification next = queue.read(SOON);
                    while (next instanceof KeyNotification change
                            && change.event() != KeyEvent.CLEARED) {
                        if (!received.add(change.aux())) {
                            twice.set(change.toString());
                        }
                        next = queue.read(SOON);
                    }
                };
        CompletableFuture<Void> readers =
                CompletableFuture.allOf(Background.run(reader), Background.run(reader));
        members.forEach(member -> keys.unlink(member, keyring));
        keys.clear(keyring); // one end for each
        keys.clear(keyring);
        readers.join();
        assertThat(twice.get()).isNull();
        assertThat(received)
                .containsExactlyInAnyOrderElementsOf(members.stream().map(KeyId::value).toList());
    }

    @Test
    void closersReadersAndWatchersMayRace() throws Exception {
        TestProcess.onNewThread(() -> {}); // what threads need is open before it is counted
        long before = TestProcess.descriptors();
        for (int round = 0; round < 300; round++) {
            WatchQueue raced = WatchQueue.builder().watch(keyring, 1).open();
            CompletableFuture.allOf(
                            Background.run(() -> untilClosed(raced::read)),
                            Background.run(() -> untilClosed(() -> watchAndClose(raced))),
                            Background.run(raced::close))
                    .get(60, TimeUnit.SECONDS);
        }
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(before);
    }

    private void watchAndClose(WatchQueue raced) {
        try (Watch watch = raced.watch(key, 2)) {
            post(watch.key());
        } catch (AlreadyWatchedException e) {
            // until the reader has read the removal
        }
    }

    private static void untilClosed(Runnable use) {
        try {
            while (true) {
                use.run();
            }
        } catch (WatchQueueClosedException e) {
            // that is the end
        }
    }

    @Test
    void specialKeyringsAreThoseOfTheCallingThread() {
        Set<KeyId> watched = ConcurrentHashMap.newKeySet();
        for (int i = 0; i < 2; i++) {
            TestProcess.onNewThread(() -> watched.add(queue.watch(Keyring.THREAD, 1).key()));
        }
        assertThat(watched).hasSize(2).noneMatch(KeyId::isSpecial);
        TestProcess.onNewThread(
                () -> {
                    KeyId mine = keys.joinSession();
                    assertThat(queue.watch(Keyring.SESSION, 2).key()).isEqualTo(mine);
                });
    }

    @Test
    void theEndOfAForeignSessionIsARemoval() {
        CompletableFuture<KeyId> joined = new CompletableFuture<>();
        CompletableFuture<Void> mayLeave = new CompletableFuture<>();
        Thread stranger =
                new Thread(
                        () -> {
                            KeyId session = keys.joinSession();
                            keys.setPermissions(session, ALL_PERMISSIONS);
                            joined.complete(session);
                            mayLeave.join();
                        });
        stranger.start();
        // By another thread: a watch keeps the keyrings of the thread that placed it.
        KeyId session = joined.join();
        queue.watch(session, 1);
        mayLeave.complete(null);
        assertThat(queue.read(SOON)).isEqualTo(new RemovalNotification(session, 1));
    }

    @Test
    void anOwnSessionIsKeptByItsWatchUntilTheQueueIsClosed() {
        TestProcess.onNewThread(
                () -> {
                    try (WatchQueue own = WatchQueue.open()) {
                        KeyId session = keys.joinSession();
                        keys.setPermissions(session, ALL_PERMISSIONS);
                        own.watch(session, 1);
                        queue.watch(session, 2);
                        keys.joinSession();
                        assertThat(own.read(Duration.ofSeconds(1))).isNull();
                    }
                });
    }

    private void post(KeyId key) {
        keys.setPermissions(key, ALL_PERMISSIONS);
    }

    private KeyNotification setAttr(int tag) {
        return new KeyNotification(KeyEvent.SETATTR, key, tag);
    }

    private List<Notification> drain() {
        List<Notification> all = new ArrayList<>();
        queue.poll(Integer.MAX_VALUE, all::add);
        return all;
    }

    private <T extends Notification> T await(Class<T> kind) {
        return Stream.generate(() -> queue.read(SOON))
                .filter(kind::isInstance)
                .map(kind::cast)
                .findFirst()
                .orElseThrow();
    }
}
