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

import java.util.HashMap;
import java.util.Map;

/** When keys expire, in the words that the page shows. */
final class KeyExpiries {

    private KeyExpiries() {}

    /** The expiries of all keys that this process may view; empty without /proc/keys. */
    static Map<Integer, String> now(Keyctl keys) {
        return words(keys.timeouts());
    }

    static Map<Integer, String> words(Map<KeyId, String> timeouts) {
        Map<Integer, String> expiries = new HashMap<>();
        timeouts.forEach((key, timeout) -> expiries.put(key.value(), words(timeout)));
        return expiries;
    }

    private static String words(String timeout) {
        return switch (timeout) {
            case "perm" -> "never";
            case "expd" -> "expired";
            default -> timeout;
        };
    }
}
