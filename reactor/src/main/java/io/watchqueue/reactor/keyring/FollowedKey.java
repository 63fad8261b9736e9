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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * What is known of a key, without its payload.
 *
 * @param key the serial
 * @param description the description; null if the key has granted no View, or was revoked or
 *     expired, since it was first seen. The last one known if it does so no longer
 * @param state whether the key can be used
 * @param watched whether the kernel reports its changes. If not, it is {@linkplain
 *     KeyringFlux.Builder#lookAgain looked at} from time to time
 */
public record FollowedKey(
        KeyId key, @Nullable KeyDescription description, State state, boolean watched) {

    /** Whether a key can be used, as KEYCTL_DESCRIBE reports it. */
    public enum State {
        /** It can be used by those to whom it grants that. */
        VALID,
        /** A program requested it, and it has no payload yet: request_key(2). */
        UNDER_CONSTRUCTION,
        /** A program requested it, and there is no such key: request_key(2). */
        NEGATIVE,
        /** It grants no View to this process. */
        HIDDEN,
        /** It was revoked. The kernel destroys it kernel.keys.gc_delay seconds later. */
        REVOKED,
        /** It has expired. The kernel destroys it kernel.keys.gc_delay seconds later. */
        EXPIRED
    }

    /**
     * Checks the components.
     *
     * @param key the serial
     * @param description the description, or null if it is not known
     * @param state whether the key can be used
     * @param watched whether the kernel reports its changes
     */
    public FollowedKey {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(state, "state");
    }

    /**
     * Returns whether the key is known to be a keyring.
     *
     * @return false also if its description is not known
     */
    public boolean isKeyring() {
        return description != null && description.isKeyring();
    }
}
