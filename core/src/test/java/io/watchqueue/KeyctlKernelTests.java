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

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The key operations on the real kernel. */
@Timeout(300)
class KeyctlKernelTests {

    private static final int ALL = 0x3f3f3f3f;
    private static final int SOMEBODY = 4321;

    private final Keyctl keys = Keyctl.system();
    private KeyId ring;
    private KeyId token;

    @BeforeEach
    void createKeys() {
        ring = keys.addKeyring("keyctl-test", Keyring.USER);
        token = keys.add("user", "token", bytes("one"), ring);
    }

    @AfterEach
    void removeKeys() {
        keys.unlink(ring, Keyring.USER);
    }

    @Test
    void updatesAKeyThatIsAddedAgain() {
        assertThat(keys.read(token)).asString().isEqualTo("one");
        assertThat(keys.add("user", "token", bytes("two"), ring)).isEqualTo(token);
        assertThat(keys.read(token)).asString().isEqualTo("two");
        keys.update(token, ByteBuffer.wrap(bytes("<three>")).position(1).limit(6));
        assertThat(keys.read(token)).asString().isEqualTo("three");
    }

    @Test
    void readsPayloadsOfAnyLength() {
        byte[] large = new byte[32_767];
        Arrays.fill(large, (byte) 7);
        keys.add("user", "token", large, ring);
        assertThat(keys.read(token)).isEqualTo(large);
        ByteBuffer buffer = ByteBuffer.allocateDirect(32_766);
        assertThat(keys.read(token, buffer)).isEqualTo(32_767);
        assertThat(buffer.position()).isZero();
        assertThatThrownBy(() -> keys.add("user", "token", new byte[32_768], ring))
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContaining("EINVAL");
        keys.update(token, new byte[4096]);
        assertThat(keys.read(token)).hasSize(4096);
        assertThatThrownBy(() -> keys.update(token, new byte[4097]))
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContainingAll("update key " + token, "EINVAL", "a page");
    }

    @Test
    void describesKeysAndKeyrings() {
        assertThat(keys.describe(token))
                .isEqualTo(
                        new KeyDescription(
                                token, "user", 0, 0, keys.describe(token).permissions(), "token"));
        assertThat(keys.describe(ring).isKeyring()).isTrue();
        String name = "g\u00fc;n \u2603".repeat(100);
        KeyId odd = keys.add("user", name, bytes("1"), ring);
        assertThat(keys.describe(odd).description()).isEqualTo(name);
    }

    @Test
    void listsAndTrees() {
        KeyId inner = keys.addKeyring("inner", ring);
        KeyId deep = keys.add("user", "deep", bytes("1"), inner);
        keys.link(token, inner);
        assertThat(keys.list(ring)).containsExactlyInAnyOrder(token, inner);
        KeyTree tree = keys.tree(ring);
        assertThat(tree.key()).isEqualTo(ring);
        assertThat(tree.stream()).allMatch(KeyTree::complete);
        assertThat(tree.stream().map(node -> node.description().description()))
                .containsExactlyInAnyOrder("keyctl-test", "token", "inner", "deep", "token");
        assertThat(keys.tree(deep).members()).isEmpty();

        keys.setPermissions(inner, 0);
        KeyTree hidden =
                keys.tree(ring).members().stream()
                        .filter(node -> node.key().equals(inner))
                        .findFirst()
                        .orElseThrow();
        assertThat(hidden).isEqualTo(new KeyTree(inner, null, java.util.List.of(), false));
    }

    @Test
    void listsManyMembers() {
        for (int i = 0; i < 150; i++) {
            keys.add("user", "member " + i, bytes("1"), ring);
        }
        assertThat(keys.list(ring)).hasSize(151).doesNotHaveDuplicates();
    }

