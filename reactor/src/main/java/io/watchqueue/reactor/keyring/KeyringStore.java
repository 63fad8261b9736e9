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

import java.util.Collection;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;

/**
 * The keys of a followed keyring as they are known now: a view that changes when the keyring does.
 * It is ahead of the stream by what waits there for demand. Reading it is a look into maps, without
 * a lock and without a system call.
 *
 * <p>It is always whole: it has all keys from the {@link KeyringEvent.Snapshot} on, and what a look
 * after a loss finds different appears in it at once. An iteration meanwhile may or may not see a
 * change.
 *
 * <p><b>Threads:</b> any thread may read. When the stream has ended it keeps its last keys, and
 * {@link #isFollowed()} returns false.
 */
public final class KeyringStore {

    private final KeyId keyring;
    private volatile KeyTable table;
    private volatile boolean followed = true;

    KeyringStore(KeyId keyring) {
        this.keyring = keyring;
        this.table = new KeyTable();
    }

    /** For the follower, which alone changes the table. */
    KeyTable table() {
        return table;
    }

    void replace(KeyTable looked) {
        table = looked;
    }

    void end() {
        followed = false;
    }

    /**
     * Returns whether changes still arrive here.
     *
     * @return false once the stream has ended or was cancelled
     */
    public boolean isFollowed() {
        return followed;
    }

    /**
     * Returns the followed keyring.
     *
     * @return its serial
     */
    public KeyId keyring() {
        return keyring;
    }

    /**
     * Returns a key.
     *
     * @param key a serial
     * @return empty if it is neither the followed keyring nor linked below it
     */
    public Optional<FollowedKey> key(KeyId key) {
        return Optional.ofNullable(table.get(key));
    }

    /**
     * Finds a key by its name in one keyring, as the kernel does.
     *
     * @param keyring the followed keyring or one below it
     * @param type the type
     * @param description the description
     * @return the key, which may be revoked or expired; empty if there is none
     */
    public Optional<FollowedKey> find(KeyId keyring, String type, String description) {
        KeyTable current = table;
        return Optional.ofNullable(current.named(keyring, type, description)).map(current::get);
    }

    /**
     * Returns all keys, among them the followed keyring.
     *
     * @return a view of now, which cannot be changed; in no particular order
     */
    public Collection<FollowedKey> keys() {
        return Collections.unmodifiableCollection(table.keys());
    }

    /**
     * Returns the members of a keyring.
     *
     * @param keyring the followed keyring or one below it
     * @return a view of now, which cannot be changed; empty for other keys
     */
    public Set<KeyId> members(KeyId keyring) {
        return Collections.unmodifiableSet(table.members(keyring));
    }

    /**
     * Returns the keyrings into which a key is linked.
     *
     * @param key a serial
     * @return those of the followed keyring and the keyrings below it; a view of now, which cannot
     *     be changed
     */
    public Set<KeyId> keyrings(KeyId key) {
        return Collections.unmodifiableSet(table.keyrings(key));
    }

    @Override
    public String toString() {
        return "KeyringStore[" + keyring + ", " + table.keys().size() + " keys]";
    }
}
