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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * Which keyring is to be followed: a serial, a special keyring, or a name, which may lead to
 * another keyring later.
 *
 * @param key the keyring, or null if there is a reference
 * @param reference the text of {@link Keyctl#find}, or null
 */
record FollowedRoot(@Nullable KeyId key, @Nullable String reference) {

    /** Whether another keyring can take its place. */
    boolean mayHaveSuccessor() {
        return reference != null;
    }

    /**
     * Finds the keyring; a special one is that of the calling thread.
     *
     * @throws io.watchqueue.KeyUnavailableException if there is none
     * @throws io.watchqueue.ForeignKeyException if only other users have keyrings of that name
     */
    KeyId find(Keyctl keys) {
        return keys.serial(key != null ? key : keys.find(Objects.requireNonNull(reference)));
    }
}
