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
package io.watchqueue.examples.keywatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyring;
import io.watchqueue.json.FormExamples;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringFlux;
import io.watchqueue.reactor.keyring.KeyringStore;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;

import java.util.stream.Stream;

/** Keyring events in the formats for people and for scripts. */
@WithSimulatedKernel
class KeyringEventLinesTests {

    private static final String KEY = "\"a \"token\"\\u000a\"";

    private final KeyringStore store;

    KeyringEventLinesTests(SimulatedKernel kernel) {
        // Only a stream makes one.
        KeyringEvent first = KeyringFlux.follow(Keyring.USER).blockFirst();
        kernel.settle();
        store = ((KeyringEvent.Snapshot) first).store();
    }

    private Stream<String> events(LineFormat format) {
        KeyNames names = new KeyNames(serial -> FormExamples.describe(KeyId.of(serial)));
        KeyId ring = FormExamples.RING.key();
        return FormExamples.events(store).stream()
                .map(event -> format.line(FormExamples.NOON, ring, event, names));
    }

    @Test
    void textNamesKeysAndDifferences() {
        String ring = "keyring 17 \"orders\"";
        assertThat(events(LineFormat.TEXT).map(line -> line.replaceFirst("^12:00:00.250  ", "")))
                .containsExactly(
                        "SNAPSHOT     " + ring + "  2 links below it",
                        "LINKED       " + ring + "  + user 18 " + KEY,
                        "REPLACED     " + ring + "  + user 19 " + KEY + "  - user 18 " + KEY,
                        "UPDATED      user 18 " + KEY,
                        "SETATTR      user 18 " + KEY + "  permissions 3f3f0000 -> 3f010000",
                        "CHANGED      user 18 " + KEY + " (expired)  was valid",
                        "UNLINKED     " + ring + "  - user 18 " + KEY,
                        "GONE         user 18 " + KEY + " (expired)",
                        "LOSS         "
                                + ring
                                + "  the kernel's queue was full: notifications were dropped here,"
                                + " and the differences that were found follow");
    }

    @Test
    void keyctlLinesEndWithTheNameOfTheKey() {
        String name = " %user:a \"token\"\\u000a";
        assertThat(events(LineFormat.KEYCTL))
                .containsExactly(
                        "17 snap 2 %keyring:orders",
                        "17 link 18" + name,
                        "17 repl 19 18" + name,
                        "18 upd" + name,
                        "18 attr" + name,
                        "18 expired" + name,
                        "17 unlk 18" + name,
                        "18 gc" + name,
                        "-- LOSS --");
    }
}
