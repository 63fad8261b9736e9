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

/**
 * Fuzz target: a filter that can be built is one that the kernel takes, and one that cannot be is
 * one that it refuses; and the predicate passes a notification if a second parser of the filter's
 * bytes does.
 */
public final class FilterFuzz {

    private static final int MOST_RULES = 20;
    private static final int SPARE_BIT = 0x80; // of info, which no kernel sets

    private FilterFuzz() {}

    /**
     * Called by the fuzzer: a byte holds the number of rules; the bytes after the rules are
     * filtered.
     */
    public static void fuzzerTestOneInput(byte[] input) {
        ByteBuffer bytes = ByteBuffer.wrap(Arrays.copyOf(input, Math.max(input.length, 1)));
        int count = (bytes.get() & 0xff) % MOST_RULES;
        boolean refused = count == 0 || count > 16;
        List<NotificationFilter.Rule> rules = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int type = word(bytes) & 0x1ffffff;
            int subtype = word(bytes) % 300;
            int another = word(bytes) % 300;
            int filter = word(bytes);
            int mask = word(bytes);
            boolean wrong =
                    type > 0xffffff
                            || subtype < 0
                            || subtype > 255
                            || another < 0
                            || another > 255
                            || (filter & ~mask) != 0
                            || (mask & 0x7f) != 0;
            NotificationFilter.Rule rule = rule(type, subtype, another, filter, mask);
            if (wrong != (rule == null)) {
                throw new AssertionError(
                        "refused: " + (rule == null) + ", and not right: " + wrong);
            }
            if (rule == null) {
                return;
            }
            rules.add(rule);
        }
        NotificationFilter filter = filter(rules);
        if (refused != (filter == null)) {
            throw new AssertionError(count + " rules: refused: " + (filter == null));
        }
        if (filter != null) {
            compare(filter, bytes);
        }
    }

    private static NotificationFilter.Rule rule(
            int type, int subtype, int another, int filter, int mask) {
        try {
            return NotificationFilter.type(type, subtype, another).withInfo(filter, mask);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static NotificationFilter filter(List<NotificationFilter.Rule> rules) {
        try {
            return NotificationFilter.of(rules.toArray(NotificationFilter.Rule[]::new));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static void compare(NotificationFilter filter, ByteBuffer messages) {
        ByteBuffer encoded = NotificationFilterTests.encoded(filter, ByteOrder.nativeOrder());
        do {
            int type = word(messages) & 3;
            int subtype = word(messages) & 0xff;
            int info = word(messages) & ~SPARE_BIT & ~0x7f | 16;
            Notification notification = notification(type, subtype, info);
            boolean expected = type == 0 || passes(encoded, type, subtype, info);
            if (filter.test(notification) != expected) {
                throw new AssertionError(
                        filter + ": " + notification + " should pass: " + expected);
            }
        } while (messages.hasRemaining());
    }

    private static Notification notification(int type, int subtype, int info) {
        boolean little = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        ByteBuffer bytes = ByteBuffer.allocate(16).order(ByteOrder.nativeOrder());
        bytes.putInt(0, little ? subtype << 24 | type : type << 8 | subtype).putInt(4, info);
        return NotificationDecoder.decode(bytes, 0, NotificationDecoder.header(bytes, 0, 16));
    }

    /** filter_watch_notification() of kernel/watch_queue.c, on the bytes of a filter. */
    private static boolean passes(ByteBuffer filter, int type, int subtype, int info) {
        int count = filter.getInt(0);
        if (filter.getInt(4) != 0 || filter.capacity() != 8 + 44 * count) {
            throw new AssertionError("no struct watch_notification_filter");
        }
        boolean passes = false;
        for (int at = 8; at < filter.capacity(); at += 44) {
            boolean ofType = filter.getInt(at) == type;
            boolean ofSubtype = subtype < 32 && (filter.getInt(at + 12) >>> subtype & 1) == 1;
            boolean ofInfo = (info & filter.getInt(at + 8)) == filter.getInt(at + 4);
            passes |= ofType && ofSubtype && ofInfo;
        }
        return passes;
    }

    /** The next four bytes, or zeros where there are none. */
    private static int word(ByteBuffer bytes) {
        int word = 0;
        for (int i = 0; i < Integer.BYTES; i++) {
            word = word << 8 | (bytes.hasRemaining() ? bytes.get() & 0xff : 0);
        }
        return word;
    }
}
