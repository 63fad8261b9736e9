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
package io.watchqueue.reactor.keyring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;
import io.watchqueue.reactor.keyring.KeyringEvent.Gone;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Lost;
import io.watchqueue.reactor.keyring.KeyringEvent.Replaced;
import io.watchqueue.reactor.keyring.KeyringEvent.Snapshot;
import io.watchqueue.reactor.keyring.KeyringEvent.Unlinked;

import org.junit.jupiter.api.Test;

import reactor.core.publisher.Hooks;
import reactor.core.publisher.SignalType;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;

/** The behaviour on the simulated and on the real kernel. */
abstract class KeyringScenarios {

    private static final int NO_VIEW = 0x3e3e3e3e;
    private static final int ALL = 0x3f3f3f3f;

    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.addKeyring("followed", Keyring.USER);

    /** Where keys are made before they are linked into the followed keyring. */
    private final KeyId elsewhere = keys.addKeyring("elsewhere", Keyring.USER);

    private static KeyringFlux.Builder quick(KeyId keyring) {
        return KeyringFlux.builder(keyring).lookAgain(Duration.ofMillis(50));
    }

    final Keyctl keys() {
        return keys;
    }

    final KeyId root() {
        return root;
    }

    final KeyId add(String description, KeyId keyring) {
        return keys.add("user", description, new byte[] {1}, keyring);
    }

    final void cleanUp() {
        keys.unlink(elsewhere, Keyring.USER);
        if (keys.list(Keyring.USER).contains(root)) {
            keys.unlink(root, Keyring.USER);
        }
    }

