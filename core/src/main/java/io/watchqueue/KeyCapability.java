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

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.Set;

/**
 * The capabilities of the kernel's key management: the bits of keyctl_capabilities(3), in their
 * order, so that {@link #ordinal()} is the bit.
 */
public enum KeyCapability {

    /** It reports its capabilities: KEYCTL_CAPS0_CAPABILITIES. */
    CAPABILITIES,

    /** It has persistent keyrings: {@link Keyctl#persistent}. */
    PERSISTENT_KEYRINGS,

    /** It computes Diffie-Hellman values. */
    DIFFIE_HELLMAN,

    /** It encrypts, signs and verifies with asymmetric keys. */
    PUBLIC_KEY,

    /** It has the type big_key, for payloads of up to 1 MiB. */
    BIG_KEY,

    /** It invalidates keys: {@link Keyctl#invalidate}. */
    INVALIDATE,

    /** It restricts keyrings: {@link Keyctl#restrict}. */
    RESTRICT_KEYRING,

    /** It moves keys: {@link Keyctl#move}. */
    MOVE,

    /** Keyring names are those of the user namespace. */
    NAMESPACED_KEYRING_NAMES,

    /** Keys are separated by network namespace. */
    NAMESPACED_KEYS,

    /** Keys can be watched: {@link WatchQueue#watch}. */
    NOTIFICATIONS;

    /** The number of bytes of capabilities that this library knows. */
    static final int BYTES = 2;

    /**
     * Decodes the result of keyctl_capabilities(3).
     *
     * @param length the number of bytes that the kernel has, which may be more or less than {@code
     *     bytes} holds
     */
    static Set<KeyCapability> decode(ByteBuffer bytes, int length) {
        BitSet bits = BitSet.valueOf(bytes.slice(0, Math.min(length, BYTES)));
        Set<KeyCapability> capabilities = EnumSet.allOf(KeyCapability.class);
        capabilities.removeIf(capability -> !bits.get(capability.ordinal()));
        return capabilities;
    }
}
