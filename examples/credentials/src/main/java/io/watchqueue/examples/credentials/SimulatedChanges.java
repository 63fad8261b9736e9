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
package io.watchqueue.examples.credentials;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import java.time.Duration;
import java.util.List;

/** Makes the changes of keyctl(1) through {@link Keyctl}. A timeout passes at once. */
final class SimulatedChanges implements Demonstration.Changes {

    private final SimulatedKernel kernel;
    private final Keyctl keys = Keyctl.system();

    SimulatedChanges(SimulatedKernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public String make(byte[] input, List<String> arguments) {
        switch (arguments.get(0)) {
            case "padd" -> {
                return keys.add(arguments.get(1), arguments.get(2), input, key(arguments, 3))
                        .toString();
            }
            case "newring" -> {
                return keys.addKeyring(arguments.get(1), Keyring.SESSION).toString();
            }
            case "pupdate" -> keys.update(key(arguments, 1), input);
            case "move" -> keys.move(key(arguments, 2), key(arguments, 3), key(arguments, 4));
            case "revoke" -> keys.revoke(key(arguments, 1));
            case "timeout" -> {
                Duration timeout = Duration.ofSeconds(Long.parseLong(arguments.get(2)));
                keys.setTimeout(key(arguments, 1), timeout);
                kernel.advance(timeout);
            }
            default -> throw new IllegalArgumentException("keyctl " + arguments);
        }
        return "";
    }

    private static KeyId key(List<String> arguments, int index) {
        return KeyId.of(Integer.parseInt(arguments.get(index)));
    }
}
