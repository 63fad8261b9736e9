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
package io.watchqueue.examples.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A run of the benchmarks, much too short for meaningful figures. */
record Benched(int status, String printed) {

    /** Some figures of a flood, on any kernel. */
    static final List<String> FLOOD =
            List.of(
                    "cold: delivered, 32 slots",
                    "warm: delivered, 256 slots",
                    "cold: delivered, 512 slots");

    static Benched run(Map<String, String> environment, Path json, String... names)
            throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Settings.java(),
                                "-Dtwin=" + Settings.twin(),
                                "-cp",
                                System.getProperty("java.class.path"),
                                Benchmarks.class.getName()));
        command.addAll(List.of(names));
        command.addAll(List.of("--pairs", "1", "--scale", "100", "--json", json.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Benched(process.waitFor(), printed);
    }

    /** Runs a benchmark, which has to succeed, and returns the names of its figures. */
    static List<String> figures(Map<String, String> environment, Path json, String name)
            throws IOException, InterruptedException {
        run(environment, json, name).succeeded();
        return values(json.resolve(name + ".json"), "what");
    }

    /** Returns all values of a property in the file. */
    static List<String> values(Path file, String property) {
        List<String> values = new ArrayList<>();
        try (JsonParser json = new JsonFactory().createParser(ObjectReadContext.empty(), file)) {
            while (json.nextToken() != null) {
                if (json.currentToken() == JsonToken.PROPERTY_NAME
                        && json.currentName().equals(property)) {
                    json.nextToken();
                    values.add(json.getString());
                }
            }
        }
        return values;
    }

    void succeeded() {
        assertThat(status).as(printed).isZero();
    }
}
