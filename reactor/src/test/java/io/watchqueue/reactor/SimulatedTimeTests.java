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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.SimulatedQueue;
import io.watchqueue.test.SimulatedTime;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.test.StepVerifier;

import java.time.Duration;
import java.util.Set;

/** The stream and its operators, unchanged, on a simulated kernel. */
@Timeout(300)
@WithSimulatedKernel
class SimulatedTimeTests {

    private static final Duration SOON = Duration.ofMinutes(1);

    private final SimulatedKernel kernel;
    private final Keyctl keys;
    private final KeyId ring;
    private final KeyId key;

    SimulatedTimeTests(SimulatedKernel kernel, Keyctl keys) {
        this.kernel = kernel;
        this.keys = keys;
        ring = keys.addKeyring("app", Keyring.USER);
        key = keys.add("user", "token", new byte[] {1}, ring);
    }

    private NotificationFlux changes() {
        return NotificationFlux.builder().watch(key, 1).watch(ring, 2).capacity(32).build();
    }

    private KeyNotification change(KeyEvent event) {
        return new KeyNotification(event, key, 1);
    }

    @Test
    void anExpiredKeyIsDestroyedWhenTheGarbageCollectorWould() {
        StepVerifier.withVirtualTime(
                        () -> {
                            SimulatedTime.follow(kernel);
                            return changes();
                        })
                .then(() -> keys.setTimeout(key, Duration.ofSeconds(10)))
                .expectNext(change(KeyEvent.SETATTR))
                .expectNoEvent(Duration.ofSeconds(300))
                .thenAwait(Duration.ofSeconds(11))
                .expectNext(new RemovalNotification(key, 1))
                .then(() -> assertThat(keys.list(ring)).isEmpty())
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void anExpiredKeyIsOfNoUseButStillThere() {
        Duration untilExpiry = Duration.ofSeconds(10);
        StepVerifier.withVirtualTime(
                        () -> {
                            SimulatedTime.follow(kernel);
                            return changes();
                        })
                .then(() -> keys.setTimeout(key, untilExpiry))
                .expectNext(change(KeyEvent.SETATTR))
                .thenAwait(untilExpiry)
                .then(() -> assertThat(keys.search(ring, "user", "nothing")).isEmpty())
                .then(() -> assertThat(keys.list(ring)).containsExactly(key))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aKeyringViewIsKeptTrueThroughALoss() {
        StepVerifier.create(changes().transform(NotificationOperators.keyringView(ring)))
                .expectNext(Set.of(key))
                .then(kernel::settle)
                .then(() -> kernel.queue().dropNext(2))
                .then(() -> keys.add("user", "second", new byte[] {2}, ring))
                .then(() -> keys.unlink(key, ring))
                .then(() -> keys.setPermissions(ring, 0x3f3f3f3f))
                .assertNext(members -> assertThat(members).hasSize(1).doesNotContain(key))
                .then(() -> keys.clear(ring))
                .expectNext(Set.of())
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void demandLeavesTheRestInTheSimulatedQueue() {
        StepVerifier.create(changes(), 0)
                .then(
                        () -> {
                            for (int i = 0; i < 40; i++) {
                                keys.update(key, new byte[] {2});
                            }
                        })
                .then(kernel::settle)
                .then(() -> assertThat(kernel.queue().queued()).isEqualTo(32))
                .thenRequest(32)
                .expectNextCount(32)
                .thenRequest(1)
                .expectNext(new LossNotification())
                .thenCancel()
                .verify(SOON);
        kernel.settle();
        assertThat(kernel.queues()).hasSize(1).allMatch(SimulatedQueue::isClosed);
    }

    @Test
    void realAndSimulatedQueuesHaveReadersOfTheirOwn() {
        NotificationFlux first = changes();
        first.subscribe();
        kernel.close();
        try (SimulatedKernel second = SimulatedKernel.install()) {
            KeyId other = Keyctl.system().add("user", "other", new byte[] {1}, Keyring.USER);
            NotificationFlux changes = NotificationFlux.builder().watch(other).build();
            StepVerifier.create(changes)
                    .then(() -> Keyctl.system().revoke(other))
                    .expectNext(new KeyNotification(KeyEvent.REVOKED, other, 0))
                    .then(() -> keys.update(key, new byte[] {3}))
                    .thenCancel()
                    .verify(SOON);
            second.assertNothingLeftOpen();
        }
        first.dispose();
        first.onDispose().block(SOON);
    }
}
