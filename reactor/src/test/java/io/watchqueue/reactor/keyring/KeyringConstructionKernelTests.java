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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.internal.Await;
import io.watchqueue.internal.RequestKeyHandler;
import io.watchqueue.internal.TestProcess;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Unlinked;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.stream.Stream;

/** Keys that programs request: under construction, then instantiated, or rejected: negative. */
@Timeout(300)
class KeyringConstructionKernelTests {

    private static final Duration NEVER = Duration.ofHours(1);

    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.addKeyring("followed", Keyring.USER);
    private RequestKeyHandler handler;

    @BeforeEach
    void answerRequests() throws Exception {
        handler = RequestKeyHandler.install();
    }

    @AfterEach
    void end() throws Exception {
        if (handler != null) {
            handler.close();
        }
        keys.unlink(root, Keyring.USER);
    }

    private KeyId add(String description) {
        return keys.add("user", description, new byte[] {1}, root);
    }

    private void update(KeyId key) {
        keys.update(key, new byte[] {2});
    }

    /** Nothing is found by looks. */
    private Followed followed() {
        return Followed.of(KeyringFlux.builder(root).lookAgain(NEVER).build());
    }

    /** Looks soon find all that is not notified. */
    private Followed lookedAt() {
        return Followed.of(KeyringFlux.builder(root).lookAgain(Duration.ofMillis(50)).build());
    }

    private static FollowedKey known(Followed followed, KeyId key) {
        return followed.store().key(key).orElseThrow();
    }

    private static void assertState(FollowedKey key, State state, boolean watched) {
        assertThat(key.state()).as(key.toString()).isEqualTo(state);
        assertThat(key.watched()).as(key.toString()).isEqualTo(watched);
    }

    /** The key is as usual now, which is not notified, and its changes are reported. */
    private void assertUsable(Followed followed, KeyId key, State before, int changes) {
        Changed usable = followed.awaitCount(Changed.class, changes);
        assertThat(usable.event()).isNull();
        assertThat(usable.key().key()).isEqualTo(key);
        assertState(usable.previous(), before, false);
        assertState(usable.key(), State.VALID, true);
        update(key);
        Changed updated = followed.awaitCount(Changed.class, changes + 1);
        assertThat(updated.event()).isEqualTo(KeyEvent.UPDATED);
        assertThat(updated.key()).isEqualTo(usable.key());
    }

    @Test
    void reportsAKeyUnderConstructionAndItsInstantiation() throws Exception {
        try (Followed followed = followed()) {
            KeyId key = handler.request("token", root);
            FollowedKey linked = followed.awaitLast(Linked.class).key();
            assertThat(linked.key()).isEqualTo(key);
            assertState(linked, State.UNDER_CONSTRUCTION, false);
            assertThat(linked.description().description()).isEqualTo("token");
            // Meanwhile the stream goes on.
            KeyId other = add("other");
            assertThat(followed.awaitCount(Linked.class, 2).key().key()).isEqualTo(other);
            update(other);
            assertThat(followed.awaitLast(Changed.class).key().key()).isEqualTo(other);
            assertState(known(followed, key), State.UNDER_CONSTRUCTION, false);
            assertThat(handler.isAsked()).isTrue();
            handler.instantiate(key, "secret");
            assertUsable(followed, key, State.UNDER_CONSTRUCTION, 2);
            followed.awaitKernel(keys);
        }
    }

    /** ENOKEY is that of keyctl negate. With EAGAIN and EPERM the kernel refuses other watches. */
    @ParameterizedTest
    @ValueSource(strings = {"ENOKEY", "EKEYREJECTED", "EACCES", "EAGAIN", "EPERM", "EIO", "EINTR"})
    void reportsARejectionAndTheKeyThatIsAddedThen(String errno) throws Exception {
        try (Followed followed = lookedAt()) {
            KeyId key = handler.request("token", root);
            assertState(followed.awaitLast(Linked.class).key(), State.UNDER_CONSTRUCTION, false);
            handler.reject(key, errno);
            Changed rejected = followed.awaitLast(Changed.class);
            assertThat(rejected.event()).isNull();
            assertState(rejected.key(), State.NEGATIVE, false);
            // An addition gives the same key a payload, and is no link.
            assertThat(add("token")).isEqualTo(key);
            assertUsable(followed, key, State.NEGATIVE, 2);
            followed.awaitKernel(keys);
        }
    }

