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
import java.util.Objects;

/**
 * Decodes bytes into notifications; a pure function. The layout is that of
 * include/uapi/linux/watch_queue.h: {@code u32 type:24, subtype:8; u32 info}, then the payload.
 * Bit-fields start at the lowest bit on little-endian machines and at the highest on big-endian
 * ones.
 */
final class NotificationDecoder {

    private static final int PAYLOAD_OFFSET = MessageHeader.LENGTH;

    private NotificationDecoder() {}

    /**
     * Reads the header of the message that starts at {@code at}.
     *
     * @throws NotificationFormatException if the bytes up to {@code end} are not a whole message
     */
    static long header(ByteBuffer bytes, int at, int end) {
        int available = end - at;
        if (available < MessageHeader.LENGTH) {
            throw new NotificationFormatException(
                    available + " bytes are left, fewer than a header's " + MessageHeader.LENGTH);
        }
        long header = words(bytes, at);
        int length = length(header);
        if (length < MessageHeader.LENGTH || length > available) {
            throw new NotificationFormatException(
                    "a message claims "
                            + length
                            + " bytes; it must have from "
                            + MessageHeader.LENGTH
                            + " to the "
                            + available
                            + " that are there");
        }
        return header;
    }

    /** Returns the length of the message with that header, the header included. */
    static int length(long header) {
        return info(header) & MessageHeader.MAX_MESSAGE_LENGTH;
    }

    private static int info(long header) {
        return (int) (header >>> 32);
    }

    private static int type(ByteBuffer bytes, long header) {
        int word = (int) header;
        return bytes.order() == ByteOrder.LITTLE_ENDIAN ? word & 0xffffff : word >>> 8;
    }

    private static int subtype(ByteBuffer bytes, long header) {
        int word = (int) header;
        return bytes.order() == ByteOrder.LITTLE_ENDIAN ? word >>> 24 : word & 0xff;
    }

    /**
     * Decodes the message with that header, as {@link #header} returned it, that starts at {@code
     * at}.
     */
    static Notification decode(ByteBuffer bytes, int at, long header) {
        return isKeyChange(bytes, at, header)
                ? decodeKeyChange(bytes, at, header)
                : decodeOther(bytes, at, header);
    }

    /** Returns whether {@link #decodeKeyChange} decodes it; otherwise {@link #decodeOther} does. */
    static boolean isKeyChange(ByteBuffer bytes, int at, long header) {
        return type(bytes, header) == Notification.TYPE_KEY
                && length(header) == KeyNotification.LENGTH
                && KeyEvent.ofSubtype(subtype(bytes, header)) != null
                && (int) words(bytes, at + PAYLOAD_OFFSET) > 0;
    }

    static KeyNotification decodeKeyChange(ByteBuffer bytes, int at, long header) {
        KeyEvent event = Objects.requireNonNull(KeyEvent.ofSubtype(subtype(bytes, header)));
        long payload = words(bytes, at + PAYLOAD_OFFSET);
        int info = info(header);
        return new KeyNotification(
                event, (int) payload, (int) (payload >>> 32), info >>> 8 & 0xff, info >>> 16);
    }

    static Notification decodeOther(ByteBuffer bytes, int at, long header) {
        int type = type(bytes, header);
        int subtype = subtype(bytes, header);
        int info = info(header);
        int length = length(header);
        if (type == Notification.TYPE_META) {
            int tag = info >>> 8 & 0xff;
            if (subtype == LossNotification.SUBTYPE) {
                return LossNotification.OF_THE_KERNEL;
            }
            if (subtype == RemovalNotification.SUBTYPE
                    && length == RemovalNotification.LONG_LENGTH) {
                return new RemovalNotification(bytes.getLong(at + PAYLOAD_OFFSET), tag);
            }
            if (subtype == RemovalNotification.SUBTYPE
                    && length == RemovalNotification.SHORT_LENGTH) {
                return new RemovalNotification(0, tag);
            }
        }
        byte[] payload = new byte[length - MessageHeader.LENGTH];
        bytes.get(at + PAYLOAD_OFFSET, payload);
        return new UnknownNotification(type, subtype, info, payload);
    }

    /** Two 32-bit words by one read: the first in the lower half. */
    private static long words(ByteBuffer bytes, int at) {
        long both = bytes.getLong(at);
        return bytes.order() == ByteOrder.LITTLE_ENDIAN ? both : Long.rotateLeft(both, 32);
    }
}
