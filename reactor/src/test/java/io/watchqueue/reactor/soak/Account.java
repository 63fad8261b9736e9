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
package io.watchqueue.reactor.soak;

import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Compares the notifications of one queue with the changes of the keys that it watched.
 *
 * <p>The kernel queues in the order of the changes, and where it dropped some there is a loss. The
 * account knows the {@linkplain Span spans} of all changes: of two changes whose spans do not
 * overlap, the earlier one comes first. So each change that was certainly watched, and certainly
 * passed the filter, has its place among the received notifications: after all that were before it,
 * and before all that were after it. It is received there once, or there is a loss in that very
 * place. Or nothing after it is received, because the queue was closed before it was read.
 *
 * <p>Each loss has its reason: there is an assignment of a missing change, or removal, to each
 * loss, no two to the same, whose place is where the loss stands. And the kernel's queue was full
 * then: as many as it keeps come before the first loss, and at least one between two.
 *
 * <p>A change that overlaps the placing or the removal of its watch, or a change of the filter, may
 * be received or not.
 */
final class Account {

    /** The result. */
    static final class Verdict {
        final List<String> mistakes = new ArrayList<>();
        int events;
        int losses;

        /** Changes that certainly were dropped. */
        int dropped;

        /** Changes that the filter certainly held back. */
        int heldBack;

        /** Changes after the last one that was received. */
        int unread;

        /** Watches whose removal was not received. */
        int unremoved;
    }

    private enum Certainty {
        NO,
        MAYBE,
        YES;

        Certainty and(Certainty other) {
            return compareTo(other) < 0 ? this : other;
        }
    }

    /** A watch, from when it was asked for until it was removed or its key was gone. */
    private static final class Term {
        final ChangeLog log;
        final int tag;
        Span placed;
        @Nullable Span left;

        Term(ChangeLog log, int tag, long at) {
            this.log = log;
            this.tag = tag;
            this.placed = new Span(at, Span.OPEN);
        }

        Certainty covers(Span span) {
            Span left = this.left;
            if (span.isBefore(placed) || left != null && left.isBefore(span)) {
                return Certainty.NO;
            }
            return placed.isBefore(span) && (left == null || span.isBefore(left))
                    ? Certainty.YES
                    : Certainty.MAYBE;
        }

        /** When the removal was queued, or null if there is no reason for one. */
        @Nullable Span removal() {
            Span left = this.left;
            long leaving = log.leavingAt();
            if (left != null) {
                // Otherwise the kernel's garbage collector may remove it, at some later time.
                return left.end() < leaving
                        ? left
                        : new Span(Math.min(left.begin(), leaving), Span.OPEN);
            }
            return leaving == Span.OPEN ? null : new Span(leaving, Span.OPEN);
        }
    }

    private record FilterChange(@Nullable NotificationFilter filter, Span span) {}

    /** Something that was not received, and where a loss may stand for it. */
    private record Gap(int first, int end) {}

    private final int capacity;
    private final Map<Long, Term> terms = new HashMap<>();
    private final List<FilterChange> filters = new ArrayList<>();

    /** Begins the account of a queue that is about to be opened. */
    Account(int capacity, @Nullable NotificationFilter filter) {
        this.capacity = capacity;
        filters.add(new FilterChange(filter, new Span(0, 0)));
    }

    /** Whether this queue ever watched that key, which it may do once. */
    synchronized boolean knows(KeyId key) {
        return terms.containsKey((long) key.value());
    }

    synchronized void watching(ChangeLog log, int tag, long at) {
        terms.put((long) log.key().value(), new Term(log, tag, at));
    }

    synchronized void watched(KeyId key, long at) {
        Term term = term(key);
        term.placed = new Span(term.placed.begin(), at);
    }

    /** It could not be watched. */
    synchronized void notWatched(KeyId key) {
        terms.remove((long) key.value());
    }

    synchronized void unwatching(KeyId key, long at) {
        term(key).left = new Span(at, Span.OPEN);
    }

