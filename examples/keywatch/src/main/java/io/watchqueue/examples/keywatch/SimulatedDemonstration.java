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
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.test.SimulatedKernel;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;

/**
 * The demonstration on the library's simulated kernel, which needs nothing of this machine's. The
 * keys are this process's own, so that it also makes the changes: keyctl(1) would not find them.
 */
final class SimulatedDemonstration {

    private SimulatedDemonstration() {}

    /** Returns the exit status. */
    static int run(PrintWriter out) throws IOException, InterruptedException, TimeoutException {
        int status = demonstrate(out);
        out.println();
        out.println("On this machine: " + WatchQueueSupport.probe().explanation());
        return status;
    }

    private static int demonstrate(PrintWriter out)
            throws IOException, InterruptedException, TimeoutException {
        try (SimulatedKernel kernel = SimulatedKernel.builder().user(0, 0).install()) {
            out.println("Simulated: these keys and queues exist in this process only.");
            Keyctl keys = Keyctl.system();
            return new Demonstration(out, arguments -> change(keys, arguments)).run();
        }
    }

    /** Does what keyctl(1) does with these arguments, and returns what it prints. */
    private static String change(Keyctl keys, List<String> arguments) {
        switch (arguments.get(0)) {
            case "add" -> {
                return keys.add(
                                arguments.get(1),
                                arguments.get(2),
                                arguments.get(3).getBytes(StandardCharsets.US_ASCII),
                                key(arguments, 4))
                        .toString();
            }
            case "update" ->
                    keys.update(
                            key(arguments, 1),
                            arguments.get(2).getBytes(StandardCharsets.US_ASCII));
            case "link" -> keys.link(key(arguments, 1), key(arguments, 2));
            case "unlink" -> keys.unlink(key(arguments, 1), key(arguments, 2));
            case "move" -> keys.move(key(arguments, 1), key(arguments, 2), key(arguments, 3));
            case "setperm" ->
                    keys.setPermissions(key(arguments, 1), Integer.decode(arguments.get(2)));
            case "chown" ->
                    keys.chown(
                            key(arguments, 1),
                            Integer.parseUnsignedInt(arguments.get(2)),
                            Keyctl.UNCHANGED);
            case "timeout" ->
                    keys.setTimeout(
                            key(arguments, 1),
                            Duration.ofSeconds(Long.parseLong(arguments.get(2))));
            case "restrict_keyring" -> keys.restrict(key(arguments, 1));
            case "revoke" -> keys.revoke(key(arguments, 1));
            case "clear" -> keys.clear(key(arguments, 1));
            case "invalidate" -> keys.invalidate(key(arguments, 1));
            default -> throw new IllegalArgumentException("keyctl " + arguments);
        }
        return "";
    }

    private static KeyId key(List<String> arguments, int index) {
        return KeyId.of(Integer.parseInt(arguments.get(index)));
    }
}
