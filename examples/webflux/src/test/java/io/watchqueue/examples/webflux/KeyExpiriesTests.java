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
package io.watchqueue.examples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.Map;

class KeyExpiriesTests {

    @Test
    void timeoutsAreShownInWords() {
        assertThat(
                        KeyExpiries.words(
                                Map.of(
                                        KeyId.of(4), "perm",
                                        KeyId.of(5), "59s",
                                        KeyId.of(6), "expd",
                                        KeyId.of(7), "4w")))
                .isEqualTo(Map.of(4, "never", 5, "59s", 6, "expired", 7, "4w"));
    }

    @Test
    void timeoutsComeFromTheInstalledKernel() {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            Keyctl keys = Keyctl.system();
            KeyId token = keys.add("user", "to\nken", new byte[1], Keyring.USER);
            keys.setTimeout(token, Duration.ofMinutes(2));
            assertThat(KeyExpiries.now(keys)).containsEntry(token.value(), "2m");
            kernel.maskProcKeys();
            assertThat(KeyExpiries.now(keys)).isEmpty();
        }
    }
}
