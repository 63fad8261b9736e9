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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.keyring.KeyringEvent.Gone;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Lost;
import io.watchqueue.reactor.keyring.KeyringEvent.Snapshot;

import org.junit.jupiter.api.Test;

import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;

import java.time.Duration;
import java.util.List;

/** Subscribers of one queue; on the simulated kernel and on the real one. */
abstract class SharedKeyringScenarios {

    private static final int BUFFER = 8;

    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.addKeyring("followed", Keyring.USER);

    final Keyctl keys() {
        return keys;
    }

    final KeyId root() {
        return root;
    }

    final KeyId add(String description) {
        return keys.add("user", description, new byte[] {1}, root);
    }

    final SharedKeyringFlux<KeyringEvent> shared() {
        return KeyringFlux.follow(root).shared(BUFFER, Duration.ZERO);
    }

    @Test
    void eachSubscriberBeginsWithTheWholeAsItIsThen() {
        KeyId before = add("before");
        Flux<KeyringEvent> shared = shared();
        try (Followed first = Followed.of(shared)) {
            KeyId between = add("between");
            first.awaitLast(Linked.class);
            try (Followed second = Followed.of(shared)) {
                Snapshot whole = (Snapshot) second.events().get(0);
                assertThat(whole.links())
                        .extracting(link -> link.key().key())
                        .containsExactlyInAnyOrder(before, between);
                assertThat(whole.store()).isSameAs(first.store());
                KeyId after = add("after");
                assertThat(second.awaitLast(Linked.class).key().key()).isEqualTo(after);
                first.awaitCount(Linked.class, 2);
                assertThat(first.events(Snapshot.class)).hasSize(1);
                assertThat(second.events()).hasSize(2);
                first.awaitKernel(keys);
                second.awaitKernel(keys);
            }
        }
    }

    @Test
    void aSlowSubscriberGetsALossAndTheWholeAgainAndSlowsNoOther() {
        Flux<KeyringEvent> shared = shared();
        try (Followed fast = Followed.of(shared);
                Followed slow = Followed.of(shared, 2)) {
            for (int key = 1; key <= 50; key++) {
                add("key " + key);
                fast.awaitCount(Linked.class, key);
            }
            assertThat(slow.events()).hasSize(2);
            slow.requestUnbounded();
            slow.awaitCount(Snapshot.class, 2);
            List<KeyringEvent> events = slow.events();
            assertThat(events.subList(1, BUFFER + 2)).hasOnlyElementsOfType(Linked.class);
            assertThat(events.get(BUFFER + 2)).isInstanceOf(Lost.class);
            assertThat(events.get(BUFFER + 3)).isInstanceOf(Snapshot.class);
            slow.awaitKernel(keys);
            fast.awaitKernel(keys);
            assertThat(fast.events(Lost.class)).isEmpty();
        }
    }

    @Test
    void theNextSubscriberAfterTheEndBeginsAnew() {
        Flux<KeyringEvent> shared =
                KeyringFlux.builder("%:named").build().shared(BUFFER, Duration.ZERO);
        KeyId first = keys.addKeyring("named", root);
        Followed one = Followed.of(shared);
        Followed other = Followed.of(shared);
        keys.unlink(first, root);
        for (Followed followed : List.of(one, other)) {
            followed.awaitEnd();
            assertThat(followed.end()).isEqualTo(SignalType.ON_COMPLETE);
            assertThat(followed.events(Gone.class)).hasSize(1);
        }
        KeyId second = keys.addKeyring("named", root);
        try (Followed next = Followed.of(shared)) {
            assertThat(next.store().keyring()).isEqualTo(second);
        }
    }

    @Test
    void passesTheSnapshotOfASuccessorToAll() {
        Flux<KeyringEvent> shared =
                KeyringFlux.builder("%:awaited")
                        .lookAgain(Duration.ofMillis(50))
                        .awaitSuccessor()
                        .build()
                        .shared(BUFFER, Duration.ZERO);
        try (Followed early = Followed.begin(shared)) {
            KeyId first = keys.addKeyring("awaited", root);
            early.awaitLast(Snapshot.class);
            try (Followed late = Followed.of(shared)) {
                keys.unlink(first, root);
                KeyId second = keys.addKeyring("awaited", root);
                for (Followed followed : List.of(early, late)) {
                    Snapshot successor = followed.awaitCount(Snapshot.class, 2);
                    assertThat(successor.keyring().key()).isEqualTo(second);
                }
            }
        }
    }
}
