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

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The sum of all accounts. */
final class Totals {

    /** More would not help to find the first cause. */
    private static final int SHOWN = 20;

    final List<String> mistakes = new ArrayList<>();
    final Map<Demand, Integer> demands = new EnumMap<>(Demand.class);
    final Map<Session.End, Integer> ends = new EnumMap<>(Session.End.class);
    long changes;
    long sessions;
    long gone;
    long events;
    long losses;
    long dropped;
    long heldBack;
    long unread;

    synchronized void add(Session.@Nullable Result result) {
        if (result == null) {
            gone++;
            return;
        }
        sessions++;
        demands.merge(result.demand(), 1, Integer::sum);
        ends.merge(result.end(), 1, Integer::sum);
        Account.Verdict verdict = result.verdict();
        events += verdict.events;
        losses += verdict.losses;
        dropped += verdict.dropped;
        heldBack += verdict.heldBack;
        unread += verdict.unread;
        verdict.mistakes.stream()
                .limit(Math.max(0, SHOWN - mistakes.size()))
                .forEach(mistakes::add);
    }

    synchronized void changes(long more) {
        changes += more;
    }

    @Override
    public synchronized String toString() {
        return String.format(
                Locale.ROOT,
                "%,d changes; %,d queues %s %s, and %,d whose keys were gone; %,d events received,"
                        + " %,d held back by filters, %,d dropped in %,d losses, %,d unread at the end",
                changes,
                sessions,
                demands,
                ends,
                gone,
                events,
                heldBack,
                dropped,
                losses,
                unread);
    }
}
