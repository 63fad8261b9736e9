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

import java.nio.file.Path;
import java.util.Map;

/** On this machine's own kernel, whatever it is: an ordinary pipe in the place of the queue. */
class BenchmarksTests {

    private final Map<String, String> preloaded =
            Map.of(
                    "LD_PRELOAD",
                    Path.of(Settings.twin()).resolveSibling("pipe_shim.so").toString());

    @TempDir Path json;

    @Test
    void aPipeIsDrainedBesideC() throws Exception {
        Benched run = Benched.run(preloaded, json, "pipe");
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
    void whatThereIsNotIsNamed() throws Exception {
        Benched run = Benched.run(Map.of(), json, "speed");
        assertThat(run.status()).isEqualTo(2);
        assertThat(run.printed()).contains("'speed'", "flood", "pipe");
    }
}