    @Test
    void searchesAndRequests() {
        KeyId inner = keys.addKeyring("inner", ring);
        KeyId deep = keys.add("user", "deep", bytes("1"), inner);
        assertThat(keys.search(ring, "user", "deep")).contains(deep);
        assertThat(keys.search(ring, "user", "nowhere")).isEmpty();
        assertThat(keys.request("user", "deep")).isEqualTo(deep);
        assertThatThrownBy(() -> keys.request("user", "nowhere"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContainingAll("request key user 'nowhere'", "ENOKEY");
        assertThat(keys.find("%user:deep")).isEqualTo(deep);
        assertThat(keys.find("%:inner")).isEqualTo(inner);
        assertThatThrownBy(() -> keys.search(KeyId.of(Integer.MAX_VALUE), "user", "deep"))
                .isInstanceOf(KeyUnavailableException.class);
        keys.revoke(deep);
        assertThatThrownBy(() -> keys.search(ring, "user", "deep"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("EKEYREVOKED");
    }

    /** A session as systemd's KeyringMode=private and container engines make it. */
    @Test
    void aSessionWithoutALinkToTheUsersKeyringSeesItsKeysAndPossessesNone() throws Exception {
        KeyId user = keys.resolve(Keyring.USER, false);
        KeyId nested = token;
        KeyId token = keys.add("user", "possessed", bytes("1"), Keyring.USER);
        CompletableFuture.runAsync(
                        () -> {
                            keys.joinSession();
                            assertThat(keys.describe(token).type()).isEqualTo("user");
                            assertThat(keys.list(user)).contains(token);
                            try (WatchQueue queue = WatchQueue.builder().open()) {
                                queue.watch(user, 1);
                                queue.watch(token, 2);
                            }
                            assertThat(keys.search(Keyring.USER, "user", "possessed"))
                                    .contains(token);
                            assertThatThrownBy(() -> keys.search(user, "user", "possessed"))
                                    .isInstanceOf(KeyPermissionException.class);
                            assertThat(keys.search(user, "user", "token")).isEmpty();
                            assertThatThrownBy(() -> keys.read(token))
                                    .isInstanceOf(KeyPermissionException.class);
                            assertThatThrownBy(() -> keys.update(token, bytes("2")))
                                    .isInstanceOf(KeyPermissionException.class);
                            assertThatThrownBy(() -> keys.request("user", "possessed"))
                                    .isInstanceOf(KeyUnavailableException.class)
                                    .hasMessageContaining("keyctl link @u @s");

                            keys.link(Keyring.USER, Keyring.SESSION);
                            assertThat(keys.search(user, "user", "possessed")).contains(token);
                            assertThat(keys.request("user", "possessed")).isEqualTo(token);
                            assertThat(keys.search(user, "user", "token")).contains(nested);
                            keys.update(token, bytes("2"));
                            assertThat(keys.read(token)).isEqualTo(bytes("2"));
                            keys.unlink(token, Keyring.USER);
                        },
                        task -> new Thread(task).start())
                .get(60, TimeUnit.SECONDS);
    }

    @Test
    void failsARequestThatNobodyAnswers() {
        assertThatThrownBy(() -> keys.request("user", "made to order", "please", ring))
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContaining("request key user 'made to order'");
    }

    @Test
    void movesAndLinks() {
        KeyId other = keys.addKeyring("other", ring);
        keys.link(token, other);
        keys.unlink(token, ring);
        assertThat(keys.list(other)).containsExactly(token);
        keys.move(token, other, ring);
        assertThat(keys.list(other)).isEmpty();
        keys.add("user", "token", bytes("another"), other);
        assertThat(keys.moveIfAbsent(token, ring, other)).isFalse();
        keys.clear(other);
        assertThat(keys.moveIfAbsent(token, ring, other)).isTrue();
        assertThatThrownBy(() -> keys.unlink(token, ring)).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> keys.link(ring, other)).hasMessageContaining("EDEADLK");
        assertThatThrownBy(() -> keys.link(other, token)).hasMessageContaining("ENOTDIR");
        assertThatThrownBy(() -> keys.add("no such type", "x", bytes("1"), ring))
                .hasMessageContaining("ENODEV");
    }

    @Test
    void ownersPermissionsAndTimeouts() {
        keys.chown(token, 1234, Keyctl.UNCHANGED);
        assertThat(keys.describe(token).uid()).isEqualTo(1234);
        assertThat(keys.describe(token).gid()).isZero();
        keys.chown(token, Keyctl.UNCHANGED, 99);
        assertThat(keys.describe(token).gid()).isEqualTo(99);
        keys.setPermissions(token, ALL);
        assertThat(keys.describe(token).permissions()).isEqualTo(ALL);
        keys.setTimeout(token, Duration.ofSeconds(1));
        Await.expiry(keys, token);
        assertThatThrownBy(() -> keys.read(token))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("EKEYEXPIRED");
    }

    @Test
    void treatsOwnersAsUnsigned() {
        int uid = (int) 3846276768L;
        int gid = (int) 4294967294L;
        keys.setPermissions(ring, 0x3f3f0001);
        keys.setPermissions(token, ALL);
        keys.chown(token, uid, Keyctl.UNCHANGED);
        keys.chown(token, Keyctl.UNCHANGED, gid);
        assertThat(keys.describe(token))
                .isEqualTo(new KeyDescription(token, "user", uid, gid, ALL, "token"))
                .asString()
                .contains("3846276768", "4294967294");
        assertThat(keys.tree(ring).stream()).allMatch(KeyTree::complete);
        assertThat(keys.find("%user:token")).isEqualTo(token);
        assertThat(keys.timeouts()).containsEntry(token, "perm");
        TestProcess.as(
                uid,
                () -> {
                    KeyDescription user = keys.describe(Keyring.USER);
                    assertThat(user.uid()).isEqualTo(uid);
                    assertThat(user.description()).isEqualTo("_uid.3846276768");
                    keys.joinSession();
                    KeyId persistent = keys.persistent(Keyring.SESSION);
                    assertThat(keys.find("%:_persistent.3846276768")).isEqualTo(persistent);
                    KeyId mine = keys.addKeyring("keyctl-test", Keyring.USER);
                    // Owned, but not possessed; and root's has the same name.
                    assertThat(keys.find("%:keyctl-test")).isEqualTo(mine);
                    keys.clear(Keyring.USER);
                });
    }

    @Test
    void findsKeysDespiteLineBreaksInADescription() {
        TestProcess.as(
                SOMEBODY,
                () -> {
                    keys.joinSession();
                    keys.link(Keyring.USER, Keyring.SESSION);
                    KeyId odd =
                            keys.add(
                                    "user",
                                    "one\ntwo\n\n00000000\n"
                                            + String.format(Locale.ROOT, "%08x", token.value())
                                            + " I--Q---     1   1s 3f010000     0     0 keyring"
                                            + "   made-up: 1\nzzzzzzzz I",
                                    bytes("1"),
                                    Keyring.USER);
                    keys.setPermissions(odd, ALL);
                });
        try {
            keys.setPermissions(ring, 0x3f3f0001);
            assertThatThrownBy(() -> keys.find("%user:absent"))
                    .isInstanceOf(KeyUnavailableException.class)
                    .hasMessageContaining("ENOKEY");
            assertThatThrownBy(() -> keys.find("%:made-up"))
                    .isInstanceOf(KeyUnavailableException.class);
            assertThat(keys.timeouts()).containsEntry(ring, "perm").containsEntry(token, "perm");
            TestProcess.as(
                    SOMEBODY + 1,
                    () -> {
                        keys.joinSession(); // so that root's is not possessed
                        assertThatThrownBy(() -> keys.find("%:keyctl-test"))
                                .isInstanceOf(ForeignKeyException.class)
                                .hasMessageContainingAll("key " + ring, "by user 0");
                    });
        } finally {
            TestProcess.as(SOMEBODY, () -> keys.clear(Keyring.USER));
        }
    }

    @Test
    void aSessionWithoutTheUsersKeyringPossessesNoneOfItsKeys() {
        TestProcess.as(
                SOMEBODY,
                () -> {
                    KeyId mine = keys.add("user", "mine", bytes("1"), Keyring.USER);
                    KeyId user = keys.resolve(Keyring.USER, false);
                    keys.joinSession();
                    assertThatThrownBy(() -> keys.search(user, "user", "mine"))
                            .isInstanceOf(KeyPermissionException.class)
                            .hasMessageContaining("keyctl link @u @s");
                    assertThatThrownBy(() -> keys.read(mine))
                            .isInstanceOf(KeyPermissionException.class);
                    keys.link(Keyring.USER, Keyring.SESSION);
                    assertThat(keys.search(user, "user", "mine")).contains(mine);
                    assertThat(keys.read(mine)).asString().isEqualTo("1");
                    keys.clear(Keyring.USER);
                });
    }

    /** A key of a new keyring grants Read only to its possessor: the kernel's own verdict. */
    @Test
    void possessesTheKeysThatTheKernelTakesForPossessed() {
        TestProcess.onNewThread(
                () -> {
                    KeyId outside = keys.add("user", "outside", bytes("1"), Keyring.USER);
                    keys.joinSession();
                    assertPossessed(outside, false);
                    assertThat(keys.possesses(ring)).isFalse();
                    assertPossessed(token(Keyring.THREAD), true);
                    assertPossessed(token(Keyring.PROCESS), true);
                    assertPossessed(token(Keyring.SESSION), true);
                    KeyId first = keys.addKeyring("first", Keyring.SESSION);
                    KeyId second = keys.addKeyring("second", Keyring.SESSION);
                    KeyId one = token(first);
                    KeyId two = token(second);
                    assertPossessed(one, true);
                    assertPossessed(two, true);
                    keys.setPermissions(first, 0x37010000); // no Search
                    assertPossessed(one, false);
                    assertPossessed(two, true);
                    KeyId nested = second;
                    for (int depth = 2; depth <= 7; depth++) {
                        nested = keys.addKeyring("ring " + depth, nested);
                        assertPossessed(token(nested), depth <= 6);
                    }
                    keys.unlink(outside, Keyring.USER);
                });
        assertThat(keys.possesses(ring)).isTrue();
    }

    private KeyId token(KeyId keyring) {
        return keys.add("user", "token", bytes("1"), keyring);
    }

    private void assertPossessed(KeyId key, boolean expected) {
        boolean readable;
        try {
            keys.read(key);
            readable = true;
        } catch (KeyPermissionException e) {
            readable = false;
        }
        assertThat(readable).as("the kernel's verdict on %s", key).isEqualTo(expected);
        assertThat(keys.possesses(key)).as("possesses %s", key).isEqualTo(expected);
    }

    @Test
    void freesTheMemoryOfCallsWithoutGarbageCollection() {
        BufferPoolMXBean direct =
                ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                        .filter(pool -> pool.getName().equals("direct"))
                        .findFirst()
                        .orElseThrow();
        keys.describe(token);
        long before = direct.getCount();
        for (int i = 0; i < 1_000; i++) {
            keys.describe(token);
            keys.update(token, bytes("two"));
            keys.read(token);
            keys.search(ring, "user", "token");
        }
        assertThat(direct.getCount()).isLessThan(before + 100);
    }

    @Test
    void revokedAndInvalidatedKeysAreUnavailable() {
        keys.revoke(token);
        assertThatThrownBy(() -> keys.read(token)).hasMessageContaining("EKEYREVOKED");
        KeyTree tree = keys.tree(ring);
        assertThat(tree.members()).singleElement().matches(node -> node.description() == null);
        KeyId other = keys.add("user", "other", bytes("1"), ring);
        keys.invalidate(other);
        assertThatThrownBy(() -> keys.describe(other)).hasMessageContaining("ENOKEY");
    }

    @Test
    void restrictsAKeyring() {
        keys.restrict(ring);
        assertThatThrownBy(() -> keys.add("user", "late", bytes("1"), ring))
                .hasMessageContainingAll("EPERM", "restricted");
        assertThatThrownBy(() -> keys.restrict(ring)).hasMessageContaining("EEXIST");
        KeyId other = keys.addKeyring("other", Keyring.USER);
        assertThatThrownBy(() -> keys.restrict(other, "user", "whatever"))
                .isInstanceOf(WatchQueueException.class)
                .hasMessageContaining("restrict keyring " + other + " to user 'whatever'");
        keys.unlink(other, Keyring.USER);
    }

    @Test
    void returnsThePersistentKeyringOfAUser() {
        assertThat(keys.capabilities())
                .contains(
                        KeyCapability.CAPABILITIES,
                        KeyCapability.NOTIFICATIONS,
                        KeyCapability.PERSISTENT_KEYRINGS,
                        KeyCapability.MOVE);
        KeyId persistent = keys.persistent(ring);
        assertThat(keys.describe(persistent).description()).isEqualTo("_persistent.0");
        assertThat(keys.list(ring)).contains(persistent);
        KeyId another = keys.persistent(4321, ring);
        assertThat(keys.describe(another).description()).isEqualTo("_persistent.4321");
    }

    @Test
    void joinsASessionForTheCallingThreadOnly() {
        inNewThread(
                () -> {
                    KeyId mine = keys.joinSession();
                    KeyId named = inNewThread(() -> keys.joinSession("keyctl-test-session"));
                    assertThat(keys.resolve(Keyring.SESSION, false))
                            .isEqualTo(mine)
                            .isNotEqualTo(named);
                    return mine;
                });
    }

    @Test
    void createsThreadAndProcessKeyringsOnlyOnRequest() {
        inNewThread(
                () -> {
                    assertThatThrownBy(() -> keys.resolve(Keyring.THREAD, false))
                            .isInstanceOf(KeyUnavailableException.class)
                            .hasMessageContainingAll("@t", "ENOKEY");
                    KeyId made = keys.resolve(Keyring.THREAD, true);
                    assertThat(keys.resolve(Keyring.THREAD, false)).isEqualTo(made);
                    return made;
                });
    }

    @Test
    void aProcessKeyringIsUnknownToOlderThreads() {
        CompletableFuture<KeyId> made = new CompletableFuture<>();
        CompletableFuture<Boolean> sameHere =
                Background.get(
                        () -> {
                            KeyId ofAnotherThread = made.join();
                            try {
                                return keys.resolve(Keyring.PROCESS, false).equals(ofAnotherThread);
                            } catch (KeyUnavailableException e) {
                                return false;
                            }
                        });
        made.complete(inNewThread(() -> keys.resolve(Keyring.PROCESS, true)));
        assertThat(sameHere.join()).isFalse();
    }

    private static <T> T inNewThread(Supplier<T> action) {
        return Background.get(action).orTimeout(60, TimeUnit.SECONDS).join();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
