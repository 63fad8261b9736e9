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

/**
 * What keyctl_describe(3) tells of a key: never its payload.
 *
 * @param key the serial
 * @param type the key type, such as {@code "user"} or {@code "keyring"}
 * @param uid the owner
 * @param gid the group
 * @param permissions the permissions mask, see keyctl_setperm(3)
 * @param description the description, for a keyring its name
 */
public record KeyDescription(
        KeyId key, String type, int uid, int gid, int permissions, String description) {

    /**
     * Tells whether the key is a keyring.
     *
     * @return true if its type is "keyring"
     */
    public boolean isKeyring() {
        return type.equals("keyring");
    }

    /**
     * Parses "type;uid;gid;permissions in hexadecimal;description", where the description may have
     * semicolons.
     */
    static KeyDescription parse(KeyId key, String text) {
        String[] fields = text.split(";", 5);
        if (fields.length < 5) {
            throw new WatchQueueException(
                    "describe key " + key, 0, "the kernel's answer has fewer than 5 fields");
        }
        return new KeyDescription(
                key,
                fields[0],
                Integer.parseUnsignedInt(fields[1]),
                Integer.parseUnsignedInt(fields[2]),
                Integer.parseUnsignedInt(fields[3], 16),
                fields[4]);
    }
}
