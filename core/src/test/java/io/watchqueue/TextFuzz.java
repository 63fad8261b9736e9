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

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Fuzz target: a text of the kernel, with any user's words in it, is parsed as a second, plain
 * parser does. No text makes the parser throw. As a description, no text changes the result for the
 * keys beside it.
 */
public final class TextFuzz {

    private static final String BEFORE =
            "00000005 I--Q---     1 perm 3f010000  1000  1000 user      ";
    private static final String AFTER =
            "00000006 I--Q---     1  59s 3f010000  1000  1000 user      b: 1\n";
    private static final KeyId KEY = KeyId.of(5);

    private TextFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        checkNumbers(text);
        checkRelease(text);
        checkEntries(text);
        checkDescription(text);
        ProcKeys.isPlain(text);
    }

    private static void check(String what, String text, Object expected, Object actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(
                    what + " '" + text + "' is " + expected + ", and parsed as " + actual);
        }
    }

    private static void checkNumbers(String text) {
        for (String word : text.split("[ ;\n]", -1)) {
            check("decimal", word, number(word, 10, "-?[0-9]{1,10}"), KernelText.decimal(word));
            check(
                    "hexadecimal",
                    word,
                    number(word, 16, "[0-9a-f]{1,8}"),
                    KernelText.hexadecimal(word));
        }
    }

    private static Integer number(String word, int radix, String pattern) {
        if (!word.matches(pattern)) {
            return null;
        }
        BigInteger number = new BigInteger(word, radix);
        return number.bitLength() > (number.signum() < 0 ? 31 : 32) ? null : number.intValue();
    }

    /** A release that cannot be parsed counts as a new one. */
    private static void checkRelease(String text) {
        int slots = Capacity.slots(65, 4096, text);
        if (slots != 96 && slots != 128) {
            throw new AssertionError("release '" + text + "': " + slots);
        }
    }

    private static void checkEntries(String text) {
        List<ProcKeys.Entry> expected = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            ProcKeys.Entry entry = reference(line);
            if (entry != null) {
                expected.add(entry);
            }
        }
        check("/proc/keys", text, expected, ProcKeys.parse(text));
        int lineBreaks = (int) text.chars().filter(c -> c == '\n').count();
        check(
                "described",
                text,
                List.of(new ProcKeys.Entry(KEY, "perm"), new ProcKeys.Entry(KeyId.of(6), "59s")),
                ProcKeys.parse(
                        BEFORE + text + ": 1\n" + AFTER, key -> key.equals(KEY) ? lineBreaks : 0));
        List<ProcKeys.Entry> beside = ProcKeys.parse(BEFORE + text + ": 1\n" + AFTER);
        check("beside", text, new ProcKeys.Entry(KEY, "perm"), beside.get(0));
        check(
                "beside",
                text,
                new ProcKeys.Entry(KeyId.of(6), "59s"),
                beside.get(beside.size() - 1));
    }

    /** Column by column, where the other has a pattern. */
    private static ProcKeys.Entry reference(String line) {
        int end = line.length();
        List<String> columns = new ArrayList<>();
        int at = 0;
        while (columns.size() < 7 && at < end) {
            int space = line.indexOf(' ', at);
            if (space < 0) {
                return null;
            }
            columns.add(line.substring(at, space));
            // The serial, the flags and the mask begin at once; a number is padded.
            boolean filled = List.of(2, 3, 5, 6).contains(columns.size());
            at = space + 1;
            while (filled && at < end && line.charAt(at) == ' ') {
                at++;
            }
        }
        if (columns.size() < 7 || at >= end || line.charAt(at) == ' ') {
            return null;
        }
        String timeout = columns.get(3);
        boolean entry =
                columns.get(0).matches("[0-7][0-9a-f]{7}")
                        && columns.get(1).matches("[A-Za-z-]+")
                        && columns.get(2).matches("-?[0-9]+")
                        && (timeout.equals("perm")
                                || timeout.equals("expd")
                                || timeout.matches("[0-9]+[smhdw]"))
                        && columns.get(4).matches("[0-9a-f]{8}")
                        && columns.get(5).matches("-?[0-9]+")
                        && columns.get(6).matches("-?[0-9]+");
        int serial = entry ? Integer.parseInt(columns.get(0), 16) : 0;
        return serial == 0 ? null : new ProcKeys.Entry(KeyId.of(serial), timeout);
    }

    private static void checkDescription(String text) {
        KeyDescription any = KeyDescription.parse(KEY, text);
        if (any != null && !any.key().equals(KEY)) {
            throw new AssertionError("description '" + text + "' is of " + any.key());
        }
        check(
                "description",
                text,
                new KeyDescription(KEY, "user", (int) 3846276768L, 99, 0x3f010000, text),
                KeyDescription.parse(KEY, "user;-448690528;99;3f010000;" + text));
    }
}