    synchronized void unwatched(KeyId key, long at) {
        Term term = term(key);
        term.left = new Span(term.left.begin(), at);
    }

    /** Within that span the filter was set, or removed. */
    synchronized void filtered(@Nullable NotificationFilter filter, Span span) {
        filters.add(new FilterChange(filter, span));
    }

    private Term term(KeyId key) {
        return terms.get((long) key.value());
    }

    /** Compares, when the queue has delivered everything. */
    synchronized Verdict compare(List<Notification> received) {
        return new Comparison(received).verdict();
    }

    private Certainty passes(Notification notification, Span span) {
        boolean one = false;
        boolean all = true;
        for (int i = 0; i < filters.size(); i++) {
            FilterChange change = filters.get(i);
            boolean replaced = i + 1 < filters.size() && filters.get(i + 1).span().isBefore(span);
            if (!replaced && !span.isBefore(change.span())) {
                boolean passes = change.filter() == null || change.filter().test(notification);
                one |= passes;
                all &= passes;
            }
        }
        return all ? Certainty.YES : one ? Certainty.MAYBE : Certainty.NO;
    }

    private final class Comparison {
        private final Verdict verdict = new Verdict();
        private final List<Notification> received;
        private final int[] losses;
        private final List<Gap> gaps = new ArrayList<>();
        private final Map<Term, BitSet> numbers = new HashMap<>();
        private final Set<Term> removed = new HashSet<>();

        /** The latest begin of all that was received up to a position. */
        private final long[] latestBegin;

        /** The earliest end of all that was received from a position on. */
        private final long[] earliestEnd;

        Comparison(List<Notification> received) {
            this.received = received;
            this.latestBegin = new long[received.size()];
            this.earliestEnd = new long[received.size()];
            terms.values().forEach(term -> numbers.put(term, new BitSet()));
            this.losses =
                    IntStream.range(0, received.size())
                            .filter(at -> received.get(at) instanceof LossNotification)
                            .toArray();
        }

        Verdict verdict() {
            identifyReceived();
            terms.values().forEach(this::findMissing);
            explainLosses();
            return verdict;
        }

        private void identifyReceived() {
            long latest = Long.MIN_VALUE;
            for (int at = 0; at < received.size(); at++) {
                Span span = span(at);
                if (span != null && span.end() < latest) {
                    mistake(at, "is out of order");
                }
                latest = span != null ? Math.max(latest, span.begin()) : latest;
                latestBegin[at] = latest;
                earliestEnd[at] = span != null ? span.end() : Span.OPEN;
            }
            for (int at = received.size() - 2; at >= 0; at--) {
                earliestEnd[at] = Math.min(earliestEnd[at], earliestEnd[at + 1]);
            }
        }

        /**
         * The time of the change that was received; null for a loss, or if there was no such
         * change.
         */
        private @Nullable Span span(int at) {
            Notification notification = received.get(at);
            if (notification instanceof LossNotification) {
                checkFull(at);
                return null;
            }
            Term term =
                    notification instanceof KeyNotification change
                            ? terms.get((long) change.serial())
                            : notification instanceof RemovalNotification removal
                                    ? terms.get(removal.id())
                                    : null;
            if (term == null || term.tag != notification.watchTag()) {
                mistake(at, "is of no watch");
                return null;
            }
            if (removed.contains(term)) {
                mistake(at, "comes after its watch's removal");
            }
            return notification instanceof KeyNotification change
                    ? changeSpan(at, term, change)
                    : removalSpan(at, term);
        }

        private @Nullable Span changeSpan(int at, Term term, KeyNotification change) {
            int number = term.log.numberOf(change);
            if (number < 0) {
                mistake(at, "never happened");
                return null;
            }
            Span span = term.log.span(number);
            BitSet before = numbers.get(term);
            if (before.get(number)) {
                mistake(at, "was received before");
            }
            before.set(number);
            verdict.events++;
            if (term.covers(span) == Certainty.NO) {
                mistake(at, "happened when it was not watched");
            }
            if (passes(change, span) == Certainty.NO) {
                mistake(at, "does not pass the filter");
            }
            return span;
        }

