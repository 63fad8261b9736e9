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

import io.watchqueue.KeyEvent;
import io.watchqueue.NotificationFilter;

import org.jspecify.annotations.Nullable;

import java.util.Random;

/** Filters of all kinds, of which most let some pass and hold some back. */
final class Filters {

    private Filters() {}

    /** A filter, or null for none. */
    static @Nullable NotificationFilter any(Random random) {
        if (random.nextInt(3) == 0) {
            return null;
        }
        NotificationFilter.Rule[] rules = new NotificationFilter.Rule[1 + random.nextInt(4)];
        for (int i = 0; i < rules.length; i++) {
            rules[i] = rule(random);
        }
        return NotificationFilter.of(rules);
    }

    private static NotificationFilter.Rule rule(Random random) {
        KeyEvent[] all = KeyEvent.values();
        NotificationFilter.Rule rule =
                random.nextInt(8) == 0
                        ? NotificationFilter.type(77, 1) // none that there is
                        : NotificationFilter.events(
                                all[random.nextInt(all.length)],
                                random.nextBoolean() ? KeyEvent.LINKED : KeyEvent.UNLINKED);
        return switch (random.nextInt(4)) {
            case 0 -> rule.withTag(random.nextInt(Session.TAGS));
            case 1 -> rule.withInfo(random.nextInt(2) << 8, 1 << 8); // even tags, or odd ones
            default -> rule;
        };
    }
}
