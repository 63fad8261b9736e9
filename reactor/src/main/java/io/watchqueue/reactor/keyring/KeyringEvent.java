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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.LossNotification;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * An element of a {@link KeyringFlux}: first the whole of a keyring, then what happened in it. A
 * program that applies all of them to a copy of its own has the same keys as the {@link
 * KeyringStore}.
 */
public sealed interface KeyringEvent {

    /**
     * The whole of a keyring: the first element, and the first of each {@linkplain
     * KeyringFlux.Builder#awaitSuccessor() successor}. It replaces everything before.
     *
     * @param keyring the followed keyring itself
     * @param links all keys that are linked into it and into the keyrings below it, each keyring
     *     before its members; cannot be changed
     * @param store the keys from now on
     */
    record Snapshot(FollowedKey keyring, List<Linked> links, KeyringStore store)
            implements KeyringEvent {

        /**
         * Copies the links.
         *
         * @param keyring the followed keyring itself
         * @param links all links
         * @param store the keys from now on
         */
        public Snapshot {
            links = List.copyOf(links);
        }
    }

    /**
     * A key was linked into a keyring, into which it was not linked before: added, linked, moved
     * there, or found there by a look. If it is a keyring, its members follow.
     *
     * @param key the key
     * @param keyring the followed keyring, or one below it
     */
    record Linked(FollowedKey key, KeyId keyring) implements KeyringEvent {}

    /**
     * A key was linked into a keyring, and displaced one with the same type and description.
     *
     * @param previous the displaced key, as it was last known; no longer in that keyring
     * @param key its successor
     * @param keyring the followed keyring, or one below it
     */
    record Replaced(FollowedKey previous, FollowedKey key, KeyId keyring) implements KeyringEvent {}

    /**
     * A key that stays where it is was changed.
     *
     * @param previous the key as it was known before
     * @param key the key as it is now
     * @param event the kernel's event; null if a look found the change, for example that the key
     *     has expired, which the kernel does not report
     */
    record Changed(FollowedKey previous, FollowedKey key, @Nullable KeyEvent event)
            implements KeyringEvent {}

    /**
     * A key is no longer linked into a keyring: it was unlinked or moved away, or the keyring was
     * cleared, revoked or destroyed. If the store has it still, it is linked elsewhere below the
     * followed keyring. If not, nothing more is reported of it.
     *
     * @param key the key as it was last known
     * @param keyring the followed keyring, or one below it
     */
    record Unlinked(FollowedKey key, KeyId keyring) implements KeyringEvent {}

    /**
     * The kernel destroyed a key that was not known to be unlinked: it was invalidated, or
     * collected after it was revoked or had expired. It is in no keyring any more. If it was a
     * keyring, its members were {@link Unlinked} before. If it was the followed keyring, this is
     * the last element of that keyring.
     *
     * @param key the key as it was last known
     */
    record Gone(FollowedKey key) implements KeyringEvent {}

    /**
     * Notifications were dropped. What a look at all keys finds different follows at once, as
     * events of the other kinds. What a look cannot find remains unknown: how often a key was
     * changed meanwhile, and whether its payload was.
     *
     * @param loss the kernel's notification
     */
    record Lost(LossNotification loss) implements KeyringEvent {}
}
