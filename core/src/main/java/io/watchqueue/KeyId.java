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
 * The kernel's name of a key: a serial number, or one of the special negative numbers that stand
 * for a keyring of the calling thread (see {@link Keyring}). Both are key_serial_t in keyctl(2); a
 * keyring is a key.
 *
 * @param value a positive serial, or a special id from -8 to -1
 */
public record KeyId(int value) {

    private static final String[] SPECIAL = {"@t", "@p", "@s", "@u", "@us", "@g", "@a", "@r"};

    /**
     * Checks the value.
     *
     * @param value a positive serial, or a special id from -8 to -1
     * @throws IllegalArgumentException if it is neither positive nor from -8 to -1
     */
    public KeyId {
        if (value == 0 || value < -SPECIAL.length) {
            throw new IllegalArgumentException(
                    "key id "
                            + value
                            + " does not exist: a serial is positive, a special keyring is from -8 to -1 (see Keyring)");
        }
    }

    /**
     * Returns the key id of a number.
     *
     * @param value a positive serial, or a special id from -8 to -1
     * @return the key id
     * @throws IllegalArgumentException if it is neither
     */
    public static KeyId of(int value) {
        return new KeyId(value);
    }

    /**
     * Returns whether this stands for a different key in different threads and processes.
     *
     * @return true for a special id, false for a serial
     */
    public boolean isSpecial() {
        return value < 0;
    }

    /**
     * Returns the serial in decimal, or the name that keyctl(1) has for a special id, such as
     * {@code @s}.
     *
     * @return the text
     */
    @Override
    public String toString() {
        return isSpecial() ? SPECIAL[-value - 1] : Integer.toString(value);
    }
}
