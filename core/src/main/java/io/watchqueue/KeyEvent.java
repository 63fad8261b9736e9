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

/**
 * The kind of a change of a watched key: enum key_notification_subtype of
 * include/uapi/linux/watch_queue.h, in its order, so that {@link #ordinal()} is the subtype. Each
 * is posted after the change. Nothing is posted when a key expires, when the garbage collector
 * takes a dead key out of a keyring, or when a new key displaces one of the same type and
 * description.
 */
public enum KeyEvent {

    /**
     * The key was instantiated or, with a negated error number in {@code aux}, rejected.
     * Practically never seen: a key cannot be watched before.
     */
    INSTANTIATED,

    /**
     * The payload was replaced, by KEYCTL_UPDATE or by add_key(2) of the same type and description.
     */
    UPDATED,

    /**
     * A key, whose serial is in {@code aux}, was linked into the watched keyring, even if it was
     * there already.
     */
    LINKED,

    /**
     * A key, whose serial is in {@code aux}, was unlinked from the watched keyring or moved out of
     * it.
     */
    UNLINKED,

    /** The watched keyring was emptied; no {@link #UNLINKED} comes for its members. */
    CLEARED,

    /** The key was revoked, for the first time. This empties a keyring, without a further event. */
    REVOKED,

    /** The key was invalidated. Its {@linkplain RemovalNotification removal} follows. */
    INVALIDATED,

    /** Owner, group, permissions, timeout or restriction were set, even to the same value. */
    SETATTR;

    private static final KeyEvent[] BY_SUBTYPE = values();

    /**
     * Returns the event of a subtype.
     *
     * @param subtype the subtype of a notification of type {@link Notification#TYPE_KEY}, 0 to 255
     * @return the event, or null if this library does not know that number
     */
    public static @Nullable KeyEvent ofSubtype(int subtype) {
        return subtype >= 0 && subtype < BY_SUBTYPE.length ? BY_SUBTYPE[subtype] : null;
    }
}
