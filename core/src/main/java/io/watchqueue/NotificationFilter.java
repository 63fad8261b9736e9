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

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * A filter of notifications: struct watch_notification_filter of watch_queue(7), and at the same
 * time a predicate with the kernel's verdict. A notification passes if one of up to 16 rules lets
 * it pass. Removals and losses always pass.
 *
 * <pre>{@code
 * NotificationFilter.of(
 *         NotificationFilter.events(KeyEvent.UPDATED, KeyEvent.REVOKED),
 *         NotificationFilter.events(KeyEvent.LINKED).withTag(7));
 * }</pre>
 */
public final class NotificationFilter implements Predicate<Notification> {

    /** The number of rules that the kernel takes. */
    public static final int MAX_RULES = 16;

    private static final int HEADER_LENGTH = 8;
    private static final int RULE_LENGTH = 44;
    private static final int TAG_MASK = 0xff00;

    private final List<Rule> rules;

    private NotificationFilter(List<Rule> rules) {
        this.rules = rules;
    }

    /**
     * Makes a filter.
     *
     * @param rules 1 to 16 rules, one of which must let a notification pass
     * @return the filter
     * @throws IllegalArgumentException if there are none, or too many
     */
    public static NotificationFilter of(Rule... rules) {
        if (rules.length == 0 || rules.length > MAX_RULES) {
            throw new IllegalArgumentException(
                    "NotificationFilter: "
                            + rules.length
                            + " rules; the kernel takes from 1 to "
                            + MAX_RULES
                            + ". To let everything pass, set no filter.");
        }
        return new NotificationFilter(List.of(rules));
    }

    /**
     * A rule that lets key notifications pass.
     *
     * @param events the events that pass; none named means all
     * @return the rule
     */
    public static Rule events(KeyEvent... events) {
        Set<KeyEvent> passing =
                events.length == 0
                        ? EnumSet.allOf(KeyEvent.class)
                        : EnumSet.copyOf(Arrays.asList(events));
        return type(Notification.TYPE_KEY, passing.stream().mapToInt(KeyEvent::ordinal).toArray());
    }

    /**
     * A rule by numbers, for notifications of newer kernels.
     *
     * @param type the type that passes, 24 bits, unsigned; a kernel ignores rules for types that it
     *     does not know; if no other rule is left, nothing passes
     * @param subtypes the subtypes that pass, 0 to 255; kernels look at 0 to 31 only
     * @return the rule
     * @throws IllegalArgumentException if a number is out of range, or no subtype is named
     */
    public static Rule type(int type, int... subtypes) {
        if (type >>> 24 != 0) {
            throw new IllegalArgumentException(
                    "NotificationFilter: type " + type + " is not from 0 to 16777215");
        }
        if (subtypes.length == 0) {
            throw new IllegalArgumentException(
                    "NotificationFilter: a rule for type "
                            + type
                            + " without subtypes would let nothing pass; name those that are to pass");
        }
        BitSet passing = new BitSet();
        for (int subtype : subtypes) {
            if (subtype < 0 || subtype > 255) {
                throw new IllegalArgumentException(
                        "NotificationFilter: subtype " + subtype + " is not from 0 to 255");
            }
            passing.set(subtype);
        }
        return new Rule(type, passing, 0, 0);
    }

    /**
     * Returns the rules.
     *
     * @return 1 to 16 rules; cannot be changed
     */
    public List<Rule> rules() {
        return Collections.unmodifiableList(rules);
    }

    /**
     * Reports rules that can let nothing pass on kernels up to 7.3. The kernel accepts them without
     * an error.
     *
     * @return a sentence for each such rule that says why; empty if all rules have an effect
     */
    public List<String> ineffectiveRules() {
        List<String> reasons = new ArrayList<>();
        for (Rule rule : rules) {
            String reason = rule.whyWithoutEffect();
            if (reason != null) {
                reasons.add("\"" + rule + "\" " + reason);
            }
        }
        return reasons;
    }

    /**
     * Returns the kernel's verdict.
     *
     * @param notification a notification
     * @return true if it is a removal or a loss, or a rule lets it pass
     */
    @Override
    public boolean test(Notification notification) {
        if (notification.type() == Notification.TYPE_META) {
            return true;
        }
        for (Rule rule : rules) {
            if (rule.matches(notification)) {
                return true;
            }
        }
        return false;
    }

    /** The number of bytes that {@link #encode} writes. */
    int encodedLength() {
        return HEADER_LENGTH + RULE_LENGTH * rules.size();
    }

    /**
     * Writes the kernel's form of it: u32 nr_filters, u32 reserved, then 44 bytes a rule.
     *
     * @param bytes zeros, of {@link #encodedLength}, in the byte order that is wanted
     */
    void encode(ByteBuffer bytes) {
        bytes.putInt(0, rules.size());
        for (int i = 0; i < rules.size(); i++) {
            Rule rule = rules.get(i);
            int at = HEADER_LENGTH + i * RULE_LENGTH;
            bytes.putInt(at, rule.type)
                    .putInt(at + 4, rule.infoFilter)
                    .putInt(at + 8, rule.infoMask);
            rule.subtypes.stream()
                    .forEach(
                            subtype -> {
                                int word = at + 12 + subtype / Integer.SIZE * Integer.BYTES;
                                bytes.putInt(word, bytes.getInt(word) | 1 << subtype);
                            });
        }
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof NotificationFilter that && rules.equals(that.rules);
    }

