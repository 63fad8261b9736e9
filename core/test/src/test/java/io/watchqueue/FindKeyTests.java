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
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Keys found by name, next to keys of users who imitate them. */
@WithSimulatedKernel
class FindKeyTests {

    private static final int SOMEBODY = 4321;
    private static final int VISIBLE_TO_ALL = 0x3f010001;
    private static final int CHANGEABLE_BY_ALL = 0x3f010005;
    private static final int LINKABLE_BY_ALL = 0x3f3f0019;
    private static final int OWNER_ALL = 0x3f3f0000;

    private final SimulatedKernel kernel;
    private final Keyctl keys;

    FindKeyTests(SimulatedKernel kernel, Keyctl keys) {
        this.kernel = kernel;
        this.keys = keys;
    }

    private <T> T as(int uid, Supplier<T> action) {
        AtomicReference<T> result = new AtomicReference<>();
        kernel.runAs(uid, uid, () -> result.set(action.get()));
        return result.get();
    }

    /** A key that everybody sees. */
    private KeyId visible(String type, String description) {
        byte[] payload = new byte[type.equals("keyring") ? 0 : 1];
        KeyId key = keys.add(type, description, payload, Keyring.USER);
        keys.setPermissions(key, VISIBLE_TO_ALL);
        return key;
    }

    /** A line of /proc/keys, as a description can have it. */
    private static String entry(KeyId key, String timeout, String type, String name) {
        return String.format(
                Locale.ROOT,
                "%08x I--Q---     1 %4s 3f010000  1000  1000 %-9s %s: 1",
                key.value(),
                timeout,
                type,
                name);
    }

