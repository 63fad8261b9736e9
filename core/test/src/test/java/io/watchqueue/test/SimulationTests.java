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
package io.watchqueue.test;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.AlreadyWatchedException;
import io.watchqueue.KeyCapability;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.NotificationFormatException;
import io.watchqueue.RemovalNotification;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.UnknownNotification;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueException;
import io.watchqueue.WatchQueueSelector;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.internal.Background;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

@Timeout(300)
class SimulationTests {

    private static final byte[] SECRET = {1, 2, 3};
    private static final int ALL = 0x3f3f3f3f;

    private SimulatedKernel kernel = SimulatedKernel.install();
    private Keyctl keys = Keyctl.system();

    @AfterEach
    void restore() {
        kernel.close();
    }

    private void reinstall(SimulatedKernel.Builder builder) {
        kernel.close();
        kernel = builder.install();
        keys = Keyctl.system();
    }

    private KeyId add(String description) {
        return keys.add("user", description, SECRET, Keyring.USER);
    }

    private static List<Notification> drain(WatchQueue queue) {
        List<Notification> all = new ArrayList<>();
        queue.poll(10_000, all::add);
        return all;
    }

    private static KeyNotification change(KeyEvent event, KeyId key, int aux, int tag) {
        return new KeyNotification(event, key.value(), aux, tag);
    }

    @Test
    void takesThePlaceOfTheMachinesKernel() {
        WatchQueueSupport support = WatchQueueSupport.probe();
        assertThat(support.isAvailable()).isTrue();
        assertThat(support.explanation()).contains("Linux 6.1");
        assertThat(keys.capabilities()).contains(KeyCapability.NOTIFICATIONS);
        assertThat(kernel.openDescriptors()).isZero();
        assertThatThrownBy(SimulatedKernel::install)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("close it first");
    }

    @Test
    void postsChangesOfAKeyToItsWatches() {
        KeyId ring = keys.addKeyring("app", Keyring.USER);
        try (WatchQueue queue = WatchQueue.open()) {
            queue.watch(ring, 7);
            KeyId key = keys.add("user", "token", SECRET, ring);
            queue.watch(key, 9);
            keys.update(key, SECRET);
            keys.setPermissions(key, ALL);
            keys.link(key, Keyring.SESSION);
            keys.unlink(key, ring);
            keys.clear(ring);
            keys.revoke(key);
            keys.unlink(key, Keyring.SESSION);
            assertThat(drain(queue))
                    .containsExactly(
                            change(KeyEvent.LINKED, ring, key.value(), 7),
                            change(KeyEvent.UPDATED, key, 0, 9),
                            change(KeyEvent.SETATTR, key, 0, 9),
                            change(KeyEvent.UNLINKED, ring, key.value(), 7),
                            change(KeyEvent.CLEARED, ring, 0, 7),
                            change(KeyEvent.REVOKED, key, 0, 9),
                            new RemovalNotification(key, 9));
            assertThat(queue.watches()).hasSize(1);
        }
    }

    @Test
    void showsWatchesFilterAndWhetherAQueueIsClosed() {
        KeyId key = add("token");
        NotificationFilter filter =
                NotificationFilter.of(
                        NotificationFilter.events(KeyEvent.REVOKED).withTag(3),
                        NotificationFilter.type(5, 200));
        WatchQueue queue = WatchQueue.builder().capacity(33).filter(filter).watch(key, 3).open();
        SimulatedQueue simulated = kernel.queue();
        assertThat(simulated.capacity()).isEqualTo(64).isEqualTo(queue.capacity());
        assertThat(simulated.watches()).isEqualTo(Map.of(key, 3));
        assertThat(simulated.filter()).isEqualTo(filter);
        keys.update(key, SECRET);
        assertThat(simulated.queued()).isZero();
        keys.revoke(key);
        assertThat(simulated.queued()).isEqualTo(1);
        queue.clearFilter();
        assertThat(simulated.filter()).isNull();
        assertThat(kernel.count(NativeCall.WATCH_KEY)).isEqualTo(1);
        assertThat(kernel.openDescriptors()).isEqualTo(2);
        assertThat(simulated.isClosed()).isFalse();
        queue.close();
        assertThat(simulated.isClosed()).isTrue();
        assertThat(simulated.watches()).isEmpty();
        assertThat(kernel.openDescriptors()).isZero();
        assertThat(kernel.queues()).hasSize(1);
        assertThat(simulated).hasToString("SimulatedQueue[watches={}, closed]");
    }

