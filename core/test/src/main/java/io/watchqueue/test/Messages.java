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
package io.watchqueue.test;

import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Encodes notifications as include/uapi/linux/watch_queue.h does, in this machine's byte order. */
final class Messages {

    static final int HEADER_LENGTH = 8;
    static final int LENGTH_MASK = 0x7f;
    static final int TAG_SHIFT = 8;

    private static final int REMOVAL = 0;
    private static final int LOSS = 1;
    private static final int KEY_LENGTH = 16;
    private static final int REMOVAL_LENGTH = 16;

    private Messages() {}

    static byte[] key(int subtype, int key, int aux, int tag) {
        return message(
                Notification.TYPE_KEY,
                subtype,
                KEY_LENGTH | tag << TAG_SHIFT,
                bytes(8).putInt(key).putInt(aux));
    }

    static byte[] removal(long id, int tag) {
        return message(
                Notification.TYPE_META,
                REMOVAL,
                REMOVAL_LENGTH | tag << TAG_SHIFT,
                bytes(8).putLong(id));
    }

    static byte[] loss() {
        return message(Notification.TYPE_META, LOSS, HEADER_LENGTH, bytes(0));
    }

    static byte[] of(Notification notification) {
        ByteBuffer payload;
        if (notification instanceof KeyNotification key) {
            payload = bytes(8).putInt(key.serial()).putInt(key.aux());
        } else if (notification instanceof RemovalNotification removal) {
            payload = removal.id() == 0 ? bytes(0) : bytes(8).putLong(removal.id());
        } else if (notification instanceof UnknownNotification unknown) {
            payload = ByteBuffer.wrap(unknown.payload());
        } else {
            throw new IllegalArgumentException(
                    "post a notification: "
                            + notification
                            + " is not queued as a message; use postLoss() for a "
                            + LossNotification.class.getSimpleName());
        }
        return message(notification.type(), notification.subtype(), notification.info(), payload);
    }

    /** Any message; whether the length in {@code info} is right is not checked. */
    static byte[] message(int type, int subtype, int info, ByteBuffer payload) {
        payload.rewind();
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return bytes(HEADER_LENGTH + payload.remaining())
                .putInt(little ? subtype << 24 | type : type << 8 | subtype)
                .putInt(info)
                .put(payload)
                .array();
    }

    static int type(byte[] message) {
        int word = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).getInt(0);
        return ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? word & 0xffffff : word >>> 8;
    }

    static int subtype(byte[] message) {
        return message[3] & 0xff;
    }

    static int info(byte[] message) {
        return ByteBuffer.wrap(message).order(ByteOrder.nativeOrder()).getInt(4);
    }

    private static ByteBuffer bytes(int length) {
        return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
    }
}
