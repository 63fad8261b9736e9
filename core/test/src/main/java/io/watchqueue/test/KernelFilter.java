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

import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.internal.Errno;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A filter as the kernel applies it: watch_queue_set_filter() and filter_watch_notification() of
 * kernel/watch_queue.c.
 */
final class KernelFilter {

    private static final int HEADER_LENGTH = 8;
    private static final int RULE_LENGTH = 44;
    private static final int SUBTYPE_WORDS = 8;
    private static final int MOST_RULES = 16;

    private record Rule(int type, int infoFilter, int infoMask, int subtypes) {}

    private final NotificationFilter asGiven;
    private final List<Rule> known;

    private KernelFilter(NotificationFilter asGiven, List<Rule> known) {
        this.asGiven = asGiven;
        this.known = known;
    }

    static KernelFilter parse(ByteBuffer bytes) {
        int count = bytes.getInt(0);
        if (count < 1 || count > MOST_RULES || bytes.getInt(4) != 0) {
            throw new KernelError(Errno.EINVAL);
        }
        List<Rule> known = new ArrayList<>();
        List<NotificationFilter.Rule> given = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = HEADER_LENGTH + i * RULE_LENGTH;
            int type = bytes.getInt(at);
            int filter = bytes.getInt(at + 4);
            int mask = bytes.getInt(at + 8);
            if ((filter & ~mask) != 0 || (mask & Messages.LENGTH_MASK) != 0) {
                throw new KernelError(Errno.EINVAL);
            }
            // The kernel ignores rules of other types, and all but the first word of subtypes.
            if (type == Notification.TYPE_META || type == Notification.TYPE_KEY) {
                known.add(new Rule(type, filter, mask, bytes.getInt(at + 12)));
            }
            given.add(
                    NotificationFilter.type(type, subtypes(bytes, at + 12)).withInfo(filter, mask));
        }
        return new KernelFilter(
                NotificationFilter.of(given.toArray(NotificationFilter.Rule[]::new)), known);
    }

    private static int[] subtypes(ByteBuffer bytes, int at) {
        return IntStream.range(0, SUBTYPE_WORDS * Integer.SIZE)
                .filter(
                        bit ->
                                (bytes.getInt(at + bit / Integer.SIZE * Integer.BYTES) & 1 << bit)
                                        != 0)
                .toArray();
    }

    boolean passes(byte[] message) {
        int type = Messages.type(message);
        int subtype = Messages.subtype(message);
        int info = Messages.info(message);
        for (Rule rule : known) {
            if (rule.type == type
                    && subtype < Integer.SIZE
                    && (rule.subtypes & 1 << subtype) != 0
                    && (info & rule.infoMask) == rule.infoFilter) {
                return true;
            }
        }
        return false;
    }

    /** The filter that was set, so that tests can compare it. */
    NotificationFilter asGiven() {
        return asGiven;
    }
}
