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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** When keys expire, of which keyctl(2) tells nothing: the fourth column of /proc/keys. */
final class KeyExpiries {

    private static final int SERIAL = 0;
    private static final int EXPIRY = 3;
    private static final int COLUMNS = 9;

    private KeyExpiries() {}

    /** What is known now, of the keys that this process may view; nothing without /proc/keys. */
    static Map<Integer, String> now() {
        // A description may be of any bytes.
        try (Stream<String> lines =
                Files.lines(Path.of("/proc/keys"), StandardCharsets.ISO_8859_1)) {
            return parse(lines);
        } catch (NoSuchFileException e) {
            return Map.of();
        } catch (IOException e) {
            throw new UncheckedIOException("read /proc/keys", e);
        }
    }

    static Map<Integer, String> parse(Stream<String> lines) {
        return lines.map(line -> line.trim().split(" +", COLUMNS))
                .collect(
                        Collectors.toMap(
                                columns -> Integer.parseUnsignedInt(columns[SERIAL], 16),
                                columns -> words(columns[EXPIRY]),
                                (first, again) -> again));
    }

    private static String words(String column) {
        return switch (column) {
            case "perm" -> "never";
            case "expd" -> "expired";
            default -> column;
        };
    }
}
