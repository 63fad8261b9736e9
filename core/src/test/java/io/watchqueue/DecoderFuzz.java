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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Fuzz target: the decoder decodes the bytes of a read, in both byte orders, as a second, plain
 * decoder does. For any bytes it returns notifications or throws the format error, and it never
 * looks past the end.
 */
public final class DecoderFuzz {

    private static final int BEHIND = 128;

    private DecoderFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        for (ByteOrder order : List.of(ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN)) {
            Decoded expected = reference(input, order);
            check(input, expected, decode(input, order, (byte) 0));
            check(input, expected, decode(input, order, (byte) 0xff));
        }
    }

    /** The notifications before the end, or before bytes that are not a notification. */
    private record Decoded(List<Notification> notifications, boolean failed) {}

    private static void check(byte[] input, Decoded expected, Decoded actual) {
        if (!Objects.equals(expected, actual)) {
            throw new AssertionError(
                    Arrays.toString(input) + " is " + expected + ", and decoded as " + actual);
        }
    }

    private static Decoded decode(byte[] input, ByteOrder order, byte after) {
        byte[] bytes = Arrays.copyOf(input, input.length + BEHIND);
        Arrays.fill(bytes, input.length, bytes.length, after);
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(order);
        List<Notification> all = new ArrayList<>();
        try {
            for (int at = 0; at < input.length; ) {
                long header = NotificationDecoder.header(buffer, at, input.length);
                int length = NotificationDecoder.length(header);
                all.add(NotificationDecoder.decode(buffer, at, header));
                at += length;
            }
            return new Decoded(all, false);
        } catch (NotificationFormatException e) {
            return new Decoded(all, true);
        }
    }

    /** Byte by byte, from include/uapi/linux/watch_queue.h. */
    private static Decoded reference(byte[] input, ByteOrder order) {
        boolean little = order == ByteOrder.LITTLE_ENDIAN;
        List<Notification> all = new ArrayList<>();
        for (int at = 0; at < input.length; ) {
            if (input.length - at < 8) {
                return new Decoded(all, true);
            }
            int type = (int) number(input, at, 3, little);
            int subtype = input[at + 3] & 0xff;
            int info = (int) number(input, at + 4, 4, little);
            int length = info & 0x7f;
            if (length < 8 || length > input.length - at) {
                return new Decoded(all, true);
            }
            int tag = info >>> 8 & 0xff;
            if (type == 1
                    && subtype < 8
                    && length == 16
                    && (int) number(input, at + 8, 4, little) > 0) {
                all.add(
                        new KeyNotification(
                                KeyEvent.values()[subtype],
                                (int) number(input, at + 8, 4, little),
                                (int) number(input, at + 12, 4, little),
                                tag,
                                info >>> 16));
            } else if (type == 0 && subtype == 0 && (length == 8 || length == 16)) {
                all.add(new RemovalNotification(number(input, at + 8, length - 8, little), tag));
            } else if (type == 0 && subtype == 1) {
                all.add(new LossNotification());
            } else {
                byte[] payload = Arrays.copyOfRange(input, at + 8, at + length);
                all.add(new UnknownNotification(type, subtype, info, payload));
            }
            at += length;
        }
        return new Decoded(all, false);
    }

    private static long number(byte[] bytes, int at, int length, boolean little) {
        long number = 0;
        for (int i = 0; i < length; i++) {
            number = number << 8 | bytes[little ? at + length - 1 - i : at + i] & 0xff;
        }
        return number;
    }
}
