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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueException;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** When keys expire, of which keyctl(2) tells nothing: the fourth column of /proc/keys. */
final class KeyExpiries {

    private static final Pattern LINE =
            Pattern.compile("([0-9a-f]{8}) [A-Za-z-]{7} +\\d+ +(perm|expd|\\d+[smhdw]) ");

    private KeyExpiries() {}

    /** What is known now, of the keys that this process may view; nothing without /proc/keys. */
    static Map<Integer, String> now(Keyctl keys) {
        try {
            // A description may be of any bytes.
            String text = Files.readString(Path.of("/proc/keys"), StandardCharsets.ISO_8859_1);
            return parse(List.of(text.split("\n")), serial -> lineBreaks(keys, serial));
        } catch (IOException e) {
            return Map.of(); // there is none, or a container masks it
        }
    }

    private static int lineBreaks(Keyctl keys, int serial) {
        try {
            String description = keys.describe(KeyId.of(serial)).description();
            return (int) description.chars().filter(character -> character == '\n').count();
        } catch (WatchQueueException e) {
            return 0; // it is gone by now
        }
    }

    /**
     * Reads the lines, in which a description may have written others that look like those of keys.
     *
     * @param lineBreaks how many line breaks the description of a key has; asked only if there are
     *     signs of any
     */
    static Map<Integer, String> parse(List<String> lines, IntUnaryOperator lineBreaks) {
        boolean plain = areOfOneKeyEach(lines);
        Map<Integer, String> expiries = new HashMap<>();
        int next = 0;
        while (next < lines.size()) {
            Matcher line = LINE.matcher(lines.get(next));
            next++;
            if (line.lookingAt()) {
                int serial = Integer.parseUnsignedInt(line.group(1), 16);
                expiries.put(serial, words(line.group(2)));
                next += plain ? 0 : lineBreaks.applyAsInt(serial);
            }
        }
        return expiries;
    }

    /** The kernel writes the keys by their serials. What is written among them is none of these. */
    private static boolean areOfOneKeyEach(List<String> lines) {
        long last = 0;
        for (String text : lines) {
            Matcher line = LINE.matcher(text);
            long serial = line.lookingAt() ? Long.parseLong(line.group(1), 16) : 0;
            if (serial <= last) {
                return false;
            }
            last = serial;
        }
        return true;
    }

    private static String words(String column) {
        return switch (column) {
            case "perm" -> "never";
            case "expd" -> "expired";
            default -> column;
        };
    }
}
