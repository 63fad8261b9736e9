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

import io.watchqueue.KeyDescription;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The state of one key, as of the last look at it.
 *
 * @param description null if the key could never be described
 * @param expiry as in {@link KeyExpiries}; null if not known
 * @param members the serials of its members
 * @param state whether the key can be looked at
 */
record KnownKey(
        @Nullable KeyDescription description,
        @Nullable String expiry,
        List<Integer> members,
        State state) {

    enum State {
        /** Its description and members are as they were at the last look. */
        SEEN,
        /** The key exists, but cannot be looked at now. */
        HIDDEN,
        /** The key exists, but is revoked. */
        REVOKED,
        /** The key no longer exists. */
        GONE
    }

    boolean isGone() {
        return state == State.GONE;
    }

    boolean isRevoked() {
        return state == State.REVOKED;
    }

    boolean isHidden() {
        return state == State.HIDDEN;
    }

    boolean isSeen() {
        return state == State.SEEN;
    }

    /** A keyring whose members are known. */
    boolean isKeyring() {
        return isSeen() && description != null && description.isKeyring();
    }

    KnownKey without(int member) {
        List<Integer> others = members.stream().filter(serial -> serial != member).toList();
        return new KnownKey(description, expiry, others, state);
    }
}
