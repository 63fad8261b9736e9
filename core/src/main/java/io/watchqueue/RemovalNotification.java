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

import java.util.Optional;

/**
 * A watch is gone, because it was removed or because the watched key was destroyed; the kernel does
 * not say which. The last message of its watch. It can be lost like any other: after a loss, do not
 * wait for one.
 *
 * @param id the id of the source as the kernel has it, 64 bits: the serial of the key, see {@link
 *     #key()}; 0 if the message did not name its source, which the kernel's key code always does
 * @param watchTag the tag of the watch, 0 to 255
 */
public record RemovalNotification(long id, int watchTag) implements Notification {

    static final int SUBTYPE = 0;
    static final int SHORT_LENGTH = 8;
    static final int LONG_LENGTH = 16;

    /**
     * Checks the parts.
     *
     * @param id the serial of the key, or 0
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the tag is out of range
     */
    public RemovalNotification {
        Tags.check("RemovalNotification", watchTag);
    }

    /**
     * The removal of a key's watch.
     *
     * @param key the key
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the tag is out of range
     */
    public RemovalNotification(KeyId key, int watchTag) {
        this(key.value(), watchTag);
    }

    /**
     * Returns the key whose watch is gone.
     *
     * @return its serial; empty if the message did not name its source
     */
    public Optional<KeyId> key() {
        return id > 0 && id <= Integer.MAX_VALUE
                ? Optional.of(KeyId.of((int) id))
                : Optional.empty();
    }

    @Override
    public int type() {
        return TYPE_META;
    }

    @Override
    public int subtype() {
        return SUBTYPE;
    }

    @Override
    public int info() {
        return (id == 0 ? SHORT_LENGTH : LONG_LENGTH) | watchTag << 8;
    }
}