    @Test
    void beginsWithTheWhole() {
        KeyId first = add("first", root);
        KeyId inner = keys.addKeyring("inner", root);
        KeyId second = add("second", inner);
        keys.link(first, inner);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            Snapshot snapshot = (Snapshot) followed.events().get(0);
            assertThat(snapshot.keyring().key()).isEqualTo(root);
            assertThat(snapshot.links())
                    .extracting(Linked::keyring, link -> link.key().key())
                    .containsExactlyInAnyOrder(
                            tuple(root, first),
                            tuple(root, inner),
                            tuple(inner, second),
                            tuple(inner, first));
            KeyringStore store = snapshot.store();
            assertThat(store.keyring()).isEqualTo(root);
            assertThat(store.keys())
                    .allMatch(key -> key.watched() && key.state() == State.VALID)
                    .extracting(FollowedKey::key)
                    .containsExactlyInAnyOrder(root, first, inner, second);
            assertThat(store.find(inner, "user", "second").orElseThrow().key()).isEqualTo(second);
            assertThat(store.find(root, "user", "second")).isEmpty();
            assertThat(store.members(inner)).containsExactlyInAnyOrder(first, second);
            assertThat(store.keyrings(first)).containsExactlyInAnyOrder(root, inner);
            assertThat(store.key(first).orElseThrow().description().description())
                    .isEqualTo("first");
            assertThat(store.isFollowed()).isTrue();
            followed.awaitKernel(keys);
        }
    }

    @Test
    void reportsWhatHappensToMembers() {
        KeyId before = add("before", root);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.update(before, new byte[] {2});
            Changed updated = followed.awaitLast(Changed.class);
            assertThat(updated.event()).isEqualTo(KeyEvent.UPDATED);
            assertThat(updated.key().key()).isEqualTo(before);
            KeyId added = add("added", root);
            assertThat(followed.awaitLast(Linked.class).key().key()).isEqualTo(added);
            keys.update(added, new byte[] {2});
            assertThat(followed.awaitCount(Changed.class, 2).key().key()).isEqualTo(added);
            keys.revoke(added);
            Changed revoked = followed.awaitCount(Changed.class, 3);
            assertThat(revoked.previous().state()).isEqualTo(State.VALID);
            assertThat(revoked.key().state()).isEqualTo(State.REVOKED);
            assertThat(revoked.key().description().description()).isEqualTo("added");
            keys.unlink(added, root);
            Unlinked unlinked = followed.awaitLast(Unlinked.class);
            assertThat(unlinked.key()).isEqualTo(revoked.key());
            assertThat(unlinked.keyring()).isEqualTo(root);
            followed.awaitKernel(keys);
            assertThat(followed.store().key(added)).isEmpty();
        }
    }

    @Test
    void followsAKeyringThatIsLinkedWithItsMembers() {
        KeyId inner = keys.addKeyring("inner", elsewhere);
        KeyId innermost = keys.addKeyring("innermost", inner);
        KeyId ticket = add("ticket", innermost);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.link(inner, root);
            followed.awaitCount(Linked.class, 3);
            assertThat(followed.events(Linked.class))
                    .extracting(link -> link.key().key())
                    .containsExactly(inner, innermost, ticket);
            KeyId later = add("later", innermost);
            assertThat(followed.awaitCount(Linked.class, 4).key().key()).isEqualTo(later);
            keys.unlink(inner, root);
            followed.awaitCount(Unlinked.class, 4);
            followed.awaitKernel(keys);
            keys.update(ticket, new byte[] {2});
            keys.link(ticket, root);
            followed.awaitCount(Linked.class, 5);
            assertThat(followed.events(Changed.class)).isEmpty();
        }
    }

    @Test
    void aKeyInTwoKeyringsStaysUntilItLeavesBoth() {
        KeyId inner = keys.addKeyring("inner", root);
        KeyId shared = add("shared", root);
        keys.link(shared, inner);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.unlink(shared, root);
            assertThat(followed.awaitLast(Unlinked.class).keyring()).isEqualTo(root);
            assertThat(followed.store().keyrings(shared)).containsExactly(inner);
            keys.update(shared, new byte[] {2});
            assertThat(followed.awaitLast(Changed.class).event()).isEqualTo(KeyEvent.UPDATED);
            keys.unlink(shared, inner);
            followed.awaitCount(Unlinked.class, 2);
            assertThat(followed.store().key(shared)).isEmpty();
            followed.awaitKernel(keys);
        }
    }

    @Test
    void namesTheKeyThatAnotherOneDisplaced() {
        KeyId first = add("token", root);
        KeyId second = add("token", elsewhere);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.link(second, root);
            Replaced replaced = followed.awaitLast(Replaced.class);
            assertThat(replaced.previous().key()).isEqualTo(first);
            assertThat(replaced.key().key()).isEqualTo(second);
            assertThat(replaced.keyring()).isEqualTo(root);
            assertThat(followed.store().find(root, "user", "token").orElseThrow().key())
                    .isEqualTo(second);
            assertThat(followed.store().key(first)).isEmpty();
            followed.awaitKernel(keys);
            assertThat(followed.events(Gone.class)).isEmpty();
        }
    }

    @Test
    void unlinksAllMembersOfAKeyringThatIsClearedOrRevoked() {
        KeyId inner = keys.addKeyring("inner", root);
        add("first", root);
        add("second", inner);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.revoke(inner);
            Changed revoked = followed.awaitLast(Changed.class);
            assertThat(revoked.key().state()).isEqualTo(State.REVOKED);
            assertThat(followed.events(Unlinked.class)).hasSize(1);
            keys.clear(root);
            followed.awaitCount(Unlinked.class, 3);
            followed.awaitKernel(keys);
            assertThat(followed.store().keys()).hasSize(1);
        }
    }

    @Test
    void aMoveIsAnUnlinkAndALink() {
        KeyId inner = keys.addKeyring("inner", root);
        KeyId moved = add("moved", root);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.move(moved, root, inner);
            Linked linked = followed.awaitLast(Linked.class);
            assertThat(linked.keyring()).isEqualTo(inner);
            assertThat(followed.awaitLast(Unlinked.class).keyring()).isEqualTo(root);
            followed.awaitKernel(keys);
        }
    }

    @Test
    void followsAKeyThatLosesAndRegainsView() {
        KeyId key = add("token", root);
        try (Followed followed = Followed.of(quick(root).build())) {
            keys.setPermissions(key, NO_VIEW);
            Changed hidden = followed.awaitLast(Changed.class);
            assertThat(hidden.key().state()).isEqualTo(State.HIDDEN);
            assertThat(hidden.key().watched()).isTrue();
            assertThat(hidden.key().description().description()).isEqualTo("token");
            keys.update(key, new byte[] {2});
            assertThat(followed.awaitCount(Changed.class, 2).event()).isEqualTo(KeyEvent.UPDATED);
            keys.setPermissions(key, ALL);
            assertThat(followed.awaitCount(Changed.class, 3).key().state()).isEqualTo(State.VALID);
            followed.awaitKernel(keys);
        }
    }

    /** The kernel does not remove the watch of such a key, so that it still has its first tag. */
    @Test
    void followsAKeyAgainThatWasUnlinkedWithoutView() {
        KeyId key = add("token", elsewhere);
        keys.link(key, root);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.setPermissions(key, NO_VIEW);
            keys.unlink(key, root);
            followed.awaitLast(Unlinked.class);
            keys.setPermissions(key, ALL);
            keys.link(key, root);
            assertThat(followed.awaitLast(Linked.class).key().watched()).isTrue();
            keys.update(key, new byte[] {2});
            assertThat(followed.awaitCount(Changed.class, 2).event()).isEqualTo(KeyEvent.UPDATED);
        }
    }

    @Test
    void looksAtAKeyThatGrantedNoViewUntilItDoes() {
        KeyId displaced = add("token", root);
        KeyId key = add("token", elsewhere);
        keys.setPermissions(key, NO_VIEW);
        try (Followed followed = Followed.of(quick(root).build())) {
            keys.link(key, root);
            FollowedKey linked = followed.awaitLast(Linked.class).key();
            assertThat(linked).isEqualTo(new FollowedKey(key, null, State.HIDDEN, false));
            // Its name is not known, and still the one that it displaced is gone.
            assertThat(followed.awaitLast(Unlinked.class).key().key()).isEqualTo(displaced);
            keys.setPermissions(key, ALL);
            FollowedKey seen = followed.awaitLast(Changed.class).key();
            assertThat(seen.state()).isEqualTo(State.VALID);
            assertThat(seen.watched()).isTrue();
            assertThat(followed.store().find(root, "user", "token")).contains(seen);
            followed.awaitKernel(keys);
        }
    }

    @Test
    void aDestroyedKeyIsGoneFromAllKeyrings() {
        KeyId inner = keys.addKeyring("inner", root);
        KeyId key = add("token", root);
        keys.link(key, inner);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.invalidate(key);
            assertThat(followed.awaitLast(Gone.class).key().key()).isEqualTo(key);
            assertThat(followed.store().members(inner)).isEmpty();
            followed.awaitKernel(keys);
        }
    }

    @Test
    void afterALossItReportsTheDifference() {
        KeyId kept = add("kept", root);
        KeyId unlinked = add("unlinked", root);
        KeyId inner = keys.addKeyring("inner", root);
        KeyId unlinkedInside = add("inside", inner);
        try (Followed followed = Followed.of(KeyringFlux.builder(root).capacity(32).build(), 1)) {
            keys.unlink(unlinked, root);
            keys.unlink(unlinkedInside, inner);
            for (int change = 0; change < 3000; change++) {
                keys.update(kept, new byte[] {1});
            }
            keys.revoke(kept);
            KeyId added = add("added", root);
            followed.request(Long.MAX_VALUE);
            followed.awaitLast(Lost.class);
            followed.awaitKernel(keys);
            followed.await(
                    "the store knows that it was revoked",
                    () -> followed.store().key(kept).orElseThrow().state() == State.REVOKED);
            assertThat(followed.store().key(added)).isPresent();
            assertThat(followed.store().key(unlinkedInside)).isEmpty();
            keys.unlink(added, root);
            followed.awaitKernel(keys);
        }
    }

    @Test
    void convergesWhenKeysAreRelinkedFasterThanTheyAreRead() {
        KeyId key = add("token", elsewhere);
        KeyId inner = keys.addKeyring("inner", elsewhere);
        add("member", inner);
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            for (int cycle = 0; cycle < 500; cycle++) {
                keys.link(key, root);
                keys.link(inner, root);
                keys.unlink(key, root);
                keys.unlink(inner, root);
            }
            keys.link(key, root);
            keys.link(inner, root);
            followed.awaitKernel(keys);
            // An update before the last link was read is no event, but is before the link's.
            followed.await(
                    "an update of the key that was linked last",
                    () -> {
                        keys.update(key, new byte[] {2});
                        return !followed.events(Changed.class).isEmpty();
                    });
        }
    }

    @Test
    void followsNoDeeperThanAsked() {
        KeyId inner = keys.addKeyring("inner", root);
        KeyId innermost = keys.addKeyring("innermost", inner);
        KeyId deep = add("deep", innermost);
        try (Followed followed = Followed.of(KeyringFlux.builder(root).depth(2).build())) {
            KeyringStore store = followed.store();
            assertThat(store.members(inner)).containsExactly(innermost);
            assertThat(store.members(innermost)).isEmpty();
            // It comes nearer, and its members with it.
            keys.link(innermost, root);
            followed.awaitCount(Linked.class, 2);
            assertThat(store.members(innermost)).containsExactly(deep);
            keys.unlink(innermost, root);
            followed.awaitCount(Unlinked.class, 2);
            assertThat(store.members(innermost)).isEmpty();
            assertThat(store.key(innermost)).isPresent();
        }
    }

    @Test
    void aKeyringThatIsNowTooDeepLosesItsMembers() {
        KeyId near = keys.addKeyring("near", root);
        KeyId outer = keys.addKeyring("outer", root);
        KeyId inner = keys.addKeyring("inner", outer);
        KeyId shared = keys.addKeyring("shared", near);
        keys.link(shared, inner);
        KeyId member = add("member", shared);
        try (Followed followed = Followed.of(KeyringFlux.builder(root).depth(3).build())) {
            KeyringStore store = followed.store();
            assertThat(store.members(shared)).containsExactly(member);
            keys.clear(near);
            followed.awaitCount(Unlinked.class, 2);
            assertThat(store.keyrings(shared)).containsExactly(inner);
            assertThat(store.key(member)).isEmpty();
            keys.link(shared, near);
            followed.awaitCount(Linked.class, 2);
            assertThat(store.members(shared)).containsExactly(member);
        }
    }

    @Test
    void followsOnlyTheKeysThatAreWanted() {
        KeyId wanted = add("wanted", root);
        KeyId other = add("other", root);
        try (Followed followed =
                Followed.of(
                        KeyringFlux.builder(root)
                                .keys(key -> key.description().startsWith("wanted"))
                                .build())) {
            assertThat(followed.store().members(root)).containsExactly(wanted);
            keys.update(other, new byte[] {2});
            KeyId inner = keys.addKeyring("inner", root);
            add("another", inner);
            KeyId another = add("wanted too", inner);
            followed.awaitCount(Linked.class, 2);
            assertThat(followed.store().members(inner)).containsExactly(another);
            assertThat(followed.events(Changed.class)).isEmpty();
        }
    }

    @Test
    void looksAtKeysForWhichThereIsNoWatch() {
        KeyId watched = add("watched", root);
        try (Followed followed = Followed.of(quick(root).watches(2).build())) {
            assertThat(followed.store().key(watched).orElseThrow().watched()).isTrue();
            KeyId inner = keys.addKeyring("inner", root);
            assertThat(followed.awaitLast(Linked.class).key().watched()).isFalse();
            add("member", inner);
            followed.awaitCount(Linked.class, 2);
            followed.awaitKernel(keys);
            keys.unlink(watched, root);
            Changed watchedNow = followed.awaitLast(Changed.class);
            assertThat(watchedNow.key().watched()).isTrue();
            assertThat(watchedNow.event()).isNull();
        }
    }

    @Test
    void reportsOnlyTheEventsThatAreWanted() {
        KeyId key = add("token", root);
        try (Followed followed =
                Followed.of(KeyringFlux.builder(root).events(KeyEvent.UPDATED).build())) {
            keys.setPermissions(key, ALL); // changes what is known
            followed.awaitLast(Changed.class);
            keys.setPermissions(key, ALL); // does not
            keys.update(key, new byte[] {2});
            keys.clear(root);
            followed.awaitLast(Unlinked.class);
            assertThat(followed.events(Changed.class))
                    .extracting(Changed::event)
                    .containsExactly(KeyEvent.SETATTR, KeyEvent.UPDATED);
        }
    }

    @Test
    void mayBeCancelledAtAnyMoment() {
        for (int key = 0; key < 20; key++) {
            add("key " + key, root);
        }
        List<Throwable> dropped = new CopyOnWriteArrayList<>();
        Hooks.onErrorDropped(dropped::add);
        try {
            for (int cycle = 0; cycle < 50; cycle++) {
                Followed followed = Followed.begin(quick(root).build());
                LockSupport.parkNanos(20_000L * cycle);
                followed.cancel();
            }
            Followed.of(KeyringFlux.follow(root)).close();
        } finally {
            Hooks.resetOnErrorDropped();
        }
        assertThat(dropped).isEmpty();
    }

    @Test
    void endsWithTheKeyring() {
        KeyId inner = keys.addKeyring("inner", root);
        add("member", inner);
        Followed followed = Followed.of(KeyringFlux.follow(root));
        keys.unlink(root, Keyring.USER);
        followed.awaitEnd();
        assertThat(followed.end()).isEqualTo(SignalType.ON_COMPLETE);
        List<KeyringEvent> events = followed.events();
        assertThat(((Gone) events.get(events.size() - 1)).key().key()).isEqualTo(root);
        assertThat(followed.events(Unlinked.class)).hasSize(2);
        followed.await("the store is told", () -> !followed.store().isFollowed());
    }

    @Test
    void endsWhenTheKeyringIsRevoked() {
        add("member", root);
        Followed followed = Followed.of(KeyringFlux.follow(root));
        keys.revoke(root);
        followed.awaitEnd();
        assertThat(followed.end()).isEqualTo(SignalType.ON_COMPLETE);
        assertThat(followed.events(Unlinked.class)).hasSize(1);
        assertThat(followed.awaitLast(Changed.class).key().state()).isEqualTo(State.REVOKED);
    }

    @Test
    void followsTheNextKeyringOfThatName() {
        try (Followed followed =
                Followed.begin(
                        KeyringFlux.builder("%:awaited")
                                .lookAgain(Duration.ofMillis(50))
                                .awaitSuccessor()
                                .build())) {
            KeyId first = keys.addKeyring("awaited", elsewhere);
            assertThat(followed.awaitLast(Snapshot.class).keyring().key()).isEqualTo(first);
            keys.unlink(first, elsewhere);
            assertThat(followed.awaitLast(Gone.class).key().key()).isEqualTo(first);
            KeyId second = keys.addKeyring("awaited", elsewhere);
            KeyId key = add("token", second);
            Snapshot successor = followed.awaitCount(Snapshot.class, 2);
            assertThat(successor.keyring().key()).isEqualTo(second);
            followed.await("its key", () -> successor.store().key(key).isPresent());
            keys.revoke(second);
            KeyId third = keys.addKeyring("awaited", elsewhere);
            assertThat(followed.awaitCount(Snapshot.class, 3).keyring().key()).isEqualTo(third);
        }
    }

    @Test
    void failsIfThereIsNoSuchKeyring() {
        KeyId gone = keys.addKeyring("gone", elsewhere);
        keys.revoke(gone);
        Followed followed = Followed.of(KeyringFlux.follow(gone));
        followed.awaitEnd();
        assertThat(followed.error())
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContainingAll("watch key " + gone, "EKEYREVOKED");
    }

    @Test
    void failsIfItIsNotAKeyring() {
        KeyId key = add("token", elsewhere);
        Followed followed = Followed.of(KeyringFlux.follow(key));
        followed.awaitEnd();
        assertThat(followed.error())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("follow key " + key, "type user", "NotificationFlux");
    }
}
