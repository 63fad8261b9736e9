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

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import reactor.core.scheduler.Schedulers;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The demonstration that a newcomer sees first, on any machine. */
class SimulatedDemonstrationTests {

    /** In a program of its own, all threads start after the session and inherit it. */
    @BeforeEach
    void endThreadsOfEarlierSessions() {
        Schedulers.shutdownNow();
    }

    @Test
    void eachRotationReachesTheClient() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Demonstration.simulate(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        String out = bytes.toString(StandardCharsets.UTF_8);
        assertThat(out)
                .startsWith("Simulated: ")
                .containsSubsequence(
                        "none: ABSENT",
                        "version 1",
                        "GET /orders: 204",
                        "version 2",
                        "GET /orders: 204",
                        "refused 1 time, then 204",
                        "version 4",
                        "GET /orders: 204",
                        "none: REVOKED",
                        "was revoked",
                        "version 5",
                        "GET /orders: 204",
                        "GET /orders: 204",
                        "none: EXPIRED");
    }
}