    @Test
    void beginsWithNegativeKeys() throws Exception {
        KeyId before = add("before");
        KeyId negative = handler.request("token", root);
        handler.reject(negative, "ENOKEY");
        Await.until("it is rejected", () -> !handler.isAsked());
        KeyId after = add("after");
        try (Followed followed = lookedAt()) {
            assertState(known(followed, negative), State.NEGATIVE, false);
            assertState(known(followed, before), State.VALID, true);
            assertState(known(followed, after), State.VALID, true);
            assertThat(add("token")).isEqualTo(negative);
            assertUsable(followed, negative, State.NEGATIVE, 1);
        }
    }

    @Test
    void beginsWithKeysUnderConstruction() throws Exception {
        KeyId before = add("before");
        KeyId first = handler.request("first", root);
        KeyId second = handler.request("second", root);
        KeyId after = add("after");
        try (Followed followed = followed()) {
            assertState(known(followed, first), State.UNDER_CONSTRUCTION, false);
            assertState(known(followed, second), State.UNDER_CONSTRUCTION, false);
            assertState(known(followed, before), State.VALID, true);
            assertState(known(followed, after), State.VALID, true);
            handler.instantiate(second, "secret");
            assertUsable(followed, second, State.UNDER_CONSTRUCTION, 1);
            assertState(known(followed, first), State.UNDER_CONSTRUCTION, false);
            handler.instantiate(first, "secret");
            assertUsable(followed, first, State.UNDER_CONSTRUCTION, 3);
        }
    }

    @Test
    void forgetsAKeyThatIsUnlinkedBeforeItIsInstantiated() throws Exception {
        KeyId elsewhere = keys.addKeyring("elsewhere", Keyring.USER);
        try (Followed followed = followed()) {
            KeyId key = handler.request("token", root);
            followed.awaitLast(Linked.class);
            assertThat(handler.request("token", elsewhere))
                    .isEqualTo(key); // a link to it would wait
            keys.unlink(key, root);
            assertState(followed.awaitLast(Unlinked.class).key(), State.UNDER_CONSTRUCTION, false);
            handler.instantiate(key, "secret");
            Await.until("it is instantiated", () -> !handler.isAsked());
            keys.link(key, root);
            FollowedKey linked = followed.awaitCount(Linked.class, 2).key();
            assertThat(linked.key()).isEqualTo(key);
            assertState(linked, State.VALID, true);
            update(key);
            assertThat(followed.awaitLast(Changed.class).event()).isEqualTo(KeyEvent.UPDATED);
        } finally {
            keys.unlink(elsewhere, Keyring.USER);
        }
    }

    @Test
    void keepsAWatchForAKeyUnderConstruction() throws Exception {
        try (Followed followed =
                Followed.of(KeyringFlux.builder(root).watches(2).lookAgain(NEVER).build())) {
            KeyId key = handler.request("token", root);
            followed.awaitLast(Linked.class);
            KeyId other = add("other");
            assertState(followed.awaitCount(Linked.class, 2).key(), State.VALID, false);
            handler.instantiate(key, "secret");
            assertUsable(followed, key, State.UNDER_CONSTRUCTION, 1);
            assertState(known(followed, other), State.VALID, false);
        }
    }

    /** The kernel lets no other thread end its wait. It has the queue's descriptor until then. */
    @Test
    void endsAtOnceAndClosesTheQueueAfterTheInstantiation() throws Exception {
        KeyId existing = handler.request("before", root);
        handler.instantiate(existing, "secret");
        Await.until("it is instantiated", () -> !handler.isAsked());
        Followed.of(KeyringFlux.follow(root)).close();
        long before = TestProcess.descriptors();
        Followed followed = followed();
        KeyId key = handler.request("token", root);
        followed.awaitLast(Linked.class);
        followed.close();
        followed.await("the store is told", () -> !followed.store().isFollowed());
        assertThat(handler.isAsked()).isTrue();
        int events = followed.events().size();
        handler.instantiate(key, "secret");
        Await.until("no thread waits", () -> !isAThreadIn("io.watchqueue.WatchQueue", "watch"));
        Await.until("as few descriptors as before", () -> descriptors() <= before);
        assertThat(followed.events()).hasSize(events);
    }

    private static boolean isAThreadIn(String type, String method) {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Stream::of)
                .anyMatch(
                        frame ->
                                frame.getClassName().equals(type)
                                        && frame.getMethodName().equals(method));
    }

    private static long descriptors() {
        try {
            return TestProcess.descriptors();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
