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

import io.watchqueue.json.WatchQueueJson;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringStore;

import org.jspecify.annotations.Nullable;

import java.time.Instant;
import java.util.Objects;

/**
 * An event of a keyring, as browsers get it.
 *
 * @param event the event
 * @param json the event in the form of docs/json.md
 */
record KeyringUpdate(KeyringEvent event, String json) {

    /** The name of the Server-Sent Event, which is the field {@code type} of the JSON. */
    String type() {
        return WatchQueueJson.type(event);
    }

    /** Encodes the events of a stream, the first of which is a snapshot. */
    static final class Encoder {

        private final WatchQueueJson json =
                WatchQueueJson.naming(key -> store().key(key).map(FollowedKey::description));

        private volatile @Nullable KeyringStore store;

        KeyringUpdate encode(KeyringEvent event) {
            if (event instanceof KeyringEvent.Snapshot snapshot) {
                store = snapshot.store();
            }
            return new KeyringUpdate(event, json.of(Instant.now(), store().keyring(), event));
        }

        private KeyringStore store() {
            return Objects.requireNonNull(store, "an event before the first snapshot");
        }
    }
}
