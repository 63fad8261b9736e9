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

/**
 * The description of a key as of keyctl_describe(3). It never contains the payload.
 *
 * @param key the serial
 * @param type the key type, such as {@code "user"} or {@code "keyring"}
 * @param uid the owner: 32 bits, unsigned, so that user 3846276768 is {@code (int) 3846276768L};
 *     see {@link Integer#toUnsignedString(int)}
 * @param gid the group, unsigned as well; 65534 if it has none
 * @param permissions the permissions mask, see keyctl_setperm(3)
 * @param description the description, for a keyring its name
 */
public record KeyDescription(
        KeyId key, String type, int uid, int gid, int permissions, String description) {

    private static final int FIELDS = 5;

    /**
     * Returns whether the key is a keyring.
     *
     * @return true if its type is "keyring"
     */
    public boolean isKeyring() {
        return type.equals("keyring");
    }

    /** Returns all components; the owner and the group as unsigned numbers. */
    @Override
    public String toString() {
        return "KeyDescription[key="
                + key
                + ", type="
                + type
                + ", uid="
                + Integer.toUnsignedString(uid)
                + ", gid="
                + Integer.toUnsignedString(gid)
                + ", permissions="
                + Integer.toHexString(permissions)
                + ", description="
                + description
                + "]";
    }

    /**
     * Parses "type;uid;gid;permissions in hexadecimal;description", where the description may have
     * semicolons and line breaks: keyctl_describe_key() of security/keys/keyctl.c. Returns null if
     * the text does not have that form.
     */
    static @Nullable KeyDescription parse(KeyId key, String text) {
        String[] fields = text.split(";", FIELDS);
        if (fields.length < FIELDS) {
            return null;
        }
        Integer uid = KernelText.decimal(fields[1]);
        Integer gid = KernelText.decimal(fields[2]);
        Integer permissions = KernelText.hexadecimal(fields[3]);
        return uid == null || gid == null || permissions == null
                ? null
                : new KeyDescription(key, fields[0], uid, gid, permissions, fields[4]);
    }
}
