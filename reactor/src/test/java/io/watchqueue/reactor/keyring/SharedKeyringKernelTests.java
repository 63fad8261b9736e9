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

import io.watchqueue.Keyring;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class SharedKeyringKernelTests extends SharedKeyringScenarios {

    @AfterEach
    void cleanUp() {
        keys().unlink(root(), Keyring.USER);
    }

    @Test
    void eachSubscriberHasTheLinksOfTheKernelAfterEachScript() {
        long losses = KeyringScripts.runShared(keys(), 40, 1);
        assertThat(losses).isPositive();
    }
}
