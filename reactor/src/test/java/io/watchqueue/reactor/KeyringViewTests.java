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
package io.watchqueue.reactor;

import static io.watchqueue.reactor.FakeStreams.QUIET;
import static io.watchqueue.reactor.FakeStreams.SOON;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.FakeQueues;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;

import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

@Timeout(300)
class KeyringViewTests {

    private static final int KEYRING = 7;
    private static final KeyId ONE = KeyId.of(1);
    private static final KeyId TWO = KeyId.of(2);

    private final TestPublisher<Notification> source = TestPublisher.create();
    private final AtomicInteger looks = new AtomicInteger();
    private Supplier<List<KeyId>> members = () -> List.of(ONE);

    private final Flux<Set<KeyId>> view =
            new KeyringView(
                            KEYRING,
                            () -> {
                                looks.incrementAndGet();
                                return members.get();
                            })
                    .follow(source.flux());

    private static KeyNotification event(KeyEvent event, int key) {
        return new KeyNotification(event, key, 0, 0);
    }

    private static List<KeyId> gone() {
        throw FakeQueues.keyFailure(Errno.EKEYREVOKED);
    }

    @Test
    void emitsTheMembersAndEmitsThemAgainAfterAChange() {
        StepVerifier.create(view)
                .expectNext(Set.of(ONE))
                .then(() -> members = () -> List.of(ONE, TWO))
                .then(() -> source.next(event(KeyEvent.LINKED, KEYRING)))
                .expectNext(Set.of(ONE, TWO))
                .then(() -> members = List::of)
                .then(() -> source.next(event(KeyEvent.CLEARED, KEYRING)))
                .expectNext(Set.of())
                .thenCancel()
                .verify(SOON);
        source.assertCancelled();
    }

    @Test
    void listsOnlyWithAReasonAndEmitsOnlyAChange() {
        StepVerifier.create(view)
                .expectNextCount(1)
                .then(() -> source.next(event(KeyEvent.UPDATED, 1)))
                .then(() -> source.next(new UnknownNotification(2, 1, 8, new byte[0])))
                .then(() -> assertThat(looks).hasValue(1))
                .then(() -> source.next(event(KeyEvent.LINKED, KEYRING)))
                .then(() -> assertThat(looks).hasValue(2))
                .expectNoEvent(QUIET)
                .thenCancel()
                .verify(SOON);
    }

    /** Notifications name it by its serial, even if the test uses its special id. */
    @Test
    void aSpecialKeyringIsTheOneThatItStandsFor() {
        SimulatedKernel kernel = SimulatedKernel.install();
        try {
            Keyctl keys = Keyctl.system();
            KeyId user = keys.resolve(Keyring.USER, true);
            for (KeyId keyring : List.of(Keyring.USER, user)) {
                StepVerifier.create(
                                NotificationFlux.builder()
                                        .watch(user)
                                        .build()
                                        .transform(NotificationOperators.keyringView(keyring))
                                        .map(Set::size))
                        .expectNext(0)
                        .then(() -> keys.add("user", "token", new byte[] {1}, user))
                        .expectNext(1)
                        .then(() -> keys.clear(user))
                        .expectNext(0)
                        .thenCancel()
                        .verify(SOON);
            }
        } finally {
            kernel.close();
            kernel.settle();
        }
        assertThat(kernel.openDescriptors()).isZero();
    }

    @Test
    void listsAgainAfterALossAndWhenAMemberIsCollected() {
        StepVerifier.create(view)
                .expectNext(Set.of(ONE))
                .then(() -> members = () -> List.of(TWO))
                .then(() -> source.next(new LossNotification()))
                .expectNext(Set.of(TWO))
                .then(() -> members = List::of)
                .then(() -> source.next(new RemovalNotification(2, 0)))
                .expectNext(Set.of())
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void completesAfterAnEmptyViewWhenTheKeyringIsGone() {
        StepVerifier.create(view)
                .expectNext(Set.of(ONE))
                .then(() -> members = KeyringViewTests::gone)
                .then(() -> source.next(event(KeyEvent.REVOKED, KEYRING)))
                .expectNext(Set.of())
                .verifyComplete();
        source.assertCancelled();
    }

    @Test
    void completesEvenIfALossHidThat() {
        StepVerifier.create(view)
                .expectNext(Set.of(ONE))
                .then(() -> members = KeyringViewTests::gone)
                .then(() -> source.next(new LossNotification()))
                .expectNext(Set.of())
                .verifyComplete();
    }

    @Test
    void isAnErrorIfTheKeyringIsGoneFromTheStart() {
        members = KeyringViewTests::gone;
        StepVerifier.create(view)
                .verifyErrorSatisfies(e -> assertThat(e).hasMessageContaining("EKEYREVOKED"));
        source.assertCancelled();
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(names = {"PIPE2", "SET_SIZE", "WATCH_KEY", "EPOLL_CREATE"})
    void thereIsNoViewIfTheWatchesCannotBePlaced(NativeCall call) {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            KeyId user = Keyctl.system().resolve(Keyring.USER, true);
            kernel.fail(call, "ENOMEM");
            StepVerifier.create(
                            NotificationFlux.builder()
                                    .reader(NotificationReader.create("view"))
                                    .watch(user)
                                    .build()
                                    .transform(NotificationOperators.keyringView(user)))
                    .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("ENOMEM"))
                    .verify(SOON);
            assertThat(kernel.openDescriptors()).isZero();
        }
    }

    @Test
    void signalsAnyOtherFailure() {
        StepVerifier.create(view)
                .expectNextCount(1)
                .then(
                        () ->
                                members =
                                        () -> {
                                            throw new IllegalStateException("not to be read");
                                        })
                .then(() -> source.next(event(KeyEvent.SETATTR, KEYRING)))
                .verifyErrorMessage("not to be read");
    }
}
