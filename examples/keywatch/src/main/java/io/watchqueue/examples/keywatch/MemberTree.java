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
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.KeyringEvent;

import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A keyring and what is below it, each key below its keyring and indented, in order of names. */
final class MemberTree {

    private static final String INDENT = "  ";

    /** Keys without a known name come last. */
    private static final Comparator<FollowedKey> BY_NAME =
            Comparator.comparing(
                            FollowedKey::description,
                            Comparator.nullsLast(
                                    Comparator.comparing(KeyDescription::description)
                                            .thenComparing(KeyDescription::type)))
                    .thenComparing(key -> key.key().value());

    private final FollowedKey keyring;
    private final Map<KeyId, List<FollowedKey>> members = new HashMap<>();

    private record Place(FollowedKey key, int level) {}

    MemberTree(KeyringEvent.Snapshot snapshot) {
        this.keyring = snapshot.keyring();
        for (KeyringEvent.Linked link : snapshot.links()) {
            members.computeIfAbsent(link.keyring(), any -> new ArrayList<>()).add(link.key());
        }
        members.values().forEach(keys -> keys.sort(BY_NAME));
    }

    /** Prints a line for each link. Only the first of a keyring's places has its members. */
    void print(PrintWriter out) {
        Set<KeyId> printed = new HashSet<>();
        Deque<Place> next = new ArrayDeque<>(List.of(new Place(keyring, 0)));
        for (Place place = next.poll(); place != null; place = next.poll()) {
            FollowedKey key = place.key();
            List<FollowedKey> below = members.getOrDefault(key.key(), List.of());
            boolean again = !below.isEmpty() && !printed.add(key.key());
            out.print(INDENT.repeat(place.level()) + TextLines.key(key));
            out.print(again ? "  (its members are above)\n" : "\n");
            if (!again) {
                for (int i = below.size() - 1; i >= 0; i--) {
                    next.push(new Place(below.get(i), place.level() + 1));
                }
            }
        }
    }
}