    @Override
    public int hashCode() {
        return rules.hashCode();
    }

    /**
     * Describes the notifications that pass.
     *
     * @return such as {@code "UPDATED or REVOKED of any tag; LINKED of tag 7"}
     */
    @Override
    public String toString() {
        return rules.stream().map(Rule::toString).collect(Collectors.joining("; "));
    }

    /**
     * One condition of a filter: struct watch_notification_type_filter of watch_queue(7).
     * Immutable.
     */
    public static final class Rule {

        /** The number of subtypes in struct watch_type_filter's only word, kernel/watch_queue.c. */
        private static final int KNOWN_SUBTYPES = Integer.SIZE;

        private final int type;
        private final BitSet subtypes;
        private final int infoFilter;
        private final int infoMask;

        private Rule(int type, BitSet subtypes, int infoFilter, int infoMask) {
            this.type = type;
            this.subtypes = subtypes;
            this.infoFilter = infoFilter;
            this.infoMask = infoMask;
        }

        /**
         * The same, of one watch only.
         *
         * @param tag the tag that the notification must have, 0 to 255
         * @return the rule
         * @throws IllegalArgumentException if the tag is out of range
         */
        public Rule withTag(int tag) {
            Tags.check("NotificationFilter", tag);
            return withInfo(infoFilter & ~TAG_MASK | tag << 8, infoMask | TAG_MASK);
        }

        /**
         * The same, with a condition on the info field in place of any that was there: {@code (info
         * & mask) == filter}.
         *
         * @param filter the value that the masked field must have
         * @param mask the bits that are looked at
         * @return the rule
         * @throws IllegalArgumentException if the mask has one of the length bits, 0 to 6, or the
         *     filter a bit that the mask has not; the kernel refuses both
         */
        public Rule withInfo(int filter, int mask) {
            if ((mask & MessageHeader.MAX_MESSAGE_LENGTH) != 0) {
                throw new IllegalArgumentException(
                        String.format(
                                Locale.ROOT,
                                "NotificationFilter: info mask 0x%08x has bits of 0x7f, the length, which cannot be filtered",
                                mask));
            }
            if ((filter & ~mask) != 0) {
                throw new IllegalArgumentException(
                        String.format(
                                Locale.ROOT,
                                "NotificationFilter: info filter 0x%08x has bits outside its mask 0x%08x, so nothing could pass",
                                filter,
                                mask));
            }
            return new Rule(type, subtypes, filter, mask);
        }

        private boolean matches(Notification notification) {
            int subtype = notification.subtype();
            return notification.type() == type
                    && subtype < KNOWN_SUBTYPES
                    && subtypes.get(subtype)
                    && (notification.info() & infoMask) == infoFilter;
        }

        private @Nullable String whyWithoutEffect() {
            if (type == Notification.TYPE_META) {
                return "has no effect: removals and losses pass every filter.";
            }
            if (type != Notification.TYPE_KEY) {
                return "never matches: no kernel posts notifications of type " + type + ".";
            }
            if (subtypes.nextSetBit(0) >= KeyEvent.values().length) {
                return "never matches: key notifications have the subtypes 0 to 7.";
            }
            if ((infoFilter & ~TAG_MASK) != 0) {
                return String.format(
                        Locale.ROOT,
                        "never matches: key notifications have none of the info bits 0x%08x.",
                        infoFilter & ~TAG_MASK);
            }
            return null;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Rule that
                    && type == that.type
                    && subtypes.equals(that.subtypes)
                    && infoFilter == that.infoFilter
                    && infoMask == that.infoMask;
        }

        @Override
        public int hashCode() {
            return Objects.hash(type, subtypes, infoFilter, infoMask);
        }

        /**
         * Describes the notifications that pass.
         *
         * @return such as {@code "UPDATED or REVOKED of tag 7"}
         */
        @Override
        public String toString() {
            String what =
                    subtypes.stream()
                            .mapToObj(this::nameOfSubtype)
                            .collect(Collectors.joining(" or "));
            boolean ofOneTag = (infoMask & TAG_MASK) == TAG_MASK;
            String tag = ofOneTag ? "tag " + (infoFilter >>> 8 & 0xff) : "any tag";
            int otherMask = ofOneTag ? infoMask & ~TAG_MASK : infoMask;
            String info =
                    otherMask == 0
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    " with info & 0x%08x == 0x%08x",
                                    otherMask,
                                    infoFilter & otherMask);
            return what + " of " + tag + info;
        }

        private String nameOfSubtype(int subtype) {
            KeyEvent event = type == Notification.TYPE_KEY ? KeyEvent.ofSubtype(subtype) : null;
            return event != null ? event.name() : type + "/" + subtype;
        }
    }
}