    @Test
    void postsAnyMessage() {
        Notification unknown = new UnknownNotification(77, 200, 12 | 5 << 8, new byte[4]);
        try (WatchQueue queue = WatchQueue.builder().watch(add("token"), 1).open()) {
            SimulatedQueue simulated = kernel.queue();
            simulated.post(unknown);
            simulated.post(new RemovalNotification(0, 4));
            simulated.post(new RemovalNotification(4711, 4));
            simulated.post(new KeyNotification(KeyEvent.SETATTR, 12, 13, 14, 15));
            assertThat(drain(queue))
                    .containsExactly(
                            unknown,
                            new RemovalNotification(0, 4),
                            new RemovalNotification(4711, 4),
                            new KeyNotification(KeyEvent.SETATTR, 12, 13, 14, 15));
            assertThatThrownBy(() -> simulated.post(new LossNotification()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("postLoss()");
            simulated.post(new byte[] {1, 0, 0, 0, 3, 0, 0, 0});
            assertThatThrownBy(queue::poll).isInstanceOf(NotificationFormatException.class);
            assertThatThrownBy(() -> simulated.post(new byte[128]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("128");
            assertThatThrownBy(() -> simulated.removeWatch(KeyId.of(3)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("key 3");
        }
    }

    @Test
    void dropsWhileTheQueueIsFull() {
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.builder().capacity(32).watch(key, 1).open()) {
            for (int i = 0; i < 40; i++) {
                keys.update(key, SECRET);
            }
            assertThat(queue.poll()).isNotNull();
            keys.update(key, SECRET);
            assertThat(drain(queue))
                    .hasSize(33)
                    .endsWith(new LossNotification(), change(KeyEvent.UPDATED, key, 0, 1));
        }
    }

    @Test
    void wakesAWaitingThreadForAPostedLoss() throws Exception {
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.builder().watch(key, 1).open()) {
            CompletableFuture<Notification> waiting = Background.get(queue::read);
            while (kernel.count(NativeCall.POLL) == 0) {
                Thread.sleep(1);
            }
            kernel.queue().postLoss();
            assertThat(waiting.get(60, TimeUnit.SECONDS)).isEqualTo(new LossNotification());
            keys.update(key, SECRET);
            kernel.queue().postLoss();
            kernel.queue().dropNext(2);
            keys.update(key, SECRET);
            keys.update(key, SECRET);
            keys.revoke(key);
            assertThat(drain(queue))
                    .containsExactly(
                            change(KeyEvent.UPDATED, key, 0, 1),
                            new LossNotification(),
                            change(KeyEvent.REVOKED, key, 0, 1));
        }
    }

    @Test
    void keepsANegativeKeyForAMinuteAfterARequest() {
        KeyId ring = keys.addKeyring("app", Keyring.USER);
        assertThatThrownBy(() -> keys.request("user", "token", "callout", ring))
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContaining("ENOENT");
        assertThat(keys.list(ring)).hasSize(1);
        KeyId negative = keys.list(ring).get(0);
        assertThatThrownBy(() -> keys.read(negative))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("ENOKEY");
        keys.link(ring, Keyring.SESSION);
        assertThatThrownBy(() -> keys.request("user", "token", "callout", ring))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("ENOKEY");
        assertThat(keys.list(ring)).containsExactly(negative);
        kernel.advance(Duration.ofSeconds(61));
        assertThatThrownBy(() -> keys.request("user", "token", "callout", ring))
                .hasMessageContaining("ENOENT");
        assertThat(keys.list(ring)).isNotEmpty().doesNotContain(negative);
    }

    @ParameterizedTest(name = "the notification before it was reported: {0}")
    @ValueSource(booleans = {false, true})
    void reportsAPostedLossToAThreadThatDidNotLookForIt(boolean reported) {
        KeyId key = add("token");
        List<Object> ready = new ArrayList<>();
        try (WatchQueue queue = WatchQueue.builder().watch(key, 1).open();
                WatchQueueSelector selector = WatchQueueSelector.openFor(queue)) {
            selector.register(queue, "queue").arm();
            keys.update(key, SECRET);
            kernel.queue().postLoss();
            if (reported) {
                List<Object> before = new ArrayList<>();
                selector.selectNow(registration -> before.add(registration.attachment()));
                assertThat(before).containsExactly("queue");
            }
            assertThat(drain(queue)).containsExactly(change(KeyEvent.UPDATED, key, 0, 1));
            selector.selectNow(registration -> ready.add(registration.attachment()));
            assertThat(ready).containsExactly("queue");
            assertThat(drain(queue)).containsExactly(new LossNotification());
            selector.selectNow(registration -> ready.add("again"));
            assertThat(ready).containsExactly("queue");
        }
    }

    @Test
    void reportsDropsAfterTheLastOfThem() {
        KeyId key = add("token");
        List<Object> ready = new ArrayList<>();
        try (WatchQueue queue = WatchQueue.builder().watch(key, 1).open();
                WatchQueueSelector selector = WatchQueueSelector.openFor(queue)) {
            selector.register(queue, "queue").arm();
            kernel.queue().dropNext(2);
            keys.update(key, SECRET);
            selector.selectNow(registration -> ready.add(registration.attachment()));
            assertThat(ready).isEmpty();
            keys.update(key, SECRET);
            selector.selectNow(registration -> ready.add(registration.attachment()));
            assertThat(ready).containsExactly("queue");
            keys.update(key, SECRET);
            assertThat(drain(queue))
                    .containsExactly(new LossNotification(), change(KeyEvent.UPDATED, key, 0, 1));
        }
    }

    @Test
    void removesAWatch() {
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.builder().watch(key, 1).open()) {
            kernel.queue().removeWatch(key);
            keys.update(key, SECRET);
            assertThat(drain(queue)).containsExactly(new RemovalNotification(key, 1));
            assertThat(queue.isUnwatched()).isTrue();
        }
    }

    @Test
    void failsAnyCall() {
        kernel.fail(NativeCall.PIPE2, "EMFILE", "ENFILE");
        kernel.fail(NativeCall.ADD_KEY, "EDQUOT");
        assertThatThrownBy(WatchQueue::open)
                .isInstanceOf(ResourceLimitException.class)
                .hasMessageContaining("EMFILE");
        assertThat(kernel.outstandingFailures())
                .containsExactlyInAnyOrder(NativeCall.PIPE2, NativeCall.ADD_KEY);
        assertThatThrownBy(WatchQueue::open).hasMessageContaining("ENFILE");
        assertThatThrownBy(() -> add("token")).isInstanceOf(ResourceLimitException.class);
        assertThat(kernel.outstandingFailures()).isEmpty();
        WatchQueue.open().close();
        assertThatThrownBy(() -> kernel.fail(NativeCall.READ, "EWHATEVER"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("EWHATEVER", "EIO");
    }

    @Test
    void failsAWaitThatIsUnderWay() throws Exception {
        try (WatchQueue queue = WatchQueue.open()) {
            CompletableFuture<Notification> waiting = Background.get(queue::read);
            while (kernel.count(NativeCall.POLL) == 0) {
                Thread.sleep(1);
            }
            kernel.fail(NativeCall.POLL, "EIO");
            assertThatThrownBy(() -> waiting.get(60, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(WatchQueueException.class);
        }
    }

    @Test
    void advancesTheTime() {
        Instant before = kernel.now();
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.builder().watch(key, 1).open()) {
            keys.setTimeout(key, Duration.ofSeconds(10));
            kernel.advance(Duration.ofSeconds(9));
            keys.describe(key);
            kernel.advance(Duration.ofSeconds(1));
            assertThatThrownBy(() -> keys.describe(key))
                    .isInstanceOf(KeyUnavailableException.class)
                    .hasMessageContaining("EKEYEXPIRED");
            assertThat(keys.list(Keyring.USER)).contains(key);
            assertThat(drain(queue)).hasSize(1);
            kernel.advance(Duration.ofMinutes(5));
            assertThat(keys.list(Keyring.USER)).doesNotContain(key);
            assertThat(drain(queue)).containsExactly(new RemovalNotification(key, 1));
        }
        assertThat(Duration.between(before, kernel.now())).isEqualTo(Duration.ofSeconds(310));
        assertThatThrownBy(() -> kernel.advance(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void checksThePermissionsOfTheCaller() {
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.open()) {
            kernel.runAs(
                    1001,
                    1001,
                    () ->
                            assertThatThrownBy(() -> queue.watch(key, 1))
                                    .isInstanceOf(KeyPermissionException.class));
            keys.setPermissions(key, 0x3f010001);
            kernel.runAs(1001, 1001, () -> queue.watch(key, 1));
            assertThatThrownBy(() -> queue.watch(key, 2))
                    .isInstanceOf(AlreadyWatchedException.class);
            assertThatThrownBy(() -> keys.chown(key, 0, 0))
                    .isInstanceOf(KeyPermissionException.class);
        }
        keys.setPermissions(key, 0x3f010021);
        kernel.runAs(0, 0, () -> keys.chown(key, 1001, 1001));
        assertThat(keys.describe(key).uid()).isEqualTo(1001);
    }

    @Test
    void keepsToTheLimitsOfTheBuilder() {
        reinstall(SimulatedKernel.builder().openFiles(3).user(0, 0).pageSize(65536));
        try (WatchQueue queue = WatchQueue.builder().capacity(1).open()) {
            assertThat(queue.capacity()).isEqualTo(512);
            assertThatThrownBy(WatchQueue::open).hasMessageContaining("EMFILE");
            for (int i = 0; i < 3; i++) {
                queue.watch(add("key " + i), 0);
            }
            assertThatThrownBy(() -> queue.watch(add("one more"), 0))
                    .isInstanceOf(ResourceLimitException.class)
                    .hasMessageContaining("EAGAIN");
        }
        assertThatThrownBy(() -> SimulatedKernel.builder().pageSize(5000))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SimulatedKernel.builder().openFiles(-1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () -> SimulatedKernel.builder().gcDelay(ChronoUnit.FOREVER.getDuration()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> kernel.advance(ChronoUnit.FOREVER.getDuration()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SimulatedKernel.builder().user(-1, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4294967295");
        assertThatThrownBy(() -> kernel.runAs(0, -1, () -> {}))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SimulatedKernel.builder().gcDelay(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void setsTheNextSerial() {
        kernel.nextSerial(4711);
        assertThat(add("token")).isEqualTo(KeyId.of(4711));
        assertThat(add("another").value()).isGreaterThan(2);
        assertThatThrownBy(() -> kernel.nextSerial(2)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void threadsInheritKeyrings() throws Exception {
        KeyId mine = keys.joinSession("mine");
        assertThat(keys.resolve(Keyring.SESSION, false)).isEqualTo(mine);
        KeyId thread = keys.resolve(Keyring.THREAD, true);
        Thread child =
                new Thread(
                        () -> {
                            assertThat(keys.resolve(Keyring.SESSION, false)).isEqualTo(mine);
                            assertThat(keys.resolve(Keyring.THREAD, false)).isNotEqualTo(thread);
                            keys.joinSession();
                            kernel.nextSerial(99);
                        });
        child.start();
        child.join();
        assertThat(add("token")).isEqualTo(KeyId.of(99));
        assertThat(keys.resolve(Keyring.SESSION, false)).isEqualTo(mine);
        keys.setPermissions(mine, ALL);
        assertThat(keys.joinSession("mine")).isEqualTo(mine);
    }

    @Test
    void keysOfOneKernelAreNotInAnother() {
        KeyId key = add("token");
        Keyctl before = keys;
        reinstall(SimulatedKernel.builder());
        assertThatThrownBy(() -> keys.describe(key)).isInstanceOf(KeyUnavailableException.class);
        assertThat(before.describe(key).description()).isEqualTo("token");
        try (WatchQueueSelector selector = WatchQueueSelector.open();
                WatchQueue queue = WatchQueue.open()) {
            reinstall(SimulatedKernel.builder());
            try (WatchQueue other = WatchQueue.open();
                    WatchQueueSelector right = WatchQueueSelector.openFor(other)) {
                assertThat(selector.accepts(queue)).isTrue();
                assertThat(selector.accepts(other)).isFalse();
                assertThat(right.accepts(other)).isTrue();
                assertThatThrownBy(() -> selector.register(other, "nothing"))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("openFor");
            }
        }
    }

    @Test
    void settlingWaitsForAReaderAndNotForever() {
        kernel.settle();
        try (WatchQueueSelector selector = WatchQueueSelector.open()) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(kernel::settle)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("interrupted");
            assertThat(Thread.interrupted()).isTrue();
            CompletableFuture<Void> waiting = Background.run(() -> selector.select(any -> {}));
            kernel.settle();
            assertThat(waiting).isNotDone();
            selector.wakeup();
            waiting.join();
        }
        assertThatThrownBy(() -> SimulationTests.this.kernel.queue())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no queue was opened");
    }

    @Test
    void returnsTheOpenQueue() {
        KeyId key = add("token");
        try (WatchQueue queue = WatchQueue.builder().watch(key, 3).open()) {
            assertThat(WatchQueueSupport.probe().isAvailable()).isTrue();
            assertThat(kernel.queues()).hasSize(2);
            kernel.queue().postLoss();
            assertThat(queue.poll()).isEqualTo(new LossNotification());
        }
        assertThatThrownBy(kernel::queue)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("no queue is open on this kernel; all 2");
    }

    @Test
    void refusesToChangeAClosedQueue() {
        KeyId key = add("token");
        SimulatedQueue simulated;
        try (WatchQueue queue = WatchQueue.builder().watch(key, 3).open()) {
            simulated = kernel.queue();
            assertThat(queue.watches()).hasSize(1);
        }
        for (Runnable script :
                List.<Runnable>of(
                        simulated::postLoss,
                        () -> simulated.dropNext(1),
                        () -> simulated.post(new byte[8]),
                        () -> simulated.post(new RemovalNotification(key, 3)),
                        () -> simulated.removeWatch(key))) {
            assertThatThrownBy(script::run)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("this queue is closed");
        }
        assertThat(simulated.isClosed()).isTrue();
        assertThat(simulated.watches()).isEmpty();
    }
}
