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
import io.watchqueue.Keyctl;
import io.watchqueue.internal.Await;
import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.NotificationRecorder;
import io.watchqueue.reactor.secret.FollowedKey.Found;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;

import reactor.core.scheduler.Schedulers;

import java.time.Duration;

/** Each payload is wiped as soon as it is not the current secret. */
@WithSimulatedKernel
class HeldSecretTests {

    private static final KeyId KEY = KeyId.of(1);
    private static final SecretName NAME = new SecretName("@u", "user", "token");

    private final Keyctl keys;
    private final HeldSecret held = new HeldSecret(NAME, new Rotations(Schedulers.immediate()));
    private final FollowedKey followed;

    HeldSecretTests(Keyctl keys) {
        this.keys = keys;
        this.followed = follow();
    }

    /** A key whose queue is not opened. */
    private FollowedKey follow() {
        FollowedKey key =
                FollowedKey.of(
                        keys,
                        NAME,
                        KEY,
                        new SecretSettings(
                                NotificationReader.shared(),
                                NotificationRecorder.NONE,
                                Schedulers.immediate(),
                                Duration.ofMillis(100),
                                Duration.ofSeconds(10)));
        held.follow(key);
        return key;
    }

    private byte[] hold(KeyId key, FollowedKey by, int... payload) {
        byte[] bytes = new byte[payload.length];
        for (int i = 0; i < payload.length; i++) {
            bytes[i] = (byte) payload[i];
        }
        held.hold(new Found(key, bytes), by);
        return bytes;
    }

    private void drop(FollowedKey by) {
        held.drop(new SecretUnavailableException(NAME, Reason.ABSENT), by);
    }

    @Test
    void wipesAReplacedSecret() {
        byte[] first = hold(KEY, followed, 1, 2, 3);
        assertThat(first).containsExactly(1, 2, 3);
        byte[] second = hold(KEY, followed, 4, 5, 6);
        assertThat(first).containsOnly(0);
        assertThat(second).containsExactly(4, 5, 6);
        assertThat(held.<Long>use(Secret::version)).isEqualTo(2);
    }

    @Test
    void wipesTheSecondOfTwoEqualSecrets() {
        byte[] first = hold(KEY, followed, 1, 2, 3);
        byte[] again = hold(KEY, followed, 1, 2, 3);
        assertThat(first).containsExactly(1, 2, 3);
        assertThat(again).containsOnly(0);
        byte[] ofAnotherKey = hold(KeyId.of(2), followed, 1, 2, 3);
        assertThat(first).containsOnly(0);
        assertThat(ofAnotherKey).containsExactly(1, 2, 3);
    }

    @Test
    void wipesASecretThatIsGone() {
        byte[] payload = hold(KEY, followed, 1);
        drop(followed);
        assertThat(payload).containsOnly(0);
        byte[] next = hold(KEY, followed, 2);
        held.unfollow(new SecretUnavailableException(NAME, Reason.NOT_FOLLOWED));
        assertThat(next).containsOnly(0);
        assertThatThrownBy(() -> held.use(Secret::version))
                .isInstanceOf(SecretUnavailableException.class);
    }

    @Test
    void ignoresAndWipesTheLookOfAPredecessor() {
        FollowedKey successor = follow();
        byte[] late = hold(KEY, followed, 1);
        assertThat(late).containsOnly(0);
        byte[] payload = hold(KEY, successor, 2);
        hold(KEY, followed, 3);
        drop(followed);
        assertThat(payload).containsExactly(2);
        assertThat(held.<Long>use(Secret::version)).isEqualTo(1);
    }

    @Test
    void wipesEverythingAfterItsEnd() {
        byte[] payload = hold(KEY, followed, 1);
        held.dispose();
        assertThat(payload).containsOnly(0);
        assertThat(hold(KEY, followed, 2)).containsOnly(0);
        drop(followed);
        held.unfollow(new SecretUnavailableException(NAME, Reason.NOT_FOLLOWED));
        assertThatThrownBy(() -> held.use(Secret::version))
                .hasMessageContaining("RotatingSecret.dispose()");
    }

    @Test
    void passesAReadOnlyView() {
        hold(KEY, followed, 1);
        assertThat(held.<Boolean>use(secret -> secret.payload().isReadOnly())).isTrue();
    }

    @Test
    void keepsASecretUntilTheFunctionThatUsesItHasReturned() {
        byte[] payload = hold(KEY, followed, 1, 2, 3);
        byte[] used =
                held.<byte[]>useIfAny(
                        secret -> {
                            Thread rotation = new Thread(() -> hold(KEY, followed, 4));
                            rotation.start();
                            Await.until(
                                    "the rotation waits",
                                    () ->
                                            rotation.getState() == Thread.State.BLOCKED
                                                    || !rotation.isAlive());
                            return payload.clone();
                        });
        assertThat(used).containsExactly(1, 2, 3);
        Await.until("the rotation has ended", () -> held.<Long>use(Secret::version) == 2);
        assertThat(payload).containsOnly(0);
    }
}
