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

/**
 * One message of the kernel: struct watch_notification of include/uapi/linux/watch_queue.h and its
 * payload, see watch_queue(7), "MESSAGE STRUCTURE". Immutable, and independent of the queue it came
 * from.
 */
public sealed interface Notification
        permits KeyNotification, RemovalNotification, LossNotification, UnknownNotification {

    /** WATCH_TYPE_META: removals and losses, which no filter holds back. */
    int TYPE_META = 0;

    /** WATCH_TYPE_KEY_NOTIFY: a key changed. */
    int TYPE_KEY = 1;

    /**
     * Returns the general class of the message.
     *
     * @return {@link #TYPE_META}, {@link #TYPE_KEY}, or a type of a newer kernel; 24 bits, unsigned
     */
    int type();

    /**
     * Returns the kind of message within its type.
     *
     * @return 0 to 255
     */
    int subtype();

    /**
     * Returns the field that filters look at, see watch_queue(7).
     *
     * @return length in bytes (bits 0 to 6), tag (bits 8 to 15) and bits whose meaning depends on
     *     the type (16 to 31)
     */
    int info();

    /**
     * Returns the tag that was given when the watch was placed: WATCH_INFO_ID of watch_queue(7).
     *
     * @return 0 to 255; always 0 for a loss, which belongs to no watch
     */
    default int watchTag() {
        return info() >>> 8 & 0xff;
    }
}
