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

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A message that this library has no type for: a newer kernel's type or subtype, or a known one of
 * another length. Nothing is dropped, nothing is guessed.
 */
public final class UnknownNotification implements Notification {

    private final int type;
    private final int subtype;
    private final int info;
    private final byte[] payload;

    /**
     * Creates a notification.
     *
     * @param type the type, 24 bits, unsigned
     * @param subtype the subtype, 0 to 255
     * @param info the info field, whose bits 0 to 6 are the length of header and payload
     * @param payload the bytes after the 8-byte header, 0 to 119, in the machine's byte order;
     *     copied
     * @throws IllegalArgumentException if a part is out of range, or the length is not that of the
     *     payload
     */
    public UnknownNotification(int type, int subtype, int info, byte[] payload) {
        if (type >>> 24 != 0) {
            throw new IllegalArgumentException(
                    "UnknownNotification: type " + type + " is not from 0 to 16777215");
        }
        if (subtype >>> 8 != 0) {
            throw new IllegalArgumentException(
                    "UnknownNotification: subtype " + subtype + " is not from 0 to 255");
        }
        int length = info & MessageHeader.MAX_MESSAGE_LENGTH;
        if (length != MessageHeader.LENGTH + payload.length) {
            throw new IllegalArgumentException(
                    "UnknownNotification: the info field says "
                            + length
                            + " bytes, but header and payload have "
                            + (MessageHeader.LENGTH + payload.length));
        }
        this.type = type;
        this.subtype = subtype;
        this.info = info;
        this.payload = payload.clone();
    }

    @Override
    public int type() {
        return type;
    }

    @Override
    public int subtype() {
        return subtype;
    }

    @Override
    public int info() {
        return info;
    }

    /**
     * Returns the bytes after the header.
     *
     * @return 0 to 119 bytes, in the machine's byte order; a copy
     */
    public byte[] payload() {
        return payload.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UnknownNotification that
                && type == that.type
                && subtype == that.subtype
                && info == that.info
                && Arrays.equals(payload, that.payload);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * (31 * type + subtype) + info) + Arrays.hashCode(payload);
    }

    @Override
    public String toString() {
        return "UnknownNotification[type="
                + type
                + ", subtype="
                + subtype
                + ", info=0x"
                + HexFormat.of().toHexDigits(info)
                + ", payload="
                + HexFormat.of().formatHex(payload)
                + "]";
    }
}
