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

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The text of /proc/keys: proc_keys_show() of security/keys/proc.c. It has a line for each key that
 * grants View, and each line ends with a description, which is any text of any user. A description
 * with line breaks makes lines of its own. Most of these are not entries, and are skipped; a line
 * that imitates an entry cannot be distinguished from a real one. So an entry is a claim: the key
 * may not exist, and may have two entries, of which one is wrong.
 */
final class ProcKeys {

    /** "%08x %c%c%c%c%c%c%c %5d %4s %08x %5d %5d %-9.9s ", and the description. */
    private static final Pattern LINE =
            Pattern.compile(
                    "(?<serial>[0-9a-f]{8}) [A-Za-z-]+ +-?[0-9]+ +(?<timeout>perm|expd|[0-9]+[smhdw])"
                            + " [0-9a-f]{8} +-?[0-9]+ +-?[0-9]+ [^ ].*",
                    Pattern.DOTALL);

    private ProcKeys() {}

    /**
     * The claim of one line.
     *
     * @param key the serial
     * @param timeout "perm", "expd", or the time left in one unit, such as "59s"
     */
    record Entry(KeyId key, String timeout) {}

    /**
     * Returns every line that looks like an entry.
     *
     * @param text the file, one character a byte
     */
    static List<Entry> parse(String text) {
        return parse(text, key -> 0);
    }

    /**
     * Returns every line that looks like an entry, without the lines inside descriptions.
     *
     * @param text the file, one character a byte
     * @param lineBreaks returns the number of line breaks in the description of a key; 0 if that
     *     cannot be read
     */
    static List<Entry> parse(String text, ToIntFunction<KeyId> lineBreaks) {
        String[] lines = text.split("\n", -1);
        List<Entry> entries = new ArrayList<>();
        for (int at = 0; at < lines.length; at++) {
            Entry entry = parseLine(lines[at]);
            if (entry != null) {
                entries.add(entry);
                at += lineBreaks.applyAsInt(entry.key());
            }
        }
        return entries;
    }

    /**
     * Returns whether each line is the entry of a key with a greater serial than the one before, as
     * the kernel writes them. Then no key has two entries.
     */
    static boolean isPlain(String text) {
        int last = 0;
        for (String line : text.split("\n", 0)) {
            Entry entry = parseLine(line);
            if (entry == null || entry.key().value() <= last) {
                return false;
            }
            last = entry.key().value();
        }
        return true;
    }

    /** Parses a line; returns null if it is not an entry. */
    static @Nullable Entry parseLine(String line) {
        Matcher matcher = LINE.matcher(line);
        if (!matcher.matches()) {
            return null;
        }
        Integer serial = KernelText.hexadecimal(matcher.group("serial"));
        return serial == null || serial <= 0
                ? null
                : new Entry(KeyId.of(serial), matcher.group("timeout"));
    }
}
