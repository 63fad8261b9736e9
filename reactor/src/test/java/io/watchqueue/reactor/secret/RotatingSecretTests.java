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
package io.watchqueue.reactor.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.internal.Background;
import io.watchqueue.reactor.FailingLog;
import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.NotificationRecorder;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Hooks;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.util.LoggerUtils;
import reactor.test.util.TestLogger;
import reactor.util.Loggers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
        // A queue that was being opened is closed by the thread that opens it.
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
        return following(RotatingSecret.follow(keyring, "user", "token"));
    }

    private RotatingSecret followed(RotatingSecret.Builder builder) {
        return following(builder.follow());
    }

    private RotatingSecret following(RotatingSecret secret) {
        followed.add(secret);
        return secret;
    }

    private RotatingSecret.Builder builder() {
        return RotatingSecret.builder(vault, "user", "token");
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
        return rotation instanceof Rotation.Unavailable none ? none.cause().reason() : null;
    }

    private static Reason whyNone(RotatingSecret secret) {
        return secret.current(Secret::version)
                .map(version -> (Reason) null)
                .onErrorResume(SecretUnavailableException.class, e -> Mono.just(e.reason()))
                .block(SOON);
    }

    @Test
    void countsAnUpdateAsTheNextVersion() {
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
    void countsAReplacingKeyAsTheNextVersion() {
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
    void followsTwoKeysThatReplaceEachOther() {
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
    void findsAKeyThatIsAddedLater() {
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
    void doesNotUseARevokedKeyEvenIfItsNotificationIsLost() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        kernel.settle();
        kernel.queue().postLoss(); // a pending loss, so that the revocation is lost too
        keys.revoke(key);
        assertThat(whyNone(secret)).isEqualTo(Reason.REVOKED);
        KeyId next = add("two");
        assertThat(next).isNotEqualTo(key);
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void reportsARevocation() {
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
    void reportsThatAKeyIsGone() {
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
    void keepsAKeyThatIsUnlinkedElsewhere() {
        KeyId key = add("one");
        keys.link(key, Keyring.USER);
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        keys.unlink(key, Keyring.USER);
        assertThat(current(secret)).isEqualTo("one");
    }

    @Test
    void looksAgainAfterALoss() {
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
    void countsOnlyChangesOfTheSecretAsVersions() {
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
    void doesNotUseAnExpiredKey() {
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
    void findsTheUpdateOfAKeyThatHadExpiredBefore() {
        KeyId key = add("one");
        keys.setTimeout(key, Duration.ofMinutes(1));
        kernel.advance(Duration.ofSeconds(61));
        RotatingSecret secret = follow();
        assertThat(whyNone(secret)).isEqualTo(Reason.EXPIRED);
        assertThat(add("two")).isEqualTo(key);
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void reportsAnExpiryWhenTheKernelDestroysTheKey() {
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
    void doesNotTakeAKeyFromANestedKeyring() {
        KeyId inner = keys.addKeyring("inner", vault);
        keys.add("user", "token", bytes("one"), inner);
        RotatingSecret secret = follow();
        assertThatThrownBy(() -> current(secret))
                .isInstanceOf(SecretUnavailableException.class)
                .hasMessageContaining("is in a nested keyring");
        add("two");
        assertThat(current(secret)).isEqualTo("two");
    }

    @Test
    void retriesAKeyThatMayNotBeRead() {
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
    void replacesAQueueThatFails() {
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
                .thenConsumeWhile(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 2))
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 3))
                .thenCancel()
                .verify(SOON);
        assertThat(kernel.openDescriptors()).isEqualTo(2 + 2);
    }

    private void recreateVault(String payload) {
        keys.add("user", "token", bytes(payload), keys.addKeyring("vault", Keyring.USER));
    }

    @Test
    void findsARecreatedKeyringByItsName() {
        KeyId key = add("one");
        RotatingSecret secret = follow("%:vault");
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(() -> keys.unlink(vault, Keyring.USER))
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .then(() -> recreateVault("two"))
                .thenConsumeWhile(rotation -> unavailable(rotation) != null)
                .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                .then(() -> assertThat(current(secret)).isEqualTo("two"))
                .thenCancel()
                .verify(SOON);
    }

    /** Makes a keyring with a token visible to all, as any user can. */
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
    void doesNotFollowAnotherUsersKeyringByItsName() {
        KeyId key = add("one");
        RotatingSecret secret = follow("%:vault");
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(this::showAnothersVault)
                .then(() -> keys.unlink(vault, Keyring.USER))
                .thenConsumeWhile(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNextMatches(rotation -> unavailable(rotation) == Reason.FOREIGN)
                .then(() -> assertThat(whyNone(secret)).isEqualTo(Reason.FOREIGN))
                .then(() -> recreateVault("two"))
                .thenConsumeWhile(rotation -> unavailable(rotation) != null)
                .expectNextMatches(rotation -> rotation instanceof Rotation.Loaded)
                .then(() -> assertThat(current(secret)).isEqualTo("two"))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void refusesAnotherUsersKeyringUnlessItIsPossessed() {
        keys.unlink(vault, Keyring.USER);
        KeyId theirs = showAnothersVault();
        assertThatThrownBy(() -> follow("%:vault"))
                .isInstanceOf(SecretUnavailableException.class)
                .hasMessageContainingAll(theirs + " is owned by user 4711", "keyctl link");
        keys.link(theirs, Keyring.USER);
        assertThat(current(follow("%:vault"))).isEqualTo("theirs");
    }

    @Test
    void followsAnOwnKeyringWithoutPossession() {
        KeyId key = add("one");
        keys.setPermissions(vault, ALL);
        keys.setPermissions(key, ALL);
        keys.joinSession();
        assertThat(current(follow("%:vault"))).isEqualTo("one");
    }

    /** Serials are random, but a user who creates keys for long enough gets any serial. */
    @Test
    void doesNotFollowASerialThatAnotherUserOwns() {
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
    void hasNoSecretBeforeItsChangesAreReceived() {
        add("one");
        kernel.fail(NativeCall.EPOLL_CREATE, "EMFILE");
        Duration never = Duration.ofHours(1);
        RotatingSecret secret = followed(builder().backoff(never, never));
        assertThat(whyNone(secret)).isEqualTo(Reason.NOT_FOLLOWED);
        assertThatThrownBy(() -> current(secret)).hasMessageContainingAll("EMFILE", "tried again");
    }

    /** Such a look is made by a thread that was in a system call when the queue failed. */
    @Test
    void ignoresALookOfAReplacedQueue() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(current(secret)).isEqualTo("one");
        FollowedSecret predecessor = secret.followed();
        StepVerifier.create(secret.rotations())
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            kernel.settle();
                            kernel.fail(NativeCall.READ, "EIO");
                            keys.setPermissions(key, ALL);
                        })
                .thenConsumeWhile(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 2))
                .then(() -> secret.lookAgain(predecessor)) // its queue is closed
                .then(() -> assertThat(current(secret)).isEqualTo("one"))
                .then(() -> kernel.fail(NativeCall.SEARCH, "EKEYEXPIRED"))
                .then(() -> secret.lookAgain(predecessor)) // it finds no key
                .then(() -> assertThat(current(secret)).isEqualTo("one"))
                .then(() -> keys.update(key, bytes("two")))
                .expectNext(new Rotation.Loaded(key, 3))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void failsAtOnceIfTheKeyringDoesNotExist() {
        assertThatThrownBy(() -> follow("%:nowhere")).isInstanceOf(KeyUnavailableException.class);
        assertThatThrownBy(() -> follow("vault")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void wipesAReplacedSecret() {
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
    void completesWhenDisposed() {
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
    void reportsOnlyTheLatestToASubscriberWithoutDemand() {
        KeyId key = add("0");
        RotatingSecret secret = follow();
        AtomicReference<Rotation> latest = new AtomicReference<>();
        StepVerifier.create(secret.rotations(), 1)
                .expectNext(new Rotation.Loaded(key, 1))
                .then(
                        () -> {
                            for (int update = 1; update <= 10; update++) {
                                String expected = Integer.toString(update);
                                keys.update(key, bytes(expected));
                                eventually(
                                        "the update is seen",
                                        () -> current(secret).equals(expected));
                            }
                            latest.set(secret.rotations().blockFirst(SOON));
                        })
                .thenRequest(1)
                .assertNext(rotation -> assertThat(rotation).isEqualTo(latest.get()))
                .thenCancel()
                .verify(SOON);
        assertThat(latest.get()).isEqualTo(new Rotation.Loaded(key, 11));
    }

    @Test
    void completesCallsThatWaitForTheFirstLook() {
        add("one");
        assertThat(
                        Mono.defer(() -> follow().current(RotatingSecretTests::text))
                                .subscribeOn(Schedulers.parallel())
                                .block(SOON))
                .isEqualTo("one");
    }

    @Test
    void showsTheSecretInThePayloadOnly() {
        add("hunter2");
        RotatingSecret secret = follow();
        assertThat(secret.current(Secret::toString).block(SOON)).doesNotContain("hunter2");
        assertThat(secret.toString() + secret.rotations().blockFirst(SOON))
                .doesNotContain("hunter2");
    }

    @Test
    void refusesAFunctionThatReturnsNull() {
        add("one");
        RotatingSecret secret = follow();
        StepVerifier.create(secret.current(current -> null))
                .verifyError(NullPointerException.class);
    }

    @Test
    void reportsAnExceptionOfTheFunction() {
        add("one");
        RotatingSecret secret = follow();
        IllegalStateException mine = new IllegalStateException("mine");
        StepVerifier.create(
                        secret.current(
                                current -> {
                                    throw mine;
                                }))
                .verifyErrorSatisfies(e -> assertThat(e).isSameAs(mine));
        assertThat(current(secret)).isEqualTo("one");
    }

    /** Operators add suppressed exceptions to an error, without end if it is shared. */
    @Test
    void givesEachUserAnErrorOfItsOwn() {
        RotatingSecret secret = follow();
        secret.dispose();
        for (int use = 0; use < 10; use++) {
            assertThatThrownBy(() -> current(secret))
                    .isInstanceOf(SecretUnavailableException.class)
                    .satisfies(e -> assertThat(e.getSuppressed()).hasSizeLessThan(2));
        }
    }

    @Test
    void wipesARevokedSecret() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        ByteBuffer payload = secret.current(Secret::payload).block(SOON);
        keys.revoke(key);
        assertThat(whyNone(secret)).isEqualTo(Reason.REVOKED);
        assertThat(text(payload)).isEqualTo("\0\0\0");
    }

    @Test
    void followsASpecialKeyringOfTheCallingThread() {
        keys.add("user", "token", bytes("of the session"), Keyring.SESSION);
        RotatingSecret secret = followed(RotatingSecret.builder(Keyring.SESSION, "user", "token"));
        assertThat(current(secret)).isEqualTo("of the session");
        assertThat(secret).hasToString("secret user 'token' in keyring @s");
    }

    @Test
    void readsByTheReaderAndTheRecorderOfTheBuilder() {
        KeyId key = add("one");
        AtomicReference<String> received = new AtomicReference<>();
        NotificationRecorder recorder =
                new NotificationRecorder() {
                    @Override
                    public void recordReceived(QueueGauges queue, int notifications) {
                        received.set(Thread.currentThread().getName());
                    }
                };
        RotatingSecret secret =
                followed(builder().reader(NotificationReader.create("mine")).recorder(recorder));
        assertThat(current(secret)).isEqualTo("one");
        keys.update(key, bytes("two"));
        eventually("the update is seen", () -> current(secret).equals("two"));
        eventually("it is recorded", () -> "mine".equals(received.get()));
    }

    @Test
    void looksAndReportsOnTheSchedulerOfTheBuilder() {
        Scheduler scheduler = Schedulers.newBoundedElastic(2, 100, "mine");
        try {
            add("one");
            RotatingSecret secret = followed(builder().scheduler(scheduler));
            assertThat(secret.rotations().map(any -> thread()).blockFirst(SOON)).startsWith("mine");
            assertThat(secret.current(any -> thread()).block(SOON)).isEqualTo(thread());
            keys.clear(vault);
            assertThat(
                            secret.current(any -> "")
                                    .onErrorResume(e -> Mono.fromCallable(() -> thread()))
                                    .block(SOON))
                    .startsWith("mine");
            secret.dispose();
        } finally {
            scheduler.dispose();
        }
    }

    private static String thread() {
        return Thread.currentThread().getName();
    }

    @Test
    void refusesToLookOnThreadsThatMustNotBlock() {
        add("one");
        RotatingSecret secret = followed(builder().scheduler(Schedulers.parallel()));
        assertThatThrownBy(() -> current(secret))
                .isInstanceOf(SecretUnavailableException.class)
                .hasMessageContainingAll("parallel-", "must not", "boundedElastic()");
    }

    /** A program may use a secret where it must not block, such as on an event loop. */
    @Test
    void doesNotBlockTheThreadsThatUseASecret() {
        KeyId key = add("one");
        RotatingSecret secret = follow();
        assertThat(onParallel(secret)).isEqualTo("one");
        keys.revoke(key);
        add("two");
        assertThat(onParallel(secret)).isEqualTo("two");
        keys.clear(vault);
        eventually("it is gone", () -> whyNone(secret) == Reason.ABSENT);
        assertThatThrownBy(() -> onParallel(secret)).isInstanceOf(SecretUnavailableException.class);
    }

    private static String onParallel(RotatingSecret secret) {
        return Mono.defer(() -> secret.current(RotatingSecretTests::text))
                .subscribeOn(Schedulers.parallel())
                .block(SOON);
    }

    @ParameterizedTest(name = "{0} to {1}")
    @CsvSource({"PT0S,PT1S", "PT-1S,PT1S", "PT2S,PT1S", "PT1S,PT24H0.000000001S"})
    void refusesABackoffThatIsOutOfRange(Duration first, Duration longest) {
        assertThatThrownBy(() -> builder().backoff(first, longest))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(
                        "backoff from " + first + " to " + longest, "more than zero", "one day");
    }

    @Test
    void opensTheQueueAgainAfterTheBackoff() {
        KeyId key = add("one");
        kernel.fail(NativeCall.EPOLL_CREATE, "EMFILE");
        Duration soon = Duration.ofMillis(1);
        RotatingSecret secret = followed(builder().backoff(soon, soon));
        StepVerifier.create(secret.rotations())
                .thenConsumeWhile(rotation -> unavailable(rotation) == Reason.NOT_FOLLOWED)
                .expectNext(new Rotation.Loaded(key, 1))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aCancelledUseDoesNotRun() {
        add("one");
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        RotatingSecret secret = followed(builder().scheduler(Schedulers.fromExecutor(work::add)));
        List<String> used = new ArrayList<>();
        secret.current(RotatingSecretTests::text).subscribe(used::add).dispose();
        secret.current(RotatingSecretTests::text).subscribe(used::add);
        eventually("the second use has run", () -> afterWork(work, () -> !used.isEmpty()));
        assertThat(used).containsExactly("one");
    }

    @Test
    void aUseThatWaitsFailsWhenTheSecretIsDisposedOf() {
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        RotatingSecret secret = followed(builder().scheduler(Schedulers.fromExecutor(work::add)));
        CompletableFuture<String> use = secret.current(RotatingSecretTests::text).toFuture();
        assertThat(use).isNotDone();
        secret.dispose();
        eventually("the use has ended", () -> afterWork(work, use::isDone));
        assertThat(use)
                .isCompletedExceptionally()
                .failsWithin(SOON)
                .withThrowableThat()
                .havingCause()
                .withMessageContaining("no longer followed");
    }

    @Test
    void usersSeeWholeSecretsWhileItIsRotated() throws Exception {
        KeyId key = add("0".repeat(64));
        RotatingSecret secret = follow();
        AtomicBoolean over = new AtomicBoolean();
        List<CompletableFuture<Long>> users = new ArrayList<>();
        for (int user = 0; user < 4; user++) {
            users.add(Background.get(() -> useUntil(over, secret)));
        }
        for (int update = 1; update <= 500; update++) {
            keys.update(key, bytes(Integer.toString(update % 10).repeat(64)));
        }
        eventually("the last one is seen", () -> current(secret).startsWith("0"));
        over.set(true);
        for (CompletableFuture<Long> user : users) {
            assertThat(user.get(60, TimeUnit.SECONDS)).isPositive();
        }
    }

    /** Returns the number of uses. */
    private static long useUntil(AtomicBoolean over, RotatingSecret secret) {
        long uses = 0;
        long version = 0;
        do {
            long before = version;
            version =
                    secret.current(
                                    current -> {
                                        String text = text(current);
                                        assertThat(text).hasSize(64).matches("([0-9])\\1*");
                                        assertThat(current.version())
                                                .isGreaterThanOrEqualTo(before);
                                        return current.version();
                                    })
                            .block(SOON);
            uses++;
        } while (!over.get());
        return uses;
    }

    @Test
    void leavesNothingOpenHoweverEarlyItIsDisposedOf() {
        KeyId key = add("one");
        for (int cycle = 0; cycle < 200; cycle++) {
            RotatingSecret secret = follow();
            if (cycle % 4 > 0) {
                secret.rotations().blockFirst(SOON);
            }
            if (cycle % 4 > 1) {
                keys.update(key, bytes(Integer.toString(cycle)));
            }
            if (cycle % 4 > 2) {
                kernel.settle();
            }
            secret.dispose();
        }
        eventually("all descriptors are closed", () -> kernel.openDescriptors() == 0);
    }

    @Test
    void dropsNoErrorWhenItIsCancelledOrDisposedOfDuringARotation() {
        List<Throwable> dropped = new CopyOnWriteArrayList<>();
        Hooks.onErrorDropped(dropped::add);
        try {
            KeyId key = add("one");
            for (int cycle = 0; cycle < 400; cycle++) {
                Scheduler scheduler = Schedulers.newBoundedElastic(2, 100, "mine");
                RotatingSecret secret = followed(builder().scheduler(scheduler));
                Disposable log = secret.rotations().subscribe(any -> {}, e -> {});
                Disposable use = secret.current(Secret::version).subscribe(any -> {}, e -> {});
                keys.update(key, bytes(Integer.toString(cycle)));
                if (cycle % 3 == 0) {
                    keys.clear(vault);
                    key = add("again");
                }
                use.dispose();
                if (cycle % 2 == 0) {
                    scheduler.dispose();
                }
                log.dispose();
                secret.dispose();
                scheduler.dispose();
            }
        } finally {
            Hooks.resetOnErrorDropped();
        }
        assertThat(dropped).isEmpty();
    }

    @Test
    void dropsNoErrorOfAUseThatIsCancelledWhileItRuns() {
        Queue<Runnable> work = new ConcurrentLinkedQueue<>();
        RotatingSecret secret = followed(builder().scheduler(Schedulers.fromExecutor(work::add)));
        AtomicReference<Rotation> latest = new AtomicReference<>();
        secret.rotations().subscribe(latest::set);
        eventually("there is no secret", () -> afterWork(work, () -> latest.get() != null));
        List<Throwable> dropped = new CopyOnWriteArrayList<>();
        Hooks.onErrorDropped(dropped::add);
        try {
            add("one");
            AtomicBoolean used = new AtomicBoolean();
            Disposable.Swap use = Disposables.swap();
            use.update(
                    secret.current(
                                    current -> {
                                        used.set(true);
                                        use.dispose();
                                        throw new IllegalStateException("after the cancellation");
                                    })
                            .subscribe(any -> {}, dropped::add));
            eventually("it is used", () -> afterWork(work, used::get));
        } finally {
            Hooks.resetOnErrorDropped();
        }
        assertThat(dropped).isEmpty();
    }

    private static boolean afterWork(Queue<Runnable> work, BooleanSupplier condition) {
        for (Runnable next = work.poll(); next != null; next = work.poll()) {
            next.run();
        }
        return condition.getAsBoolean();
    }

    @Test
    void logsRotationsWithoutTheSecret() {
        TestLogger log = new TestLogger();
        LoggerUtils.useCurrentLoggersWithCapture();
        LoggerUtils.enableCaptureWith(log);
        try {
            KeyId key = add("hunter2");
            RotatingSecret secret = follow();
            assertThat(current(secret)).isEqualTo("hunter2");
            keys.revoke(key);
            assertThat(whyNone(secret)).isEqualTo(Reason.REVOKED);
            eventually("both are logged", () -> log.getOutContent().contains("was revoked"));
            assertThat(log.getOutContent())
                    .contains("secret user 'token' in keyring " + vault + ": Loaded[key=" + key)
                    .doesNotContain("hunter2");
            assertThat(log.getErrContent()).isEmpty();
        } finally {
            LoggerUtils.disableCapture();
            Loggers.resetLoggerFactory();
        }
    }

    @Test
    void aLogThatFailsKeepsNoSecretFromBeingReplaced() {
        try (FailingLog ignored = FailingLog.install()) {
            KeyId key = add("one");
            RotatingSecret secret = follow();
            assertThat(current(secret)).isEqualTo("one");
            keys.update(key, bytes("two"));
            eventually("the update is seen", () -> current(secret).equals("two"));
        }
    }
}
