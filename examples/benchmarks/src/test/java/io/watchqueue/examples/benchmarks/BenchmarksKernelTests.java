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

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Short runs on a real kernel: a flood, and the benchmarks for which {@link BenchmarksTests} has no
 * model. Their counts have to be right, whatever their speed.
 */
@Tag("proof")
class BenchmarksKernelTests {

    @TempDir Path json;

    /** On an emulated processor, JIT compilation would take longer than the counting. */
    private static final Map<String, String> SOON =
            Map.of("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -Dwarmup=false");

    private List<String> run(String name) throws Exception {
        return Benched.figures(SOON, json, name);
    }

    @Test
    void flood() throws Exception {
        assertThat(run("flood")).containsAll(Benched.FLOOD);
    }

    @Test
    void latency() throws Exception {
        assertThat(run("latency"))
                .containsExactly("median", "99th percentile", "median; C reads keyctl watch");
    }

    @Test
    void idleReaderDoesNotRun() throws Exception {
        assertThat(run("idle")).hasSize(2);
        assertThat(Benched.values(json.resolve("idle.json"), "met")).containsOnly("true");
    }

    @Test
    void scale() throws Exception {
        assertThat(run("scale")).contains("memory of a queue in this process");
    }

    @Test
    void start() throws Exception {
        assertThat(run("start")).hasSize(3);
    }
}
