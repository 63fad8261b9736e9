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
import io.watchqueue.internal.TestProcess;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Lost;
import io.watchqueue.reactor.keyring.KeyringEvent.Unlinked;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;

/** Many keys, and fewer watches than keys. */
@Timeout(600)
class KeyringSizeKernelTests {

    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.addKeyring("large", Keyring.USER);

    @AfterEach
    void unlink() {
        keys.unlink(root, Keyring.USER);
    }

    private KeyId add(String description) {
        return keys.add("user", description, new byte[] {1}, root);
    }

    private static long watched(Followed followed) {
        return followed.store().keys().stream().filter(FollowedKey::watched).count();
    }

    @Test
    void looksAtTheKeysForWhichTheUserHasNoWatchLeft() throws Exception {
        // A watch counts like a descriptor. Some of the latter are needed to set the limit again.
        Followed.of(KeyringFlux.follow(root)).close();
        int limit = (int) TestProcess.descriptors() + 30;
        KeyId[] last = new KeyId[1];
        for (int key = 0; key < 2 * limit; key++) {
            last[0] = add("key " + key);
        }
        KeyringFlux flux = KeyringFlux.builder(root).lookAgain(Duration.ofMillis(100)).build();
        Followed[] followed = new Followed[1];
        TestProcess.withOpenFiles(
                limit,
                () -> {
                    followed[0] = Followed.of(flux);
                    assertThat(followed[0].store().keys()).hasSize(2 * limit + 1);
                    assertThat(watched(followed[0])).isBetween(limit / 2L, (long) limit);
                    add("late");
                    followed[0].awaitLast(Linked.class);
                    keys.unlink(last[0], root);
                    followed[0].awaitKernel(keys);
                });
        try (Followed unlimited = followed[0]) {
            unlimited.await("all are watched", () -> watched(unlimited) == 2 * limit + 1);
        }
    }

    /** Prints what it costs: the same for each key, and for each change. */
    @Test
    @Tag("proof")
    void followsTenThousandKeys() throws Exception {
        TestProcess.raiseOpenFiles(32_768);
        int size = 0;
        for (int more : new int[] {10, 1_000, 10_000}) {
            for (; size < more; size++) {
                add("key " + size);
            }
            long begun = System.nanoTime();
            try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
                long placed = System.nanoTime();
                assertThat(watched(followed)).isEqualTo(more + 1);
                long changed = millisOfHundredChanges(followed);
                System.out.println(
                        more
                                + " keys: "
                                + (placed - begun) / 1000 / more
                                + " µs for each to be watched, "
                                + changed * 10
                                + " µs for each change");
                assertThat(followed.events(Lost.class)).isEmpty();
            }
        }
        try (Followed followed = Followed.of(KeyringFlux.follow(root))) {
            keys.clear(root);
            followed.awaitCount(Unlinked.class, size);
            followed.awaitKernel(keys);
        }
    }

    private long millisOfHundredChanges(Followed followed) {
        long begun = System.nanoTime();
        for (int change = 1; change <= 50; change++) {
            KeyId added = add("changed");
            KeyringStore store = followed.store();
            followed.await("its link", () -> store.key(added).isPresent());
            keys.update(added, new byte[] {2});
            followed.await("its update", () -> isUpdated(added, followed));
            keys.unlink(added, root);
            followed.await("its end", () -> store.key(added).isEmpty());
        }
        return Duration.ofNanos(System.nanoTime() - begun).toMillis();
    }

    private static boolean isUpdated(KeyId key, Followed followed) {
        return followed.events(Changed.class).stream()
                .anyMatch(
                        changed ->
                                changed.key().key().equals(key)
                                        && changed.event() == KeyEvent.UPDATED);
    }
}
