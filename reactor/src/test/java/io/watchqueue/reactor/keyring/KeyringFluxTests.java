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

import io.watchqueue.ForeignKeyException;
import io.watchqueue.KeyId;
import io.watchqueue.Keyring;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.reactor.FailingLog;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;
import io.watchqueue.reactor.keyring.KeyringEvent.Gone;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Unlinked;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.scheduler.Schedulers;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;

@Timeout(300)
@WithSimulatedKernel
class KeyringFluxTests extends KeyringScenarios {

    private final SimulatedKernel kernel;

    KeyringFluxTests(SimulatedKernel kernel) {
        this.kernel = kernel;
    }

    @AfterEach
    void settle() {
        kernel.settle();
    }

    @Test
    void reportsAnExpiryAndTheCollection() {
        KeyId key = add("token", root());
        try (Followed followed =
                Followed.of(KeyringFlux.builder(root()).lookAgain(Duration.ofMillis(20)).build())) {
            keys().setTimeout(key, Duration.ofSeconds(10));
            followed.awaitLast(Changed.class);
            kernel.advance(Duration.ofSeconds(10));
            Changed expired = followed.awaitCount(Changed.class, 2);
            assertThat(expired.event()).isNull();
            assertThat(expired.key().state()).isEqualTo(State.EXPIRED);
            kernel.advance(Duration.ofSeconds(301));
            assertThat(followed.awaitLast(Gone.class).key()).isEqualTo(expired.key());
            followed.awaitKernel(keys());
        }
    }

    @Test
    void reportsTheExpiryOfKeysThatHadATimeoutBefore() {
        KeyId there = add("there", root());
        KeyId later = add("later", Keyring.USER);
        keys().setTimeout(there, Duration.ofSeconds(10));
        keys().setTimeout(later, Duration.ofSeconds(10));
        try (Followed followed =
                Followed.of(KeyringFlux.builder(root()).lookAgain(Duration.ofMillis(20)).build())) {
            keys().link(later, root());
            followed.awaitLast(Linked.class);
            kernel.advance(Duration.ofSeconds(10));
            followed.awaitCount(Changed.class, 2);
            assertThat(followed.events(Changed.class))
                    .allMatch(changed -> changed.key().state() == State.EXPIRED)
                    .extracting(changed -> changed.key().key())
                    .containsExactlyInAnyOrder(there, later);
        }
    }

    @Test
    void setsATimerOnlyForKeysThatAreNotWatched() {
        KeyId key = add("token", root());
        ScheduledThreadPoolExecutor worker = new ScheduledThreadPoolExecutor(1);
        try (Followed followed =
                Followed.of(
                        KeyringFlux.builder(root())
                                .lookAgain(Duration.ofMillis(1))
                                .scheduler(Schedulers.fromExecutorService(worker))
                                .build())) {
            followed.await("no timer", () -> isIdle(worker));
            KeyId hidden = add("hidden", Keyring.USER);
            keys().setPermissions(hidden, 0x3e3e3e3e);
            keys().link(hidden, root());
            followed.await("a look again", () -> worker.getCompletedTaskCount() > 100);
            keys().unlink(hidden, root());
            keys().setPermissions(key, 0x3f3f3f3f); // this might have been a timeout
            followed.await("no timer", () -> isIdle(worker));
        } finally {
            worker.shutdownNow();
        }
    }

    private static boolean isIdle(ScheduledThreadPoolExecutor worker) {
        return worker.getQueue().isEmpty() && worker.getActiveCount() == 0;
    }