        private @Nullable Span removalSpan(int at, Term term) {
            removed.add(term);
            Span span = term.removal();
            if (span == null) {
                mistake(at, "is of a watch that was not removed");
            }
            return span;
        }

        private void checkFull(int at) {
            verdict.losses++;
            if (verdict.losses == 1 && at < capacity) {
                mistake(at, "comes before the queue of " + capacity + " can have been full");
            }
            if (at > 0 && received.get(at - 1) instanceof LossNotification) {
                mistake(at, "follows another one");
            }
        }

        private void findMissing(Term term) {
            BitSet known = numbers.get(term);
            for (int number = known.nextClearBit(0);
                    number < term.log.begun();
                    number = known.nextClearBit(number + 1)) {
                Span span = term.log.span(number);
                Certainty covered = term.covers(span);
                KeyNotification change = term.log.notification(number, term.tag);
                Certainty passes = passes(change, span);
                if (covered == Certainty.YES && passes == Certainty.NO) {
                    verdict.heldBack++;
                }
                missing(change, span, covered.and(passes));
            }
            if (!removed.contains(term)) {
                verdict.unremoved++;
                Span span = term.removal();
                if (span != null) {
                    missing(
                            new RemovalNotification(term.log.key().value(), term.tag),
                            span,
                            Certainty.YES);
                }
            }
        }

        private void missing(Notification notification, Span span, Certainty certainty) {
            if (certainty == Certainty.NO) {
                return;
            }
            Gap gap = new Gap(firstNotBefore(span), firstAfter(span));
            gaps.add(gap);
            if (certainty == Certainty.MAYBE) {
                return;
            }
            if (gap.end() == received.size()) {
                verdict.unread++;
            } else if (hasLoss(gap)) {
                verdict.dropped++;
            } else {
                verdict.mistakes.add(
                        notification
                                + " is missing, and there is no loss from "
                                + gap.first()
                                + " to "
                                + gap.end());
            }
        }

        /** The position after the last that was certainly before. */
        private int firstNotBefore(Span span) {
            return firstWhere(at -> earliestEnd[at] >= span.begin());
        }

        /** The first position that was certainly after; the number of positions if none was. */
        private int firstAfter(Span span) {
            return firstWhere(at -> latestBegin[at] > span.end());
        }

        /** The first position for which it is true; it is for all that follow. */
        private int firstWhere(IntPredicate isTrue) {
            int low = 0;
            int high = received.size();
            while (low < high) {
                int middle = (low + high) >>> 1;
                if (isTrue.test(middle)) {
                    high = middle;
                } else {
                    low = middle + 1;
                }
            }
            return low;
        }

        private boolean hasLoss(Gap gap) {
            int at = Arrays.binarySearch(losses, gap.first());
            int next = at >= 0 ? at : -at - 1;
            return next < losses.length && losses[next] < gap.end();
        }

        /** Assigns to each loss the gap that later losses have the least use for. */
        private void explainLosses() {
            gaps.sort(Comparator.comparingInt(Gap::first));
            PriorityQueue<Gap> open = new PriorityQueue<>(Comparator.comparingInt(Gap::end));
            int next = 0;
            for (int loss : losses) {
                while (next < gaps.size() && gaps.get(next).first() <= loss) {
                    open.add(gaps.get(next++));
                }
                while (!open.isEmpty() && open.peek().end() <= loss) {
                    open.remove();
                }
                if (open.poll() == null) {
                    mistake(loss, "stands where nothing is missing");
                }
            }
        }

        private void mistake(int at, String what) {
            verdict.mistakes.add("no. " + at + ", " + received.get(at) + ", " + what);
        }
    }
}
