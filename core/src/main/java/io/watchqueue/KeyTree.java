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
package io.watchqueue;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A snapshot of a key and, if it is a keyring, of all keys that can be reached from it. A key that
 * is linked in several places is in it several times.
 *
 * @param key the serial
 * @param description its description, or null if it grants no View, or is revoked or expired
 * @param members the keys linked into it, in the kernel's order; cannot be changed
 * @param complete whether {@code members} is all there is; false for a keyring that grants no Read,
 *     or was revoked, and for a key without a description, which may be a keyring
 */
public record KeyTree(
        KeyId key, @Nullable KeyDescription description, List<KeyTree> members, boolean complete) {

    /**
     * Copies the members.
     *
     * @param key the serial
     * @param description its description, or null if it cannot be read
     * @param members the keys linked into it
     * @param complete whether that is all there is
     */
    public KeyTree {
        Objects.requireNonNull(key, "key");
        members = List.copyOf(members);
    }

    /**
     * Returns this and all below it.
     *
     * @return each keyring before its members
     */
    public Stream<KeyTree> stream() {
        return Stream.concat(Stream.of(this), members.stream().flatMap(KeyTree::stream));
    }
}