    /** The calls for one change, in a keyring of that many keys. */
    private Map<NativeCall, Integer> callsOfAnUpdateAndALink(int size) {
        KeyId keyring = keys().addKeyring("of " + size, root());
        KeyId changed = null;
        for (int key = 0; key < size; key++) {
            changed = add("key " + key, keyring);
        }
        try (Followed followed =
                Followed.of(KeyringFlux.builder(keyring).lookAgain(Duration.ofDays(1)).build())) {
            kernel.settle();
            Map<NativeCall, Integer> before = calls();
            keys().update(changed, new byte[] {2});
            followed.awaitLast(Changed.class);
            KeyId added = add("added", keyring);
            followed.awaitLast(Linked.class);
            keys().unlink(added, keyring);
            followed.awaitLast(Unlinked.class);
            kernel.settle();
            Map<NativeCall, Integer> calls = calls();
            calls.replaceAll((call, count) -> count - before.get(call));
            return calls;
        }
    }

    private Map<NativeCall, Integer> calls() {
        Map<NativeCall, Integer> calls = new EnumMap<>(NativeCall.class);
        for (NativeCall call :
                List.of(NativeCall.WATCH_KEY, NativeCall.DESCRIBE, NativeCall.READ_KEY)) {
            calls.put(call, kernel.count(call));
        }
        return calls;
    }

    @Test
    void aChangeCostsTheSameInASmallAndInALargeKeyring() {
        Map<NativeCall, Integer> small = callsOfAnUpdateAndALink(10);
        assertThat(callsOfAnUpdateAndALink(2_000)).isEqualTo(small);
        assertThat(small)
                .containsEntry(NativeCall.WATCH_KEY, 1)
                .containsEntry(NativeCall.DESCRIBE, 2)
                .containsEntry(NativeCall.READ_KEY, 0);
    }

    @Test
    void doesNotFollowAnotherUsersKeyringOfThatName() {
        KeyId[] foreign = new KeyId[1];
        kernel.runAs(
                2000,
                2000,
                () -> {
                    foreign[0] = keys().addKeyring("shown to all", Keyring.USER);
                    keys().setPermissions(foreign[0], 0x3f3f3f3f);
                });
        Followed followed = Followed.of(KeyringFlux.builder("%:shown to all").build());
        followed.awaitEnd();
        assertThat(followed.error())
                .isInstanceOf(ForeignKeyException.class)
                .hasMessageContaining(foreign[0] + " is owned by user 2000");
        KeyringFlux awaiting =
                KeyringFlux.builder("%:shown to all")
                        .awaitSuccessor()
                        .lookAgain(Duration.ofMillis(50))
                        .build();
        try (Followed later = Followed.begin(awaiting)) {
            keys().link(foreign[0], Keyring.SESSION);
            assertThat(later.awaitLast(KeyringEvent.Snapshot.class).keyring().key())
                    .isEqualTo(foreign[0]);
        }
    }

    @Test
    void aLogThatFailsKeepsNoKeyFromBeingFollowed() {
        KeyId key = add("one too many", root());
        try (FailingLog ignored = FailingLog.install();
                Followed followed = Followed.of(KeyringFlux.builder(root()).watches(1).build())) {
            assertThat(followed.store().key(key).orElseThrow().watched()).isFalse();
        }
    }

    @Test
    void failsWithoutASnapshotIfTheQueueCannotBeOpened() {
        for (int attempt = 0; attempt < 200; attempt++) {
            kernel.fail(NativeCall.PIPE2, "EMFILE");
            Followed followed = Followed.begin(KeyringFlux.follow(root()));
            followed.awaitEnd();
            assertThat(followed.error()).isInstanceOf(ResourceLimitException.class);
            assertThat(followed.events()).isEmpty();
        }
    }

    @Test
    void refusesSettingsThatCannotWork() {
        KeyringFlux.Builder builder = KeyringFlux.builder(Keyring.USER);
        assertThatThrownBy(() -> builder.depth(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("depth 0", "1 follows");
        assertThatThrownBy(() -> builder.watches(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("watches 0", "takes one");
        assertThatThrownBy(() -> builder.lookAgain(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("lookAgain PT0S", "seconds");
        assertThatThrownBy(builder::awaitSuccessor)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("keyring @u has no successor", "%:NAME");
    }
}
