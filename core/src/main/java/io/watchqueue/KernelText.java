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
 * Numbers in texts of the kernel. Text of other users stands beside them, so nothing here throws:
 * the result is null if a text is not such a number. ASCII digits only, whatever the locale.
 */
final class KernelText {

    private static final int MOST_DIGITS = 10; // of 32 bits, in decimal
    private static final int MOST_HEX_DIGITS = 8;

    private KernelText() {}

    /**
     * 32 bits in decimal, signed or not: the kernel prints users and groups, which are unsigned,
     * with {@code %d} in some places and with {@code %u} in others.
     */
    static @Nullable Integer decimal(String text) {
        String digits = text.startsWith("-") ? text.substring(1) : text;
        if (digits.length() > MOST_DIGITS || !consistsOf("0123456789", digits)) {
            return null;
        }
        long number = Long.parseLong(text);
        return number < Integer.MIN_VALUE || number > 0xffff_ffffL ? null : (int) number;
    }

    /** 32 bits in hexadecimal, as {@code %x} prints them. */
    static @Nullable Integer hexadecimal(String text) {
        return text.length() > MOST_HEX_DIGITS || !consistsOf("0123456789abcdef", text)
                ? null
                : Integer.parseUnsignedInt(text, 16);
    }

    private static boolean consistsOf(String characters, String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> characters.indexOf(c) >= 0);
    }
}
