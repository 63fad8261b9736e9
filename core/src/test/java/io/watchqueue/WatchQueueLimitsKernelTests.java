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

import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;

/** The limits of the real kernel. A call that reaches one leaves nothing open. */
@Timeout(600)
class WatchQueueLimitsKernelTests {

    private static final int SOMEBODY = 4321;

    private final Keyctl keys = Keyctl.system();
    private KeyId keyring;

    @BeforeEach
    void createKeyring() {
        keyring = keys.addKeyring("limits-test", Keyring.USER);
    }

    @AfterEach
    void removeKeyring() {
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void asManyWatchesAsFilesMayBeOpen() throws Exception {
        List<KeyId> many = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            many.add(keys.add("user", "key " + i, new byte[] {1}, keyring));
        }
        TestProcess.withOpenFiles(
                300,
                () -> {
                    try (WatchQueue queue = WatchQueue.open()) {
                        assertThatThrownBy(() -> many.forEach(key -> queue.watch(key, 1)))
                                .isInstanceOfSatisfying(
                                        ResourceLimitException.class,
                                        e -> assertThat(e.limit()).isEqualTo("RLIMIT_NOFILE"));
                        List<Watch> watches = queue.watches();
                        assertThat(watches).hasSizeBetween(200, 300);
                        // There is room for one, although the kernel counts down a moment later.
                        watches.get(0).close();
                        queue.watch(many.get(399), 2);
                    }
                });
    }

    @Test
    void reportsThatNoDescriptorIsLeft() throws Exception {
        WatchQueue.open().close();
        // Loads the classes that the error needs; with no descriptor left nothing can be loaded.
        assertThat(Failures.opening(24)).isInstanceOf(ResourceLimitException.class);
        long before = TestProcess.descriptors();
        List<WatchQueue> queues = new ArrayList<>();
        Throwable[] failure = new Throwable[1];
        TestProcess.withOpenFiles(
                before + 40,
                () -> {
                    try {
                        while (queues.size() < 100) {
                            queues.add(WatchQueue.open());
                        }
                    } catch (Throwable e) {
                        failure[0] = e;
                    } finally {
                        queues.forEach(WatchQueue::close);
                    }
                });
        assertThat(failure[0])
                .isInstanceOf(ResourceLimitException.class)
                .hasMessageContainingAll("EMFILE", "ulimit -n");
        assertThat(queues).hasSizeGreaterThan(10);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(before);
    }

    @Test
    void theHardLimitOfPipePages() throws Exception {
        TestProcess.withSysctl(
                "fs.pipe-user-pages-hard",
                20,
                () ->
                        TestProcess.as(
                                SOMEBODY,
                                () -> {
                                    try (WatchQueue first = WatchQueue.open()) {
                                        assertThat(first.capacity()).isEqualTo(512);
                                        assertThatThrownBy(WatchQueue::open)
                                                .isInstanceOf(ResourceLimitException.class)
                                                .hasMessageContainingAll(
                                                        "ENFILE", "fs.pipe-user-pages-hard");
                                    }
                                }));
    }

    @Test
    void theSoftLimitOfPipePages() throws Exception {
        TestProcess.withSysctl(
                "fs.pipe-user-pages-soft",
                1,
                () ->
                        TestProcess.as(
                                SOMEBODY,
                                () -> {
                                    for (int capacity : new int[] {512, 65}) {
                                        assertThatThrownBy(
                                                        () ->
                                                                WatchQueue.builder()
                                                                        .capacity(capacity)
                                                                        .open())
                                                .isInstanceOf(ResourceLimitException.class)
                                                .hasMessageContainingAll(
                                                        "EPERM", "fs.pipe-user-pages-soft", "64");
                                    }
                                    WatchQueue.builder().capacity(64).open().close();
                                }));
    }

    @Test
    void anotherUsersKeyIsWatchedIfItGrantsView() {
        KeyId shown = keys.add("user", "shown", new byte[] {1}, keyring);
        KeyId hidden = keys.add("user", "hidden", new byte[] {1}, keyring);
        keys.setPermissions(shown, 0x3f3f0001);
        keys.setPermissions(hidden, 0x3f3f0000);
        TestProcess.as(
                SOMEBODY,
                () -> {
                    // A session of its own: otherwise the thread possesses the keys of root's
                    // session.
                    keys.joinSession();
                    try (WatchQueue queue = WatchQueue.open()) {
                        Watch watch = queue.watch(shown, 1);
                        assertThatThrownBy(() -> queue.watch(hidden, 2))
                                .isInstanceOf(KeyPermissionException.class)
                                .hasMessageContainingAll("EACCES", "View");
                        assertThat(queue.watches()).containsExactly(watch);
                    }
                });
    }

    @Test
    void openingWatchingAndClosingLeavesNothing() throws Exception {
        openWatchAndClose(500);
    }

    @Test
    @Tag("proof")
    void openingWatchingAndClosingTenThousandTimesLeavesNothing() throws Exception {
        openWatchAndClose(10_000);
    }

    private void openWatchAndClose(int times) throws Exception {
        List<KeyId> many = TestWatches.keys(keys, keyring);
        long watchesBefore = TestWatches.thatFit(many);
        long descriptorsBefore = TestProcess.descriptors();
        for (int i = 0; i < times; i++) {
            try (WatchQueue queue = WatchQueue.open()) {
                queue.watch(keyring, i & 0xff);
                Watch watch = queue.watch(many.get(i % many.size()), 1);
                if (i % 2 == 0) {
                    watch.close();
                }
            }
        }
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptorsBefore);
        assertThat(TestWatches.thatFit(many)).isEqualTo(watchesBefore);
    }
}
