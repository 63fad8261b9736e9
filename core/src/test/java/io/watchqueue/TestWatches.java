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

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.internal.TestProcess;

import java.util.ArrayList;
import java.util.List;

/** The number of watches of a user. The kernel does not show it, but enforces a limit. */
public final class TestWatches {

    private static final int LIMIT = 150;

    private TestWatches() {}

    /** More keys than this user may watch where {@link #thatFit} looks. */
    public static List<KeyId> keys(Keyctl keys, KeyId keyring) {
        List<KeyId> many = new ArrayList<>();
        for (int i = 0; i <= LIMIT; i++) {
            many.add(keys.add("user", "watched " + i, new byte[] {1}, keyring));
        }
        return many;
    }

    /** The number of watches that this user may still place under a certain limit. */
    public static long thatFit(List<KeyId> many) throws Exception {
        long[] placed = new long[1];
        TestProcess.withOpenFiles(
                LIMIT,
                () -> {
                    try (WatchQueue queue = WatchQueue.open()) {
                        assertThatThrownBy(
                                        () ->
                                                many.forEach(
                                                        key -> {
                                                            queue.watch(key, 1);
                                                            placed[0]++;
                                                        }))
                                .isInstanceOf(ResourceLimitException.class);
                    }
                });
        return placed[0];
    }
}
