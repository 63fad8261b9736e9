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
import io.watchqueue.WatchQueueException;
import io.watchqueue.json.WatchQueueJson;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;

/**
 * A cache of descriptions of keys by serial, because the kernel no longer describes a revoked or
 * removed key. For one thread at a time.
 */
final class KeyNames {

    private static final int REMEMBERED = 1024;

    private final IntFunction<Optional<KeyDescription>> kernel;

    private final WatchQueueJson json = WatchQueueJson.naming(key -> of(key.value()));

    private final Map<Integer, KeyDescription> known =
            new LinkedHashMap<>(16, 0.75f, true) {
                private static final long serialVersionUID = 1;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Integer, KeyDescription> eldest) {
                    return size() > REMEMBERED;
                }
            };

    KeyNames(Keyctl keys) {
        this(serial -> describe(keys, serial));
    }

    KeyNames(IntFunction<Optional<KeyDescription>> kernel) {
        this.kernel = kernel;
    }

    private static Optional<KeyDescription> describe(Keyctl keys, int serial) {
        try {
            return Optional.of(keys.describe(KeyId.of(serial)));
        } catch (WatchQueueException e) {
            return Optional.empty(); // gone already, or without View
        }
    }

    /** Returns the description, from the cache or from the kernel. */
    Optional<KeyDescription> of(int serial) {
        KeyDescription remembered = known.get(serial);
        if (remembered != null) {
            return Optional.of(remembered);
        }
        Optional<KeyDescription> described = kernel.apply(serial);
        described.ifPresent(description -> known.put(serial, description));
        return described;
    }

    /** The JSON form with these names. */
    WatchQueueJson json() {
        return json;
    }

    /** Remembers a description that is known without a look. */
    void remember(KeyDescription description) {
        known.put(description.key().value(), description);
    }

    /** Call this when a key is gone: the kernel may reuse its serial. */
    void forget(int serial) {
        known.remove(serial);
    }
}
