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
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Lost;
import io.watchqueue.reactor.keyring.KeyringEvent.Snapshot;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

@Timeout(300)
@WithSimulatedKernel
class SharedKeyringTests extends SharedKeyringScenarios {

    private final SimulatedKernel kernel;

    SharedKeyringTests(SimulatedKernel kernel) {
        this.kernel = kernel;
    }

    @AfterEach
    void settle() {
        kernel.settle();
    }

    @Test
    void closesTheQueueWhenTheLastSubscriberHasLeft() {
        SharedKeyringFlux<KeyringEvent> shared = shared();
        Followed one = Followed.of(shared);
        Followed other = Followed.of(shared);
        assertThat(kernel.queues()).hasSize(1);
        one.close();
        other.close();
        one.await("the end", () -> !one.store().isFollowed());
        Followed.of(shared).close();
    }

    @Test
    void lingersAndIsDisposedOf() {
        SharedKeyringFlux<KeyringEvent> shared =
                KeyringFlux.follow(root()).shared(8, Duration.ofHours(1));
        Followed first = Followed.of(shared);
        first.close();
        Followed next = Followed.of(shared);
        assertThat(next.store()).isSameAs(first.store());
        next.close();
        Followed last = Followed.of(shared);
        assertThat(shared.isDisposed()).isFalse();
        shared.dispose();
        shared.dispose();
        assertThat(shared.isDisposed()).isTrue();
        last.awaitEnd();
        assertThat(last.end()).isEqualTo(SignalType.ON_COMPLETE);
        Followed tooLate = Followed.of(shared);
        tooLate.awaitEnd();
        assertThat(tooLate.events()).isEmpty();
        // The extension asserts that nothing is left open.
    }

    @Test
    void mapsEachEventOnce() {
        Queue<KeyringEvent> mapped = new ConcurrentLinkedQueue<>();
        Flux<KeyringEvent> shared =
                KeyringFlux.follow(root())
                        .shared(
                                8,
                                Duration.ZERO,
                                event -> {
                                    mapped.add(event);
                                    return event;
                                });
        try (Followed one = Followed.of(shared);
                Followed other = Followed.of(shared)) {
            add("token");
            assertThat(one.awaitLast(Linked.class)).isSameAs(other.awaitLast(Linked.class));
        }
        assertThat(mapped).filteredOn(Linked.class::isInstance).hasSize(1);
    }

    @Test
    void subscribersThatComeTogetherGetOneSnapshot() throws Exception {
        Queue<KeyringEvent> mapped = new ConcurrentLinkedQueue<>();
        Scheduler scheduler = Schedulers.newSingle("follower");
        Flux<KeyringEvent> shared =
                KeyringFlux.builder(root())
                        .scheduler(scheduler)
                        .build()
                        .shared(
                                8,
                                Duration.ZERO,
                                event -> {
                                    mapped.add(event);
                                    return event;
                                });
        CountDownLatch held = new CountDownLatch(1);
        CountDownLatch here = new CountDownLatch(1);
        List<Followed> crowd = new ArrayList<>();
        try (Followed first = Followed.of(shared)) {
            scheduler.schedule(
                    () -> {
                        held.countDown();
                        await(here);
                    });
            held.await();
            mapped.clear();
            for (int count = 0; count < 500; count++) {
                crowd.add(Followed.begin(shared));
            }
            here.countDown();
            add("last");
            crowd.forEach(followed -> followed.awaitKernel(keys()));
            assertThat(mapped).hasExactlyElementsOfTypes(Snapshot.class, Linked.class);
            first.awaitKernel(keys());
        } finally {
            crowd.forEach(Followed::close);
            scheduler.dispose();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aSubscribersLossSaysWhose() {
        Flux<KeyringEvent> shared = shared();
        try (Followed fast = Followed.of(shared);
                Followed slow = Followed.of(shared, 1)) {
            for (int key = 1; key <= 9; key++) {
                add("key " + key);
                fast.awaitCount(Linked.class, key);
            }
            slow.requestUnbounded();
            LossNotification loss = slow.awaitLast(Lost.class).loss();
            assertThat(loss.origin()).isEqualTo(LossNotification.Origin.SUBSCRIBER);
            assertThat(loss.dropped()).isEqualTo(LossNotification.UNKNOWN);
            slow.awaitCount(Snapshot.class, 2);
        }
    }

    @Test
    void anErrorIsForAllAndTheNextSubscriberTriesAgain() {
        Flux<KeyringEvent> shared = KeyringFlux.builder("%:later").build().shared(8, Duration.ZERO);
        Followed early = Followed.of(shared);
        early.awaitEnd();
        assertThat(early.error()).isInstanceOf(KeyUnavailableException.class);
        keys().addKeyring("later", Keyring.USER);
        Followed.of(shared).close();
    }

    @Test
    void refusesABufferAndALingerThatCannotWork() {
        KeyringFlux flux = KeyringFlux.follow(root());
        assertThatThrownBy(() -> flux.shared(0, Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("shared: buffer 0", "wait there");
        assertThatThrownBy(() -> flux.shared(1, Duration.ofNanos(-1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("linger PT-0.000000001S", "use some seconds");
        assertThatThrownBy(() -> flux.shared(1, Duration.ofDays(200_000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("PT4800000H is not from PT0S");
    }
}
