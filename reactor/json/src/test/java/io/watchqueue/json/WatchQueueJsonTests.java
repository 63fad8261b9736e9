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
package io.watchqueue.json;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyring;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
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
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The form, and docs/json.md. */
@WithSimulatedKernel
class WatchQueueJsonTests {

    private static final Path DOCUMENT = Path.of("../../docs/json.md");
    private static final Pattern EXAMPLES = Pattern.compile("(?ms)^```json\\n(.*?)^```$");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (`[^|]+`) \\|");
    private static final Pattern NAME = Pattern.compile("`(\\w+)`");
    private static final Instant NOON = FormExamples.NOON.toInstant();

    private final WatchQueueJson json = WatchQueueJson.naming(FormExamples::describe);
    private final KeyringStore store;

    WatchQueueJsonTests(SimulatedKernel kernel) {
        // Only a stream makes one.
        KeyringEvent first = KeyringFlux.follow(Keyring.USER).blockFirst();
        kernel.settle();
        store = ((KeyringEvent.Snapshot) first).store();
    }

    private List<String> lines() {
        KeyId ring = FormExamples.RING.key();
        return Stream.concat(
                        FormExamples.NOTIFICATIONS.stream().map(one -> json.of(NOON, one)),
                        FormExamples.events(store).stream()
                                .map(event -> json.of(NOON, ring, event)))
                .toList();
    }

    @Test
    void jsonIsWhatTheDocumentShows() throws IOException {
        String text = Files.readString(DOCUMENT);
        assertThat(EXAMPLES.matcher(text).results().flatMap(block -> block.group(1).lines()))
                .containsExactlyElementsOf(lines());
    }

    @Test
    void theDocumentHasAllFields() throws IOException {
        Set<String> documented = new TreeSet<>();
        Matcher rows = ROW.matcher(Files.readString(DOCUMENT));
        while (rows.find()) {
            NAME.matcher(rows.group(1)).results().forEach(name -> documented.add(name.group(1)));
        }
        assertThat(documented).isEqualTo(fields(lines()));
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

    @Test
    void serialsThatNoKeyCanHaveAreWrittenAsTheyAre() {
        Notification linked = new KeyNotification(KeyEvent.LINKED, 17, -1, 7);
        assertThat(json.of(NOON, linked)).endsWith(",\"aux\":4294967295}");
        assertThat(json.of(NOON, new RemovalNotification(0xFFFFFFFFFFL, 7)))
                .endsWith(",\"key\":1099511627775}");
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
