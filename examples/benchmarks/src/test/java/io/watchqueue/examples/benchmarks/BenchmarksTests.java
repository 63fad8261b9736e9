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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The benchmarks on this machine's own kernel, with ordinary pipes instead of queues. */
class BenchmarksTests {

    @TempDir Path json;

    /**
     * A folder for links to the libraries. LD_PRELOAD splits paths at spaces and colons, and this
     * path has none.
     */
    @TempDir Path libraries;

    private String preloaded(String library) throws IOException {
        Path built = Path.of(Settings.twin()).resolveSibling(library);
        return Files.createSymbolicLink(libraries.resolve(library), built).toString();
    }

    /** The environment for the model of a queue, with a folder for it. */
    private Map<String, String> model() throws IOException {
        return Map.of("LD_PRELOAD", preloaded("queue_shim.so"), "QUEUE_SHIM", json.toString());
    }

    private List<String> modelled(String name) throws Exception {
        return Benched.figures(model(), json, name);
    }

    @Test
    void flood() throws Exception {
        assertThat(modelled("flood")).containsAll(Benched.FLOOD);
    }

    @Test
    void prefetch() throws Exception {
        assertThat(modelled("prefetch")).contains("losses with prefetch");
        assertThat(Benched.values(json.resolve("prefetch.json"), "met")).containsExactly("true");
    }

    /** This figure does not depend on the speed of the machine. */
    @Test
    void firstFloodDiscardsNoCompiledCode() throws Exception {
        Benched run = Benched.run(model(), json, "warmup");
        run.succeeded();
        assertThat(Benched.values(json.resolve("warmup.json"), "met"))
                .as(run.printed())
                .containsExactly("true", "true");
        // Only code that runs once a turn may appear, not code that runs for each notification.
        assertThat(run.printed()).doesNotContain("receive:");
    }

    @Test
    void drain() throws Exception {
        assertThat(modelled("drain")).contains("notifications taken out");
    }

    @Test
    void drainsAPipeBesideC() throws Exception {
        Benched run = Benched.run(Map.of("LD_PRELOAD", preloaded("pipe_shim.so")), json, "pipe");
        run.succeeded();
        assertThat(run.printed()).contains("notifications taken out", "ratio: median (min-max)");
        Path file = json.resolve("pipe.json");
        assertThat(Benched.values(file, "what"))
                .containsExactly("notifications taken out", "time of one", "allocated for one");
        assertThat(Benched.values(file, "median"))
                .isNotEmpty()
                .allSatisfy(median -> assertThat(Double.parseDouble(median)).isNotNegative());
        assertThat(Benched.values(file, "pairs")).containsExactly("1");
    }

    @Test
    void namesAnUnknownBenchmark() throws Exception {
        Benched run = Benched.run(Map.of(), json, "speed");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.printed()).contains("'speed'", "flood", "pipe");
    }
}
