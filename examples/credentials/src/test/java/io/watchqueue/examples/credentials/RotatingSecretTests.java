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
package io.watchqueue.examples.credentials;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.examples.credentials.CredentialUnavailableException.Reason;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

class RotatingSecretTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int VIEW_ONLY = 0x01010000;
    private static final int ALL = 0x3f3f0000;
    private static final int FOR_OTHERS = 0x1b; // View, Read, Search, Link

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId vault = keys.addKeyring("vault", Keyring.USER);
    private final List<RotatingSecret> followed = new ArrayList<>();

    @AfterEach
    void nothingIsLeftOpen() {
        followed.forEach(RotatingSecret::dispose);
        kernel.close();
        // What was being opened is closed where it is opened.
        eventually("all descriptors are closed", () -> kernel.openDescriptors() == 0);
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            LockSupport.parkNanos(1_000_000);
        }
    }

    private RotatingSecret follow(String keyring) {
        RotatingSecret secret = RotatingSecret.follow(keyring, "user", "token");
        followed.add(secret);
        return secret;
    }

    private RotatingSecret follow() {
        return follow(vault.toString());
    }

    private KeyId add(String payload) {
        return keys.add("user", "token", bytes(payload), vault);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String text(Secret secret) {
        return text(secret.payload());
    }

    private static String text(ByteBuffer payload) {
        return StandardCharsets.US_ASCII.decode(payload).toString();
    }

    private static String current(RotatingSecret secret) {
        return secret.current(RotatingSecretTests::text).block(SOON);
    }

    private static Reason unavailable(Rotation rotation) {
        return rotation instanceof Rotation.Unavailable none ? none.reason().reason() : null;
    }

    private static Reason whyNone(RotatingSecret secret) {
        return secret.current(Secret::version)
                .map(version -> (Reason) null)
                .onErrorResume(CredentialUnavailableException.class, e -> Mono.just(e.reason()))
                .block(SOON);
    }

    @Test
    void anUpdateIsTheNextVersion() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 2))
                .then(() -> assertThat(current(secret)).isEqualTo("two"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyThatIsLinkedInItsPlaceIsTheNextVersion() {
        KeyId old = add("one");
        KeyId staging = keys.addKeyring("staging", Keyring.USER);
        KeyId next = keys.add("user", "token", bytes("two"), staging);
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(old, 1))
                .then(() -> keys.link(next, vault))
                .expectNext(new Rotation.Loaded(next, 2))
                .then(() -> assertThat(kernel.queue().watches()).containsOnlyKeys(vault, next))
                .then(() -> keys.update(next, bytes("three")))
                .expectNext(new Rotation.Loaded(next, 3))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void twoKeysMayTakeEachOthersPlaceForever() {
        KeyId staging = keys.addKeyring("staging", Keyring.USER);
        KeyId one = add("one");
        keys.link(one, Keyring.USER);
        KeyId two = keys.add("user", "token", bytes("two"), staging);
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        StepVerifier.Step<Rotation> rotations =
                StepVerifier.create(secret.rotations()).expectNext(new Rotation.Loaded(one, 1));
        for (int version = 2; version < 600; version++) {
            KeyId next = version % 2 == 0 ? two : one;
            rotations =
                    rotations
                            .then(() -> keys.link(next, vault))
                            .expectNext(new Rotation.Loaded(next, version));
        }
        rotations.thenCancel().verify(SOON);
        assertThat(kernel.queues()).hasSize(1);
        assertThat(kernel.queue().watches()).hasSize(2);
    }

    @Test
    void aKeyMayComeLater() {
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.ABSENT)
                .then(() -> add("one"))
                .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                .then(() -> assertThat(current(secret)).isEqualTo("one"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aRevokedKeyIsNotUsedThoughNothingHasBeenTold() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        kernel.settle();
        kernel.queue().postLoss(); // so that the revocation itself is lost, whatever is read when
        keys.revoke(key);
        assertThat(whyNone(secret)).isEqualTo(Reason.REVOKED);
        KeyId next = add("two");
        assertThat(next).isNotEqualTo(key);
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void aRevocationIsTold() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.revoke(key))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.REVOKED)
                .then(() -> add("two"))
                .expectNextMatches(
                        rotation ->
                                rotation instanceof Rotation.Loaded loaded && loaded.version() == 2)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyThatGoesIsTold() {
        List<Runnable> ways =
                List.of(
                        () -> keys.unlink(keys.list(vault).get(0), vault),
                        () -> keys.invalidate(keys.list(vault).get(0)),
                        () -> keys.clear(vault),
                        () -> keys.move(keys.list(vault).get(0), vault, Keyring.USER));
        RotatingSecret secret = follow();
        StepVerifier.Step<Rotation> rotations =
                StepVerifier.create(secret.rotations())
                        .expectNextMatches(rotation -> unavailable(rotation) == Reason.ABSENT);
        for (Runnable way : ways) {
            rotations =
                    rotations
                            .then(() -> add("one"))
                            .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                            .then(way)
                            .expectNextMatches(rotation -> unavailable(rotation) == Reason.ABSENT);
        }
        rotations.thenCancel().verify(SOON);
    }

    @Test
    void whatIsDisplacedElsewhereIsStillUsedHere() {
        KeyId key = add("one");
        keys.link(key, Keyring.USER);
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        keys.unlink(key, Keyring.USER);
        assertThat(current(secret)).isEqualTo("one");
    }

    @Test
    void afterALossItIsLookedAtAgain() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            kernel.settle();
                            kernel.queue().postLoss();
                        })
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 2))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void whatChangesNothingIsNoVersion() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.update(key, bytes("one")))
                .then(() -> keys.setPermissions(key, ALL))
                .then(() -> keys.add("user", "other", bytes("two"), vault))
                .then(() -> keys.update(key, bytes("three")))
                .expectNext(new Rotation.Loaded(key, 2))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void anExpiredKeyIsNotUsed() {
        KeyId key = add("one");
        keys.setTimeout(key, Duration.ofMinutes(1));
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        kernel.advance(Duration.ofSeconds(61));
        assertThat(whyNone(secret)).isEqualTo(Reason.EXPIRED);
        assertThat(unavailable(secret.rotations().blockFirst(SOON))).isEqualTo(Reason.EXPIRED);
        add("two");
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void aKeyThatHadExpiredBeforeMayBeUpdated() {
        KeyId key = add("one");
        keys.setTimeout(key, Duration.ofMinutes(1));
        kernel.advance(Duration.ofSeconds(61));
        RotatingSecret secret = follow();
        assertThat(whyNone(secret)).isEqualTo(Reason.EXPIRED);
        assertThat(add("two")).isEqualTo(key);
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void anExpiryIsToldWhenTheKernelDestroysTheKey() {
        KeyId key = add("one");
        keys.setTimeout(key, Duration.ofMinutes(1));
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> kernel.advance(Duration.ofMinutes(6)))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.ABSENT)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyInAKeyringInTheKeyringIsNotTaken() {
        KeyId inner = keys.addKeyring("inner", vault);
        keys.add("user", "token", bytes("one"), inner);
        RotatingSecret secret = follow();
        assertThatThrownBy(() -> current(secret))
                .isInstanceOf(CredentialUnavailableException.class)
                .hasMessageContaining("is in a keyring that is in it");
        add("two");
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void aKeyThatMayNotBeReadIsTriedAgain() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.setPermissions(key, VIEW_ONLY | 0x20200000))
                .expectNextMatches(rotation -> unavailable(rotation) != null)
                .then(() -> keys.setPermissions(key, ALL))
                .expectNext(new Rotation.Loaded(key, 2))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aQueueThatFailsIsReplaced() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            kernel.settle();
                            kernel.fail(NativeCall.READ, "EIO");
                            keys.setPermissions(key, ALL);
                        })
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 2))
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 3))
                .thenCancel()
                .verify(SOON);
        assertThat(kernel.openDescriptors()).isEqualTo(2 + 2);
    }

    @Test
    void aKeyringThatIsMadeAnewIsFoundByItsName() {
        KeyId key = add("one");
        RotatingSecret secret = follow("%:vault");
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.unlink(vault, Keyring.USER))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .then(
                        () ->
                                keys.add(
                                        "user",
                                        "token",
                                        bytes("two"),
                                        keys.addKeyring("vault", Keyring.USER)))
                .thenConsumeWhile(rotation -> unavailable(rotation) != null)
                .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                .then(() -> assertThat(current(secret)).isEqualTo("two"))
                .thenCancel()
                .verify(SOON);
    }

    /** Shows a keyring with a token in it to all, as any user can. */
    private KeyId showAnothersVault() {
        AtomicReference<KeyId> theirs = new AtomicReference<>();
        kernel.runAs(
                4711,
                4711,
                () -> {
                    KeyId ring = keys.addKeyring("vault", Keyring.USER);
                    KeyId token = keys.add("user", "token", bytes("theirs"), ring);
                    keys.setPermissions(token, ALL | FOR_OTHERS);
                    keys.setPermissions(ring, ALL | FOR_OTHERS);
                    theirs.set(ring);
                });
        return theirs.get();
    }

    @Test
    void anotherUsersKeyringOfThatNameIsNotFollowed() {
        KeyId key = add("one");
        RotatingSecret secret = follow("%:vault");
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(this::showAnothersVault)
                .then(() -> keys.unlink(vault, Keyring.USER))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.FOREIGN)
                .then(() -> assertThat(whyNone(secret)).isEqualTo(Reason.FOREIGN))
                .then(
                        () ->
                                keys.add(
                                        "user",
                                        "token",
                                        bytes("two"),
                                        keys.addKeyring("vault", Keyring.USER)))
                .thenConsumeWhile(rotation -> unavailable(rotation) != null)
                .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                .then(() -> assertThat(current(secret)).isEqualTo("two"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void anotherUsersKeyringIsAnErrorAtOnceUnlessItIsPossessed() {
        keys.unlink(vault, Keyring.USER);
        KeyId theirs = showAnothersVault();
        assertThatThrownBy(() -> follow("%:vault"))
                .isInstanceOf(CredentialUnavailableException.class)
                .hasMessageContainingAll(theirs + " is owned by user 4711", "keyctl link");
        keys.link(theirs, Keyring.USER);
        assertThat(current(follow("%:vault"))).isEqualTo("theirs");
    }

    @Test
    void anOwnKeyringNeedNotBePossessed() {
        KeyId key = add("one");
        keys.setPermissions(vault, ALL);
        keys.setPermissions(key, ALL);
        keys.joinSession();
        assertThat(current(follow("%:vault"))).isEqualTo("one");
    }

    /** Serials are random, but whoever makes keys for long enough gets any. */
    @Test
    void aSerialThatAnotherUserHasGotIsNotFollowed() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.unlink(vault, Keyring.USER))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .then(
                        () -> {
                            kernel.nextSerial(vault.value());
                            assertThat(showAnothersVault()).isEqualTo(vault);
                            assertThat(keys.describe(vault).uid()).isEqualTo(4711);
                        })
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.FOREIGN)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void thereIsNoSecretBeforeItsChangesAreReceived() {
        KeyId key = add("one");
        kernel.fail(NativeCall.EPOLL_CREATE, "EMFILE");
        StepVerifier.create(follow().rotations())
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 1))
                .thenCancel()
                .verify(SOON);
    }

    /** As by a thread that was in a system call when the queue failed. */
    @Test
    void whatALookOfAPredecessorFindsIsIgnored() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        FollowedKey predecessor = secret.followed();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            kernel.settle();
                            kernel.fail(NativeCall.READ, "EIO");
                            keys.setPermissions(key, ALL);
                        })
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 2))
                .then(() -> secret.lookAgain(predecessor)) // whose queue is closed
                .then(() -> assertThat(current(secret)).isEqualTo("one"))
                .then(() -> kernel.fail(NativeCall.SEARCH, "EKEYEXPIRED"))
                .then(() -> secret.lookAgain(predecessor)) // which finds no key
                .then(() -> assertThat(current(secret)).isEqualTo("one"))
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 3))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyringThatIsNotThereIsAnErrorAtOnce() {
        assertThatThrownBy(() -> follow("%:nowhere")).isInstanceOf(KeyUnavailableException.class);
        assertThatThrownBy(() -> follow("vault")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatIsReplacedIsWiped() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        ByteBuffer first = secret.current(Secret::payload).block(SOON);
        assertThat(first.isReadOnly()).isTrue();
        assertThat(text(first.duplicate())).isEqualTo("one");
        keys.update(key, bytes("two"));
        secret.rotations()
                .any(rotation -> rotation.equals(new Rotation.Loaded(key, 2)))
                .block(SOON);
        assertThat(text(first)).isEqualTo("\0\0\0");
        ByteBuffer second = secret.current(Secret::payload).block(SOON);
        secret.dispose();
        assertThat(text(second)).isEqualTo("\0\0\0");
    }

    @Test
    void itCompletesWhenItIsDisposedOf() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(secret::dispose)
                .verifyComplete();
        assertThat(secret.isDisposed()).isTrue();
        assertThat(whyNone(secret)).isEqualTo(Reason.DISPOSED);
        keys.update(key, bytes("two"));
        assertThat(whyNone(secret)).isEqualTo(Reason.DISPOSED);
    }

    @Test
    void whoIsSlowGetsTheLatest() {
        KeyId key = add("0");
        RotatingSecret secret = follow();
        AtomicReference<Rotation> latest = new AtomicReference<>();
        StepVerifier.create(secret.rotations(), 1)
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            for (int update = 1; update <= 10; update++) {
                                keys.update(key, bytes(Integer.toString(update)));
                                String expected = Integer.toString(update);
                                eventually(
                                        "the update is seen",
                                        () -> current(secret).equals(expected));
                            }
                            latest.set(secret.rotations().blockFirst(SOON));
                        })
                .thenRequest(1) // what publishOn had asked for
                .expectNextCount(1)
                .thenRequest(1)
                .assertNext(rotation -> assertThat(rotation).isEqualTo(latest.get()))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void thoseWhoWaitForTheFirstLookGetIt() {
        add("one");
        assertThat(
                        Mono.defer(() -> follow().current(RotatingSecretTests::text))
                                .subscribeOn(Schedulers.parallel())
                                .block(SOON))
                .isEqualTo("one");
    }

    @Test
    void nothingButThePayloadHasItInIt() {
        add("hunter2");
        RotatingSecret secret = follow();
        assertThat(secret.current(Secret::toString).block(SOON)).doesNotContain("hunter2");
        assertThat(secret.toString() + secret.rotations().blockFirst(SOON))
                .doesNotContain("hunter2");
    }

    @Test
    void aFunctionThatMakesNothingIsAnError() {
        add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.current(current -> null))
                .verifyError(NullPointerException.class);
    }
}
