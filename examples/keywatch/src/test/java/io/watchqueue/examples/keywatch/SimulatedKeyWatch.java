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
package io.watchqueue.examples.keywatch;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import java.util.concurrent.locks.LockSupport;

/** The program on a simulated kernel, where the key {@value #NAME} is updated all the time. */
final class SimulatedKeyWatch {

    static final String NAME = "t\u00f6k\u00e9n";
    private static final long PAUSE_NANOS = 5_000_000;

    private SimulatedKeyWatch() {}

    @SuppressWarnings("resource") // until the process ends
    public static void main(String[] arguments) throws Exception {
        SimulatedKernel.install();
        Keyctl keys = Keyctl.system();
        KeyId token = keys.add("user", NAME, new byte[] {1}, Keyring.USER);
        Thread writer =
                new Thread(
                        () -> {
                            while (true) {
                                keys.update(token, new byte[] {2});
                                LockSupport.parkNanos(PAUSE_NANOS);
                            }
                        });
        writer.setDaemon(true);
        writer.start();
        KeyWatch.main(arguments);
    }
}
