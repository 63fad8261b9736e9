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

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Draws a tree of keys, once. Keyrings can be linked into several others, so a few of them can make
 * a huge tree. Therefore each keyring is drawn whole at one place only, and the number of keys is
 * limited.
 */
final class KeyringPicture {

    private final IntFunction<@Nullable KnownKey> known;
    private final Set<Integer> drawn = new HashSet<>();
    private int left;

    KeyringPicture(IntFunction<@Nullable KnownKey> known, int keys) {
        this.known = known;
        this.left = keys;
    }

    Node of(int serial) {
        left--;
        KnownKey key = known.apply(serial);
        KeyDescription description = key == null ? null : key.description();
        if (key == null || description == null) {
            return new Node(serial, null, null, null, null, null, null, false, List.of());
        }
        boolean whole = key.isSeen() && (!description.isKeyring() || drawn.add(serial));
        List<Node> members = new ArrayList<>();
        if (whole) {
            Iterator<Integer> linked = key.members().iterator();
            while (linked.hasNext() && left > 0) {
                members.add(of(linked.next()));
            }
            whole = !linked.hasNext();
        }
        return new Node(
                serial,
                description.type(),
                description.description(),
                Integer.toUnsignedLong(description.uid()),
                Integer.toUnsignedLong(description.gid()),
                Integer.toHexString(description.permissions()),
                key.expiry(),
                whole,
                members);
    }
}
