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

import io.watchqueue.Keyctl;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
@WithSimulatedKernel
class KeyringScriptsTests {

    private static final int SCRIPTS = Integer.getInteger("keyring.scripts", 400);
    private static final long SEED = Long.getLong("keyring.seed", 1);

    @Test
    void hasTheLinksOfTheKernelAfterEachScript(SimulatedKernel kernel, Keyctl keys) {
        long losses = KeyringScripts.run(keys, SCRIPTS, SEED);
        System.out.println(SCRIPTS + " scripts of keyrings, " + losses + " losses");
        kernel.settle();
    }

    @Test
    void eachSubscriberOfASharedQueueHasTheLinksOfTheKernel(SimulatedKernel kernel, Keyctl keys) {
        long losses = KeyringScripts.runShared(keys, SCRIPTS / 4, SEED);
        System.out.println(SCRIPTS / 4 + " scripts of shared keyrings, " + losses + " losses");
        kernel.settle();
    }
}
