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

import java.util.Objects;

/**
 * A watched key or keyring changed: struct key_notification of include/uapi/linux/watch_queue.h.
 *
 * @param event what happened
 * @param keyId the serial of the watched key
 * @param aux the serial of the other key for {@link KeyEvent#LINKED} and {@link KeyEvent#UNLINKED},
 *     the negated error number of a rejected {@link KeyEvent#INSTANTIATED}, otherwise 0
 * @param watchTag the tag of the watch, 0 to 255
 * @param typeInfo bits 16 to 31 of the message's info field, WATCH_INFO_TYPE_INFO; no kernel up to
 *     7.3 sets any
 */
public record KeyNotification(KeyEvent event, int keyId, int aux, int watchTag, int typeInfo)
        implements Notification {

    static final int LENGTH = 16;

    /**
     * Checks the parts.
     *
     * @param event what happened
     * @param keyId the serial of the watched key
     * @param aux the other key's serial, a negated error number, or 0
     * @param watchTag the tag of the watch, 0 to 255
     * @param typeInfo 0 to 65535
     * @throws IllegalArgumentException if the tag or the type info is out of range
     */
    public KeyNotification {
        Objects.requireNonNull(event, "event");
        Tags.check("KeyNotification", watchTag);
        if (typeInfo >>> 16 != 0) {
            throw new IllegalArgumentException(
                    "KeyNotification: typeInfo " + typeInfo + " is not from 0 to 65535");
        }
    }

    /**
     * A notification as kernels post it, without type info.
     *
     * @param event what happened
     * @param keyId the serial of the watched key
     * @param aux the other key's serial, or 0
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the tag is out of range
     */
    public KeyNotification(KeyEvent event, int keyId, int aux, int watchTag) {
        this(event, keyId, aux, watchTag, 0);
    }

    @Override
    public int type() {
        return TYPE_KEY;
    }

    @Override
    public int subtype() {
        return event.ordinal();
    }

    @Override
    public int info() {
        return LENGTH | watchTag << 8 | typeInfo << 16;
    }
}
