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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;

import picocli.CommandLine.Parameters;

import java.util.ArrayList;
import java.util.List;

/** The keys that a command line names. */
final class NamedKeys {

    @Parameters(
            arity = "1..*",
            paramLabel = "KEYRING",
            description =
                    "A special keyring (@s, @u, @us, @p, @t), %%TYPE:DESCRIPTION such as"
                            + " %%keyring:tokens, or a serial of a keyring or another key.")
    private List<String> references;

    /**
     * Finds the keys.
     *
     * @return their serials, in the order of the command line
     * @throws IllegalArgumentException if one cannot be a key, or is named twice
     * @throws io.watchqueue.WatchQueueException if the kernel does not find one
     */
    List<KeyId> find(Keyctl keys) {
        List<KeyId> found = new ArrayList<>();
        for (String reference : references) {
            KeyId serial = keys.serial(keys.find(reference));
            if (found.contains(serial)) {
                throw new IllegalArgumentException(
                        reference + " is key " + serial + ", which is named already; name it once");
            }
            found.add(serial);
        }
        return found;
    }

    /**
     * Finds keyrings.
     *
     * @return as {@link #find}
     * @throws IllegalArgumentException also if one is not a keyring
     */
    List<KeyId> findKeyrings(Keyctl keys) {
        List<KeyId> found = find(keys);
        for (KeyId key : found) {
            KeyDescription description = keys.describe(key);
            if (!description.isKeyring()) {
                throw new IllegalArgumentException(
                        "key "
                                + key
                                + " is of type "
                                + description.type()
                                + ", and has no members; name a keyring");
            }
        }
        return found;
    }
}
