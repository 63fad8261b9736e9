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

import io.watchqueue.KeyEvent;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringFlux;
import io.watchqueue.reactor.keyring.KeyringStore;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.Test;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Keyring events in each format, and docs/json.md. */
@WithSimulatedKernel
class KeyringEventLinesTests {

    private static final Path DOCUMENT = Path.of("../../docs/json.md");
    private static final Pattern EXAMPLES = Pattern.compile("(?ms)^```json\\n(.*?)^```$");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (`[^|]+`) \\|");
    private static final Pattern NAME = Pattern.compile("`(\\w+)`");
    private static final String KEY = "\"a \"token\"\\u000a\"";

    private final KeyringStore store;

    KeyringEventLinesTests(SimulatedKernel kernel) {
        // Only a stream makes one.
        KeyringEvent first = KeyringFlux.follow(Keyring.USER).blockFirst();
        kernel.settle();
        store = ((KeyringEvent.Snapshot) first).store();
    }

    private Stream<String> events(LineFormat format) {
        return FormExamples.lines(format, store).stream().skip(FormExamples.NOTIFICATIONS.size());
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

    @Test
    void jsonIsWhatTheDocumentShows() throws IOException {
        String text = Files.readString(DOCUMENT);
        assertThat(EXAMPLES.matcher(text).results().flatMap(block -> block.group(1).lines()))
                .containsExactlyElementsOf(FormExamples.lines(LineFormat.JSON, store));
    }

    @Test
    void theDocumentHasAllFields() throws IOException {
        Set<String> documented = new TreeSet<>();
        Matcher rows = ROW.matcher(Files.readString(DOCUMENT));
        while (rows.find()) {
            NAME.matcher(rows.group(1)).results().forEach(name -> documented.add(name.group(1)));
        }
        assertThat(documented).isEqualTo(fields(FormExamples.lines(LineFormat.JSON, store)));
    }

    @Test
    void theExamplesAndTheDocumentHaveEveryKindOfEvent() throws IOException {
        List<Class<?>> kinds = List.of(KeyringEvent.class.getPermittedSubclasses());
        assertThat(FormExamples.events(store).stream().map(Object::getClass).distinct())
                .containsExactlyInAnyOrderElementsOf(kinds);
        assertThat(kinds.stream().map(kind -> kind.getSimpleName().toLowerCase(Locale.ROOT)))
                .allSatisfy(
                        type ->
                                assertThat(Files.readString(DOCUMENT))
                                        .contains("\"type\":\"" + type + '"'));
    }

    @Test
    void theDocumentHasAllStatesAndEvents() throws IOException {
        String text = Files.readString(DOCUMENT);
        Stream.<Enum<?>>concat(Stream.of(State.values()), Stream.of(KeyEvent.values()))
                .forEach(value -> assertThat(text).containsPattern("\\b" + value.name() + "\\b"));
    }

    /** The names of all properties, at any depth. */
    private static Set<String> fields(List<String> objects) {
        Set<String> fields = new TreeSet<>();
        for (String object : objects) {
            try (JsonParser parser =
                    new JsonFactory().createParser(ObjectReadContext.empty(), object)) {
                for (JsonToken token = parser.nextToken();
                        token != null;
                        token = parser.nextToken()) {
                    if (token == JsonToken.PROPERTY_NAME) {
                        fields.add(parser.currentName());
                    }
                }
            }
        }
        return fields;
    }
}
