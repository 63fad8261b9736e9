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

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Bytes to notifications; a pure function. The layout is that of include/uapi/linux/watch_queue.h:
 * {@code u32 type:24, subtype:8; u32 info}, then the payload. Bit-fields start at the lowest bit on
 * little-endian machines and at the highest on big-endian ones, which puts the subtype at byte 3 on
 * both.
 */
final class NotificationDecoder {

    static final int HEADER_LENGTH = 8;
    static final int MAX_LENGTH = 127;

    private static final int INFO_OFFSET = 4;
    private static final int SUBTYPE_OFFSET = 3;
    private static final int KEY_ID_OFFSET = 8;
    private static final int AUX_OFFSET = 12;
    private static final int REMOVAL_ID_OFFSET = 8;

    private NotificationDecoder() {}

    /**
     * Returns the length of the message that starts at {@code at}.
     *
     * @throws NotificationFormatException if what is there, up to {@code end}, is no whole message
     */
    static int length(ByteBuffer bytes, int at, int end) {
        int available = end - at;
        if (available < HEADER_LENGTH) {
            throw new NotificationFormatException(
                    available + " bytes are left, fewer than a header's " + HEADER_LENGTH);
        }
        int length = bytes.getInt(at + INFO_OFFSET) & MAX_LENGTH;
        if (length < HEADER_LENGTH || length > available) {
            throw new NotificationFormatException(
                    "a message claims "
                            + length
                            + " bytes; it must have from "
                            + HEADER_LENGTH
                            + " to the "
                            + available
                            + " that are there");
        }
        return length;
    }

    /**
     * Decodes the message of that length, as {@link #length} returned it, that starts at {@code
     * at}.
     */
    static Notification decode(ByteBuffer bytes, int at, int length) {
        int word = bytes.getInt(at);
        int info = bytes.getInt(at + INFO_OFFSET);
        int type = bytes.order() == ByteOrder.LITTLE_ENDIAN ? word & 0xffffff : word >>> 8;
        int subtype = bytes.get(at + SUBTYPE_OFFSET) & 0xff;
        int tag = info >>> 8 & 0xff;

        if (type == Notification.TYPE_KEY && length == KeyNotification.LENGTH) {
            KeyEvent event = KeyEvent.ofSubtype(subtype);
            if (event != null) {
                return new KeyNotification(
                        event,
                        bytes.getInt(at + KEY_ID_OFFSET),
                        bytes.getInt(at + AUX_OFFSET),
                        tag,
                        info >>> 16);
            }
        } else if (type == Notification.TYPE_META) {
            if (subtype == LossNotification.SUBTYPE) {
                return LossNotification.OF_THE_KERNEL;
            }
            if (subtype == RemovalNotification.SUBTYPE
                    && length == RemovalNotification.LONG_LENGTH) {
                return new RemovalNotification(bytes.getLong(at + REMOVAL_ID_OFFSET), tag);
            }
            if (subtype == RemovalNotification.SUBTYPE
                    && length == RemovalNotification.SHORT_LENGTH) {
                return new RemovalNotification(0, tag);
            }
        }
        byte[] payload = new byte[length - HEADER_LENGTH];
        bytes.get(at + HEADER_LENGTH, payload);
        return new UnknownNotification(type, subtype, info, payload);
    }
}
