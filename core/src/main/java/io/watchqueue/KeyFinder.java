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

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.Kernel;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * The key of a name, and when keys expire, for which keyctl(2) has no calls. The answers come from
 * the keyrings of the calling thread and from /proc/keys, where other users can imitate entries.
 */
final class KeyFinder {

    /** The keyrings that lead to the keys that a thread possesses: search_cred_keyrings_rcu(). */
    static final List<KeyId> POSSESSED = List.of(Keyring.THREAD, Keyring.PROCESS, Keyring.SESSION);

    /** Errors of a search that finds no usable key. */
    static final Set<Integer> NOT_THERE =
            Set.of(
                    Errno.ENOKEY,
                    Errno.EACCES,
                    Errno.EKEYREVOKED,
                    Errno.EKEYEXPIRED,
                    Errno.EKEYREJECTED);

    private static final int NO_DESTINATION = 0;

    private final Kernel kernel;
    private final Function<KeyId, KeyDescription> describe;

    /**
     * Creates a finder.
     *
     * @param describe describes a key by its serial, one character a byte
     */
    KeyFinder(Kernel kernel, Function<KeyId, KeyDescription> describe) {
        this.kernel = kernel;
        this.describe = describe;
    }

    /** See {@link Keyctl#find}. */
    KeyId find(String type, String description) {
        String operation = "find key %" + type + ":" + description;
        for (KeyId keyring : POSSESSED) {
            int found =
                    Interrupted.retry(
                            () ->
                                    kernel.searchKey(
                                            keyring.value(), type, description, NO_DESTINATION));
            if (found > 0) {
                return KeyId.of(found);
            }
            if (!NOT_THERE.contains(-found)) {
                throw Failures.key(operation, -found);
            }
        }
        return findVisible(operation, type, description);
    }

    private KeyId findVisible(String operation, String type, String description) {
        String text = kernel.procKeys();
        Set<KeyId> visible = new LinkedHashSet<>();
        if (text != null) {
            ProcKeys.parse(text).forEach(entry -> visible.add(entry.key()));
        }
        if (visible.isEmpty()) {
            throw Failures.masked(operation);
        }
        // Byte for byte: a description need not be UTF-8, and one that is not must equal no text.
        String bytes = new String(description.getBytes(UTF_8), ISO_8859_1);
        KeyDescription others = null;
        for (KeyId key : visible) {
            try {
                // No entry is trusted: the kernel describes the key.
                KeyDescription candidate = describe.apply(key);
                if (candidate.type().equals(type) && candidate.description().equals(bytes)) {
                    // Any user can create a key of any name, and show it to all.
                    if (candidate.uid() == kernel.userId()) {
                        return key;
                    }
                    others = others == null ? candidate : others;
                }
            } catch (KeyUnavailableException | KeyPermissionException e) {
                // It was destroyed or hidden after the list was read, so it is not the one.
            }
        }
        if (others != null) {
            throw new ForeignKeyException(operation, others);
        }
        throw Failures.key(operation, Errno.ENOKEY);
    }

    /** See {@link Keyctl#timeouts}. */
    Map<KeyId, String> timeouts() {
        String text = kernel.procKeys();
        if (text == null) {
            return Map.of();
        }
        Map<KeyId, Set<String>> claims = new HashMap<>();
        boolean plain = ProcKeys.isPlain(text);
        for (ProcKeys.Entry entry :
                ProcKeys.parse(text, key -> plain ? 0 : lineBreaksInDescription(key))) {
            claims.computeIfAbsent(entry.key(), key -> new HashSet<>()).add(entry.timeout());
        }
        Map<KeyId, String> timeouts = new HashMap<>();
        claims.forEach(
                (key, claimed) -> {
                    if (claimed.size() == 1) {
                        timeouts.put(key, claimed.iterator().next());
                    }
                });
        return timeouts;
    }

    private int lineBreaksInDescription(KeyId key) {
        try {
            String description = describe.apply(key).description();
            return (int) description.chars().filter(c -> c == '\n').count();
        } catch (WatchQueueException e) {
            return 0;
        }
    }
}
