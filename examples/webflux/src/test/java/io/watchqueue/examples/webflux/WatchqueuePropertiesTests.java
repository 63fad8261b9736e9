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
package io.watchqueue.examples.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyEvent;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;

class WatchqueuePropertiesTests {

    private static WatchqueueProperties bind(Map<String, Object> properties) {
        return new Binder(new MapConfigurationPropertySource(properties))
                .bindOrCreate("watchqueue", WatchqueueProperties.class);
    }

    @Test
    void defaultsAreCautious() {
        WatchqueueProperties properties = bind(Map.of());
        assertThat(properties.keyrings()).containsExactly("@u");
        assertThat(properties.capacity()).isEqualTo(512);
        assertThat(properties.filter().events()).isEmpty();
        assertThat(properties.hosts()).isEmpty();
        assertThat(properties.streams().max()).isEqualTo(100);
        assertThat(properties.streams().heartbeat()).isEqualTo(Duration.ofSeconds(15));
    }

    @Test
    void eventsAreNamed() {
        assertThat(bind(Map.of("watchqueue.filter.events", "updated,revoked")).filter().events())
                .containsExactlyInAnyOrder(KeyEvent.UPDATED, KeyEvent.REVOKED);
    }

    @ParameterizedTest
    @CsvSource({
        "capacity, 0",
        "capacity, 513",
        "prefetch, -1",
        "keys, 0",
        "linger, 0s",
        "linger, 25h",
        "linger, PT2562047788015215H",
        "streams.max, 0",
        "streams.buffer, 0",
        "streams.heartbeat, 0s",
        "streams.heartbeat, 25h",
        "streams.retry, -1s",
        "streams.retry, PT2562047788015215H",
        "streams.stalled, 15s",
        "streams.stalled, 25h",
        "keyrings, ''",
    })
    void namesThePropertyOfARefusedValue(String property, String value) {
        assertThatThrownBy(() -> bind(Map.of("watchqueue." + property, value)))
                .rootCause()
                .hasMessageStartingWith("watchqueue." + property + "=")
                .hasMessageContaining("but it ");
    }

    @Test
    void editorsKnowEachProperty() throws IOException {
        try (InputStream metadata =
                getClass().getResourceAsStream("/META-INF/spring-configuration-metadata.json")) {
            JsonNode properties = JsonMapper.shared().readTree(metadata).get("properties");
            assertThat(properties.values())
                    .extracting(property -> property.get("name").asString())
                    .containsExactlyInAnyOrder(
                            "watchqueue.keyrings",
                            "watchqueue.capacity",
                            "watchqueue.prefetch",
                            "watchqueue.filter.events",
                            "watchqueue.keys",
                            "watchqueue.linger",
                            "watchqueue.hosts",
                            "watchqueue.streams.max",
                            "watchqueue.streams.buffer",
                            "watchqueue.streams.heartbeat",
                            "watchqueue.streams.retry",
                            "watchqueue.streams.stalled");
            assertThat(properties.values())
                    .allSatisfy(property -> assertThat(property.has("description")).isTrue());
        }
    }
}
