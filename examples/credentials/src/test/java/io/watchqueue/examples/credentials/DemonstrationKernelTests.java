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
package io.watchqueue.examples.credentials;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The demonstration on a real kernel, in a process of its own, because it joins a session. */
class DemonstrationKernelTests {

    @Test
    @Tag("proof")
    void endsByItself() throws Exception {
        Process demonstration =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Demonstration.class.getName())
                        .redirectErrorStream(true)
                        .start();
        String transcript =
                new String(demonstration.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(demonstration.waitFor()).as(transcript).isZero();
        assertThat(transcript)
                .contains(
                        "version 1, key",
                        "refused 1 time, then 204",
                        "500 updates",
                        "none: EXPIRED");
    }
}