    @Test
    void findsKeysDespiteLineBreaksInADescription() {
        kernel.nextSerial(10);
        as(SOMEBODY, () -> visible("user", "one\ntwo\n\n00000000\n0000000b\nzzzzzzzz I\n"));
        kernel.nextSerial(11);
        KeyId ring = as(1000, () -> visible("keyring", "ring"));
        keys.joinSession(); // in which it is not possessed
        assertThatThrownBy(() -> keys.find("%user:absent"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContainingAll("find key %user:absent", "ENOKEY");
        assertThat(keys.find("%:ring")).isEqualTo(ring);
        assertThat(
                        as(
                                SOMEBODY,
                                () -> {
                                    keys.joinSession();
                                    return keys.find(
                                            "%user:one\ntwo\n\n00000000\n0000000b\nzzzzzzzz I\n");
                                }))
                .isEqualTo(KeyId.of(10));
    }

    @Test
    void trustsAnEntryOnlyIfTheKernelDescribesTheKey() {
        KeyId token = keys.add("user", "token", new byte[1], Keyring.USER);
        as(
                SOMEBODY,
                () ->
                        visible(
                                "user",
                                "x: 1\n"
                                        + entry(token, "perm", "keyring", "ring")
                                        + "\n"
                                        + entry(KeyId.of(7), "perm", "keyring", "ring")));
        assertThatThrownBy(() -> keys.find("%:ring"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("ENOKEY");
        assertThat(keys.find("%user:token")).isEqualTo(token);
    }

    @Test
    void findsAnOwnKeyAfterThoseOfOthers() {
        kernel.nextSerial(10);
        as(SOMEBODY, () -> visible("keyring", "ring"));
        kernel.nextSerial(20);
        KeyId own = keys.addKeyring("ring", Keyring.USER);
        // In a session that does not have it: then it is not possessed, but owned.
        keys.joinSession();
        assertThat(keys.find("%:ring")).isEqualTo(own);
    }

    @Test
    void findsNoKeyOfAnotherUserUnlessItIsPossessed() {
        for (String type : List.of("keyring", "user")) {
            KeyId others = as(SOMEBODY, () -> visible(type, "theirs"));
            as(
                    SOMEBODY,
                    () -> {
                        keys.setPermissions(others, LINKABLE_BY_ALL);
                        return others;
                    });
            ForeignKeyException foreign =
                    catchThrowableOfType(
                            ForeignKeyException.class, () -> keys.find("%" + type + ":theirs"));
            assertThat(foreign)
                    .hasMessageContainingAll(
                            "find key %" + type + ":theirs: key " + others,
                            "owned by user " + SOMEBODY,
                            "do not lead to it",
                            "keyctl link " + others + " @s");
            assertThat(foreign.key()).isEqualTo(others);
            assertThat(foreign.owner()).isEqualTo(SOMEBODY);
            keys.link(others, Keyring.SESSION);
            assertThat(keys.find("%" + type + ":theirs")).isEqualTo(others);
        }
    }

    @Test
    void findsKeysOfTheThreadAndTheProcessWithoutTheList() {
        kernel.maskProcKeys();
        KeyId ofThread = keys.add("user", "one", new byte[1], Keyring.THREAD);
        KeyId ofProcess = keys.add("user", "two", new byte[1], Keyring.PROCESS);
        assertThat(keys.find("%user:one")).isEqualTo(ofThread);
        assertThat(keys.find("%user:two")).isEqualTo(ofProcess);
    }

    @Test
    void reportsThatTheListIsMasked() {
        kernel.maskProcKeys();
        assertThatThrownBy(() -> keys.find("%:NAME"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContainingAll(
                        "find key %keyring:NAME",
                        "could not be searched", "/proc/keys", "keyctl link @u @s");
        assertThat(keys.timeouts()).isEmpty();
    }

    @Test
    void reportsThatThereIsNoList() {
        FakeKernel fake = new FakeKernel();
        fake.procKeys(null);
        assertThatThrownBy(() -> new Keyctl(fake).find("%:NAME"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("/proc/keys");
    }

    @Test
    void reportsARefusalOfAllKeyOperations() {
        kernel.fail(NativeCall.SEARCH, "ENOSYS");
        assertThatThrownBy(() -> keys.find("%:NAME"))
                .isExactlyInstanceOf(WatchQueueException.class)
                .hasMessageContainingAll("find key %keyring:NAME", "ENOSYS", "seccomp");
    }

    @Test
    void matchesNoTextWithBytesThatAreNoText() {
        FakeKernel fake = new FakeKernel();
        fake.description("user;1000;100;3f010000;\u00ff".getBytes(StandardCharsets.ISO_8859_1));
        Keyctl odd = new Keyctl(fake);
        assertThat(odd.describe(KeyId.of(1)).description()).isEqualTo("\ufffd");
        assertThatThrownBy(() -> odd.find("%user:\ufffd"))
                .isInstanceOf(KeyUnavailableException.class);
        fake.description("user;1000;100;3f010000;\u2603".getBytes(StandardCharsets.UTF_8));
        assertThat(odd.find("%user:\u2603")).isEqualTo(KeyId.of(1));
    }

    @Test
    void refusesAnswersThatAreNoDescription() {
        FakeKernel fake = new FakeKernel();
        fake.description("user;0;0".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> new Keyctl(fake).describe(KeyId.of(1)))
                .isExactlyInstanceOf(WatchQueueException.class)
                .hasMessageContainingAll("describe key 1", "not understood");
    }

    @Test
    void returnsTheTimeoutsOfTheList() {
        KeyId token = keys.add("user", "token", new byte[1], Keyring.USER);
        KeyId brief = keys.add("user", "brief", new byte[1], Keyring.USER);
        keys.setTimeout(brief, Duration.ofSeconds(59));
        assertThat(keys.timeouts()).containsEntry(token, "perm").containsEntry(brief, "59s");
        kernel.advance(Duration.ofSeconds(60));
        assertThat(keys.timeouts()).containsEntry(brief, "expd");
        keys.setTimeout(token, Duration.ofSeconds(0xffff_ffffL));
        assertThat(keys.timeouts()).containsEntry(token, "7101w");
    }

    @Test
    void ignoresDescriptionsThatImitateTheTimeoutOfAnotherKey() {
        KeyId token = keys.add("user", "token", new byte[1], Keyring.USER);
        KeyId other = keys.add("user", "other", new byte[1], Keyring.USER);
        String forged = "x\n" + entry(token, "1s", "user", "token");
        KeyId visible = as(SOMEBODY, () -> visible("user", forged));
        kernel.runAs(
                SOMEBODY,
                SOMEBODY,
                () -> {
                    keys.link(Keyring.USER, Keyring.SESSION);
                    keys.setPermissions(visible, CHANGEABLE_BY_ALL);
                });
        assertThat(keys.timeouts())
                .containsEntry(token, "perm")
                .containsEntry(other, "perm")
                .containsEntry(visible, "perm");
        keys.revoke(visible);
        // The kernel no longer reports how many lines its description has.
        assertThat(keys.timeouts()).doesNotContainKey(token).containsEntry(other, "perm");
    }

    @Test
    void namesPossessionAndTheWayOut() {
        KeyId token = keys.add("user", "token", new byte[1], Keyring.USER);
        KeyId user = keys.resolve(Keyring.USER, false);
        keys.joinSession();
        assertThatThrownBy(() -> keys.search(user, "user", "token"))
                .isInstanceOf(KeyPermissionException.class)
                .hasMessageContainingAll(
                        "EACCES",
                        "possesses",
                        "container",
                        "keyctl link @u @s",
                        "KeyringMode=shared");
        assertThatThrownBy(() -> keys.read(token))
                .isInstanceOf(KeyPermissionException.class)
                .hasMessageContaining("keyctl link @u @s");
        assertThatThrownBy(() -> keys.request("user", "token"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContainingAll("ENOKEY", "keyctl link @u @s");
        assertThat(keys.search(Keyring.USER, "user", "token")).contains(token);
        keys.link(Keyring.USER, Keyring.SESSION);
        assertThat(keys.request("user", "token")).isEqualTo(token);
        assertThat(keys.search(user, "user", "token")).contains(token);
        assertThat(keys.read(token)).hasSize(1);
    }

    @Test
    void treatsOwnersAsUnsigned() {
        kernel.close();
        int uid = (int) 3846276768L;
        int gid = (int) 4294967294L;
        try (SimulatedKernel root = SimulatedKernel.builder().user(0, 0).install()) {
            KeyId token = keys(root).add("user", "token", new byte[1], Keyring.USER);
            Keyctl keys = keys(root);
            keys.setPermissions(token, VISIBLE_TO_ALL | OWNER_ALL);
            keys.chown(token, uid, Keyctl.UNCHANGED);
            keys.chown(token, Keyctl.UNCHANGED, gid);
            assertThat(keys.describe(token).uid()).isEqualTo(uid);
            assertThat(keys.describe(token).gid()).isEqualTo(gid);
            assertThat(keys.describe(token))
                    .hasToString(
                            "KeyDescription[key="
                                    + token
                                    + ", type=user, uid=3846276768, gid=4294967294,"
                                    + " permissions=3f3f0001, description=token]");
            assertThat(keys.tree(Keyring.USER).members()).hasSize(1);
            assertThat(keys.find("%user:token")).isEqualTo(token);
            assertThat(keys.timeouts()).containsEntry(token, "perm");
            root.fail(NativeCall.CHOWN, "EACCES");
            assertThatThrownBy(() -> keys.chown(token, uid, Keyctl.UNCHANGED))
                    .hasMessageContaining("to 3846276768:");
            assertThat(keys.describe(keys.persistent(uid, Keyring.USER)).description())
                    .isEqualTo("_persistent.3846276768");
            root.fail(NativeCall.GET_PERSISTENT, "EPERM");
            assertThatThrownBy(() -> keys.persistent(uid, Keyring.USER))
                    .hasMessageContaining("of user 3846276768");
        }
        try (SimulatedKernel other = SimulatedKernel.builder().user(uid, gid).install()) {
            Keyctl keys = keys(other);
            KeyDescription user = keys.describe(Keyring.USER);
            assertThat(user.uid()).isEqualTo(uid);
            assertThat(user.description()).isEqualTo("_uid.3846276768");
            assertThat(keys.describe(Keyring.USER_SESSION).description())
                    .isEqualTo("_uid_ses.3846276768");
            KeyId persistent = keys.persistent(Keyring.SESSION);
            assertThat(keys.find("%:_persistent.3846276768")).isEqualTo(persistent);
            KeyId ring = keys.addKeyring("ring", Keyring.USER);
            keys.joinSession();
            assertThat(keys.find("%:ring")).isEqualTo(ring);
        }
    }

    private static Keyctl keys(SimulatedKernel kernel) {
        assertThat(kernel.openDescriptors()).isZero();
        return Keyctl.system();
    }

    @Test
    void skipsAKeyThatIsDestroyedMeanwhile() {
        FakeKernel fake = new FakeKernel();
        fake.fail(NativeCall.DESCRIBE, Errno.ENOKEY, Errno.EACCES);
        assertThat(new Keyctl(fake).find("%user:key " + "x".repeat(200))).isEqualTo(KeyId.of(3));
    }
}
