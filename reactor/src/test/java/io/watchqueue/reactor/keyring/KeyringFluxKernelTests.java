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
import io.watchqueue.internal.TestProcess;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;

@Timeout(300)
class KeyringFluxKernelTests extends KeyringScenarios {

    @AfterEach
    void unlinkKeyrings() {
        cleanUp();
    }

    @Test
    void reportsAnExpiry() {
        KeyId key = add("token", root());
        try (Followed followed =
                Followed.of(
                        KeyringFlux.builder(root()).lookAgain(Duration.ofMillis(100)).build())) {
            keys().setTimeout(key, Duration.ofSeconds(1));
            followed.awaitLast(Changed.class);
            Changed expired = followed.awaitCount(Changed.class, 2);
            assertThat(expired.event()).isNull();
            assertThat(expired.key().state()).isEqualTo(State.EXPIRED);
        }
    }

    @Test
    void leavesNoDescriptorOpen() throws Exception {
        Followed.of(KeyringFlux.follow(root())).close();
        long before = TestProcess.descriptors();
        for (int cycle = 0; cycle < 50; cycle++) {
            Followed followed = Followed.of(KeyringFlux.follow(root()));
            followed.close();
            followed.await("the store is told", () -> !followed.store().isFollowed());
        }
        Followed last = Followed.of(KeyringFlux.follow(root()));
        last.close();
        last.await(
                "as few descriptors as before",
                () -> {
                    try {
                        return TestProcess.descriptors() <= before;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }
}
