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
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicReference;

/**
 * Which keys a thread possesses. A key whose permissions are the default grants Read only to its
 * possessor, so that the simulated kernel's own verdict is whether it can be read.
 */
@WithSimulatedKernel
class PossessionTests {

    private static final int SOMEBODY = 4321;
    private static final int VISIBLE_TO_ALL = 0x3f1b1b1b;
    private static final int NO_SEARCH = 0x37370000;
    private static final int POSSESSOR_WITHOUT_SEARCH = 0x37010000;
    private static final int OWNER_MAY_SEARCH = 0x3f090000;
    private static final int NO_VIEW = 0x3e3e0000;

    private final SimulatedKernel kernel;
    private final Keyctl keys;
    private KeyId user;

    PossessionTests(SimulatedKernel kernel, Keyctl keys) {
        this.kernel = kernel;
        this.keys = keys;
    }

    /** A session without a link to the user's keyring, in which this thread possesses nothing. */
    @BeforeEach
    void joinSession() {
        user = keys.resolve(Keyring.USER, false);
        keys.joinSession();
    }

    private KeyId add(KeyId keyring) {
        return keys.add("user", "token", new byte[1], keyring);
    }

    private void assertPossessed(KeyId key, boolean expected) {
        assertThat(keys.possesses(key)).as("possesses").isEqualTo(expected);
        assertThat(isReadable(key)).as("the kernel's verdict").isEqualTo(expected);
    }

    private boolean isReadable(KeyId key) {
        try {
            keys.read(key);
            return true;
        } catch (KeyPermissionException e) {
            return false;
        }
    }

    @Test
    void aThreadPossessesTheKeysOfItsThreadProcessAndSessionKeyring() {
        assertPossessed(add(Keyring.THREAD), true);
        assertPossessed(add(Keyring.PROCESS), true);
        assertPossessed(add(Keyring.SESSION), true);
        assertThat(keys.possesses(Keyring.SESSION)).isTrue();
        assertThat(keys.possesses(keys.resolve(Keyring.THREAD, false))).isTrue();
        assertPossessed(add(keys.addKeyring("inner", Keyring.SESSION)), true);
    }

    @Test
    void anotherThreadDoesNotPossessTheKeysOfAThreadKeyring() {
        KeyId token = add(Keyring.THREAD);
        Background.run(() -> assertPossessed(token, false)).join();
        assertPossessed(token, true);
    }

    @Test
    void theUsersKeysArePossessedOnlyThroughALink() {
        KeyId token = add(Keyring.USER);
        assertPossessed(token, false);
        assertThat(keys.possesses(user)).isFalse();
        keys.link(Keyring.USER, Keyring.SESSION);
        assertPossessed(token, true);
        assertThat(keys.possesses(user)).isTrue();
    }

    @Test
    void anotherUsersKeyringIsNotPossessedUntilItIsLinked() {
        AtomicReference<KeyId> theirs = new AtomicReference<>();
        kernel.runAs(
                SOMEBODY,
                SOMEBODY,
                () -> {
                    theirs.set(keys.addKeyring("vault", Keyring.USER));
                    keys.setPermissions(theirs.get(), VISIBLE_TO_ALL);
                });
        assertThat(keys.possesses(theirs.get())).isFalse();
        KeyId own = keys.addKeyring("vault", Keyring.SESSION);
        assertThat(keys.possesses(theirs.get())).isFalse();
        assertThat(keys.possesses(own)).isTrue();
        keys.link(theirs.get(), Keyring.PROCESS);
        assertThat(keys.possesses(theirs.get())).isTrue();
    }

    @Test
    void aKeyIsPossessedEvenIfAnotherOfItsNameHidesIt() {
        KeyId first = keys.addKeyring("first", Keyring.SESSION);
        KeyId second = keys.addKeyring("second", Keyring.SESSION);
        KeyId one = add(first);
        KeyId two = add(second);
        assertPossessed(one, true);
        assertPossessed(two, true);
        KeyId above = add(Keyring.SESSION);
        assertPossessed(one, true);
        assertPossessed(two, true);
        keys.revoke(above);
        assertPossessed(one, true);
        assertPossessed(two, true);
    }

    @Test
    void aKeyThatAnotherOneHidesNeedsSearchOnItsWay() {
        KeyId way = keys.addKeyring("way", Keyring.SESSION);
        KeyId token = add(way);
        KeyId hiding = add(Keyring.SESSION);
        assertPossessed(token, true);
        keys.setPermissions(way, NO_SEARCH);
        assertPossessed(token, false);
        keys.setPermissions(way, VISIBLE_TO_ALL);
        keys.setPermissions(token, NO_SEARCH);
        assertThat(keys.possesses(token)).isFalse();
        assertPossessed(hiding, true);
    }

    @Test
    void aKeyIsPossessedThroughAtMostSixNestedKeyrings() {
        KeyId ring = keys.resolve(Keyring.SESSION, false);
        for (int depth = 1; depth <= 6; depth++) {
            ring = keys.addKeyring("ring " + depth, ring);
        }
        KeyId token = add(ring);
        assertPossessed(token, true);
        KeyId hiding = add(Keyring.SESSION);
        assertPossessed(token, true);
        KeyId seventh = keys.addKeyring("ring 7", ring);
        keys.unlink(token, ring);
        KeyId tooDeep = add(seventh);
        assertPossessed(tooDeep, false);
        keys.unlink(hiding, Keyring.SESSION);
        assertPossessed(tooDeep, false);
    }

    /** The owner may search all of it, so that only the depth is in the way. */
    @Test
    void aKeyThatIsTooDeepIsNotPossessedEvenIfItsOwnerMaySearchIt() {
        KeyId deepest = keys.addKeyring("ring 7", Keyring.SESSION);
        KeyId token = add(deepest);
        keys.setPermissions(token, OWNER_MAY_SEARCH);
        keys.setPermissions(deepest, OWNER_MAY_SEARCH);
        KeyId ring = keys.resolve(Keyring.SESSION, false);
        for (int depth = 1; depth <= 6; depth++) {
            ring = keys.addKeyring("ring " + depth, ring);
        }
        keys.link(deepest, ring);
        assertPossessed(token, true);
        keys.unlink(deepest, Keyring.SESSION);
        assertPossessed(token, false);
        add(Keyring.SESSION);
        assertPossessed(token, false);
    }

    @Test
    void aKeyThatGrantsNoSearchIsNotPossessed() {
        KeyId token = add(Keyring.SESSION);
        keys.setPermissions(token, POSSESSOR_WITHOUT_SEARCH);
        assertPossessed(token, false);
    }

    @Test
    void reportsKeysThatCannotBePossessed() {
        KeyId token = add(Keyring.SESSION);
        assertThatThrownBy(() -> keys.possesses(KeyId.of(Integer.MAX_VALUE)))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("ENOKEY");
        kernel.fail(NativeCall.SEARCH, "ENOSYS");
        assertThatThrownBy(() -> keys.possesses(token))
                .isExactlyInstanceOf(WatchQueueException.class)
                .hasMessageContainingAll("search @t for key " + token, "ENOSYS");
        keys.setPermissions(token, NO_VIEW);
        assertThatThrownBy(() -> keys.possesses(token)).isInstanceOf(KeyPermissionException.class);
        KeyId next = add(Keyring.THREAD);
        keys.revoke(next);
        assertThatThrownBy(() -> keys.possesses(next))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("EKEYREVOKED");
    }
}
