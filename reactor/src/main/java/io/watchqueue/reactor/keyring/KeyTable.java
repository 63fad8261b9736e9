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

import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keys and the links between them. One thread at a time changes it, any thread reads. Each change
 * of one key or one link takes the same time in a small and in a large table.
 */
final class KeyTable {

    private final Map<KeyId, FollowedKey> keys = new ConcurrentHashMap<>();
    private final Map<KeyId, Set<KeyId>> members = new ConcurrentHashMap<>();
    private final Map<KeyId, Set<KeyId>> keyrings = new ConcurrentHashMap<>();

    /** A keyring has at most one key of a type and description. */
    private final Map<Name, KeyId> names = new ConcurrentHashMap<>();

    /** The members of a keyring whose names are not known. */
    private final Map<KeyId, Set<KeyId>> unnamed = new ConcurrentHashMap<>();

    private record Name(KeyId keyring, String type, String description) {}

    KeyTable copy() {
        KeyTable copy = new KeyTable();
        copy.keys.putAll(keys);
        members.forEach((key, linked) -> linked.forEach(member -> copy.link(member, key)));
        return copy;
    }

    @Nullable FollowedKey get(KeyId key) {
        return keys.get(key);
    }

    Collection<FollowedKey> keys() {
        return keys.values();
    }

    Set<KeyId> members(KeyId keyring) {
        return members.getOrDefault(keyring, Set.of());
    }

    Set<KeyId> keyrings(KeyId key) {
        return keyrings.getOrDefault(key, Set.of());
    }

    boolean isLinked(KeyId key, KeyId keyring) {
        return members(keyring).contains(key);
    }

    /** The serial of the key of that name in a keyring. */
    @Nullable KeyId named(KeyId keyring, String type, String description) {
        return names.get(new Name(keyring, type, description));
    }

    /** Adds a key, or changes what is known of it. */
    void put(FollowedKey key) {
        FollowedKey previous = keys.put(key.key(), key);
        if (previous != null && previous.description() == null && key.description() != null) {
            for (KeyId keyring : keyrings(key.key())) {
                without(unnamed, keyring, key.key());
                name(key.key(), keyring);
            }
        }
    }

    void link(KeyId key, KeyId keyring) {
        with(members, keyring, key);
        with(keyrings, key, keyring);
        name(key, keyring);
    }

    private void name(KeyId key, KeyId keyring) {
        Name name = nameOf(key, keyring);
        if (name != null) {
            names.put(name, key);
        } else {
            with(unnamed, keyring, key);
        }
    }

    /** Whether a keyring has members whose names are not known. */
    boolean hasUnnamed(KeyId keyring) {
        return unnamed.containsKey(keyring);
    }

    void unlink(KeyId key, KeyId keyring) {
        without(members, keyring, key);
        without(keyrings, key, keyring);
        without(unnamed, keyring, key);
        Name name = nameOf(key, keyring);
        if (name != null) {
            names.remove(name, key);
        }
    }

    /** Removes a key that has no links. */
    void remove(KeyId key) {
        keys.remove(key);
    }

    private @Nullable Name nameOf(KeyId key, KeyId keyring) {
        FollowedKey known = keys.get(key);
        KeyDescription description = known == null ? null : known.description();
        return description == null
                ? null
                : new Name(keyring, description.type(), description.description());
    }

    private static void with(Map<KeyId, Set<KeyId>> sets, KeyId key, KeyId value) {
        sets.computeIfAbsent(key, any -> ConcurrentHashMap.newKeySet()).add(value);
    }

    private static void without(Map<KeyId, Set<KeyId>> sets, KeyId key, KeyId value) {
        Set<KeyId> set = sets.get(key);
        if (set != null && set.remove(value) && set.isEmpty()) {
            sets.remove(key);
        }
    }
}
