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
package io.watchqueue.test;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The errors that each system call can return, from native-errors.txt, with their outcomes. */
public final class NativeErrors {

    public static final String RETRIED = "retried";
    public static final String ANSWERED = "answered";
    public static final String IGNORED = "ignored";

    private NativeErrors() {}

    /** One error of one call. */
    public record NativeError(NativeCall call, String errno, String outcome, String source) {

        /** Whether its outcome is an exception. */
        public boolean isThrown() {
            return !List.of(RETRIED, ANSWERED, IGNORED).contains(outcome);
        }

        /** Such as "read: EIO". */
        public String displayName() {
            return call.name().toLowerCase(Locale.ROOT).replace('_', ' ') + ": " + errno;
        }
    }

    /** All of them, in the order of the file. */
    public static List<NativeError> all() {
        List<NativeError> all = new ArrayList<>();
        for (String line : text().lines().filter(one -> !one.startsWith("#")).toList()) {
            String[] fields = line.split(" \\| ", -1);
            for (String errno : fields[2].split(" ", -1)) {
                all.add(
                        new NativeError(
                                NativeCall.valueOf(fields[0]), errno, fields[1], fields[3]));
            }
        }
        return all;
    }

    private static String text() {
        try (InputStream file = NativeErrors.class.getResourceAsStream("native-errors.txt")) {
            return new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
