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
import java.util.Optional;

/**
 * A watched key or keyring changed: struct key_notification of include/uapi/linux/watch_queue.h.
 *
 * @param event what happened
 * @param serial the serial of the watched key, positive, see {@link #key()}
 * @param aux the header's field of that name: the serial of the other key for {@link
 *     KeyEvent#LINKED} and {@link KeyEvent#UNLINKED}, see {@link #linkedKey()}; the negated error
 *     number of a rejected {@link KeyEvent#INSTANTIATED}; otherwise 0
 * @param watchTag the tag of the watch, 0 to 255
 * @param typeInfo bits 16 to 31 of the message's info field, WATCH_INFO_TYPE_INFO; no kernel up to
 *     7.3 sets any
 */
public record KeyNotification(KeyEvent event, int serial, int aux, int watchTag, int typeInfo)
        implements Notification {

    static final int LENGTH = 16;

    /**
     * Checks the parts.
     *
     * @param event what happened
     * @param serial the serial of the watched key, positive
     * @param aux the other key's serial, a negated error number, or 0
     * @param watchTag the tag of the watch, 0 to 255
     * @param typeInfo 0 to 65535
     * @throws IllegalArgumentException if the serial, the tag or the type info is out of range
     */
    public KeyNotification {
        Objects.requireNonNull(event, "event");
        if (serial < 1) {
            throw new IllegalArgumentException(
                    "KeyNotification: serial " + serial + " is not positive, as those of keys are");
        }
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
     * @param serial the serial of the watched key, positive
     * @param aux the other key's serial, a negated error number, or 0
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the serial or the tag is out of range
     */
    public KeyNotification(KeyEvent event, int serial, int aux, int watchTag) {
        this(event, serial, aux, watchTag, 0);
    }

    /**
     * A notification of an event that concerns one key.
     *
     * @param event what happened
     * @param key the watched key
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the key is a special one, or the tag is out of range
     */
    public KeyNotification(KeyEvent event, KeyId key, int watchTag) {
        this(event, key.value(), 0, watchTag, 0);
    }

    /**
     * A notification of a link: {@link KeyEvent#LINKED} or {@link KeyEvent#UNLINKED}.
     *
     * @param event what happened
     * @param keyring the watched keyring
     * @param linkedKey the key that was linked or unlinked
     * @param watchTag the tag of the watch, 0 to 255
     * @throws IllegalArgumentException if the keyring is a special one, or the tag is out of range
     */
    public KeyNotification(KeyEvent event, KeyId keyring, KeyId linkedKey, int watchTag) {
        this(event, keyring.value(), linkedKey.value(), watchTag, 0);
    }

    /**
     * Returns the watched key.
     *
     * @return its serial, as the operations of {@link Keyctl} take it
     */
    public KeyId key() {
        return KeyId.of(serial);
    }

    /**
     * Returns the key that was linked to the watched keyring, or unlinked from it.
     *
     * @return its serial for {@link KeyEvent#LINKED} and {@link KeyEvent#UNLINKED}; empty for all
     *     other events
     */
    public Optional<KeyId> linkedKey() {
        return (event == KeyEvent.LINKED || event == KeyEvent.UNLINKED) && aux > 0
                ? Optional.of(KeyId.of(aux))
                : Optional.empty();
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
