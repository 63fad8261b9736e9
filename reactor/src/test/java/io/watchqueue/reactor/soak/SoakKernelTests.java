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
package io.watchqueue.reactor.soak;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.TestWatches;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * 64 queues at a time of all settings, with watches, filters and demand that come and go, while 8
 * writers flood, pause, and destroy watched keys: every account closes, and nothing is left. For
 * {@code -Dsoak.seconds}, with {@code -Dsoak.seed}; see CONTRIBUTING.md.
 */
@Tag("proof")
class SoakKernelTests {

    private static final long SECONDS = Long.getLong("soak.seconds", 120);
    private static final long SEED = Long.getLong("soak.seed", 20_261_125);

    private static final Duration SOON = Duration.ofMinutes(1);

    private final Keyctl keys = Keyctl.system();
    private final KeyId keyring = keys.addKeyring("soak-test", Keyring.USER);

    @AfterEach
    void removeKeys() {
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void everyAccountClosesAndNothingIsLeft() throws Exception {
        List<KeyId> watchable = TestWatches.keys(keys, keyring);
        // Loads and warms what stays.
        new Soak(SEED + 1).run(Duration.ofSeconds(5));
        Leftovers before = Leftovers.now(watchable);
        System.out.printf(Locale.ROOT, "soak: seed %d, %,d s%n", SEED, SECONDS);
        Totals totals = new Soak(SEED).run(Duration.ofSeconds(SECONDS));
        System.out.printf(Locale.ROOT, "soak: %s%n", totals);
        assertThat(totals.mistakes).as("seed %d", SEED).isEmpty();
        // The run proves nothing if none of this happens.
        assertThat(totals.demands).hasSize(Demand.values().length);
        assertThat(totals.ends).hasSize(Session.End.values().length);
        assertThat(totals.losses).isGreaterThan(totals.sessions / 10);
        assertThat(totals.dropped).isGreaterThan(totals.losses);
        assertThat(totals.heldBack).isPositive();
        assertThat(totals.events).isGreaterThan(totals.sessions * 10);

        Leftovers after;
        long deadline = System.nanoTime() + SOON.toNanos();
        do {
            // More than once, because threads of the JVM free memory.
            after = Leftovers.now(watchable);
        } while (!after.isNoMoreThan(before) && System.nanoTime() < deadline);
        System.out.printf(Locale.ROOT, "soak: before %s%nsoak: after  %s%n", before, after);
        assertThat(after).matches(it -> it.isNoMoreThan(before), "has no more than " + before);
    }
}
