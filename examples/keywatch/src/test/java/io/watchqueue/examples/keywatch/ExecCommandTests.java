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
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** A command that runs after changes of keys on the simulated kernel. */
@Timeout(180)
@WithSimulatedKernel
class ExecCommandTests {

    /** Writes what it got to the file "log", a variable on each line. */
    private static final String LOG =
            "cat >> log; echo \"begin $WATCHQUEUE_LOSS\" >> log; echo \"$WATCHQUEUE_EVENTS\" >> log;"
                    + " echo end >> log;";

    private final SimulatedKernel kernel;
    private final Keyctl keys = Keyctl.system();
    private final KeyId token = keys.add("user", "token", new byte[] {1}, Keyring.USER);
    private final Invocation keywatch = new Invocation();

    private @TempDir Path folder;

    ExecCommandTests(SimulatedKernel kernel) {
        this.kernel = kernel;
    }

    @AfterEach
    void settle() {
        kernel.settle();
    }

    private CompletableFuture<Integer> exec(String script, String... options) {
        List<String> words = new ArrayList<>(List.of("exec", "--debounce=0ms"));
        words.addAll(List.of(options));
        words.addAll(List.of("--", "sh", "-c", "cd " + folder + "; " + script));
        return start(words.toArray(String[]::new));
    }

    private CompletableFuture<Integer> start(String... words) {
        CompletableFuture<Integer> end =
                CompletableFuture.supplyAsync(
                        () -> keywatch.run(words), task -> new Thread(task).start());
        awaitErr("watching", end);
        return end;
    }

    private void awaitErr(String text, CompletableFuture<Integer> end) {
        while (!keywatch.err().contains(text)) {
            assertThat(end).as(keywatch.err()).isNotDone();
            LockSupport.parkNanos(1_000_000);
        }
    }

    private List<String> log() throws IOException {
        Path log = folder.resolve("log");
        return Files.exists(log) ? Files.readAllLines(log) : List.of();
    }

    /** Waits for as many ends of the command. */
    private void awaitRuns(int runs) throws IOException {
        while (log().stream().filter("end"::equals).count() < runs) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private List<String> events() throws IOException {
        return log().stream()
                .filter(line -> line.startsWith("{"))
                .map(line -> line.replaceFirst(".*?\"event\":\"(\\w+)\".*", "$1"))
                .toList();
    }

    @Test
    void runsACommandWithTheEventsInItsEnvironmentUntilNothingIsLeft() throws Exception {
        CompletableFuture<Integer> end = exec(LOG, token.toString());
        assertThat(log()).isEmpty();
        keys.update(token, new byte[] {2});
        awaitRuns(1);
        assertThat(log().get(0)).isEqualTo("begin ");
        assertThat(log().get(1))
                .contains(
                        "\"type\":\"notification\",\"event\":\"UPDATED\",\"tag\":1,\"key\":"
                                + token);
        kernel.queue().postLoss();
        awaitRuns(2);
        assertThat(log()).contains("begin 1");
        keys.unlink(token, Keyring.USER);
        assertThat(end.join()).as(keywatch.err()).isZero();
        assertThat(events()).containsExactly("UPDATED", "LOSS", "REMOVED");
        assertThat(log()).endsWith("end").filteredOn("begin 1"::equals).hasSize(1);
        assertThat(keywatch.err().lines()).hasSize(1);
    }

    @Test
    void runsOnceAtATimeAndLosesNoChangeMeanwhile() throws Exception {
        Path gate = folder.resolve("gate");
        CompletableFuture<Integer> end =
                exec(
                        "echo begin >> log; echo \"$WATCHQUEUE_EVENTS\" >> log;"
                                + " until [ -e gate ]; do sleep 0.01; done; echo end >> log",
                        token.toString());
        keys.update(token, new byte[] {2});
        while (events().isEmpty()) {
            LockSupport.parkNanos(1_000_000);
        }
        for (int i = 0; i < 20; i++) {
            keys.update(token, new byte[] {2});
        }
        keys.unlink(token, Keyring.USER);
        kernel.settle();
        Files.createFile(gate);
        assertThat(end.join()).isZero();
        assertThat(events()).hasSize(22).endsWith("REMOVED");
        List<String> runs = log().stream().filter(line -> !line.startsWith("{")).toList();
        for (int i = 0; i < runs.size(); i++) {
            assertThat(runs.get(i)).isEqualTo(i % 2 == 0 ? "begin" : "end");
        }
    }

    @Test
    void followsAllKeysBelowAKeyring() throws Exception {
        KeyId ring = keys.addKeyring("orders", Keyring.USER);
        keys.link(token, ring);
        CompletableFuture<Integer> end = exec(LOG, "--recursive", ring.toString());
        keys.update(token, new byte[] {2});
        awaitRuns(1);
        assertThat(log().get(1)).contains("\"type\":\"changed\"", "\"event\":\"UPDATED\"");
        keys.unlink(ring, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(log()).anyMatch(line -> line.contains("\"type\":\"gone\""));
        assertThat(log()).noneMatch(line -> line.contains("\"type\":\"snapshot\""));
    }

    @Test
    void survivesThatTheCommandFails() throws Exception {
        CompletableFuture<Integer> end = exec(LOG + " exit 3", token.toString());
        keys.update(token, new byte[] {2});
        awaitErr("keywatch: sh ended with status 3", end);
        keys.update(token, new byte[] {2});
        awaitRuns(2);
        keys.unlink(token, Keyring.USER);
        assertThat(end.join()).isZero();
    }

    @Test
    void survivesThatTheCommandIsMissing() {
        String missing = folder.resolve("missing").toString();
        CompletableFuture<Integer> end =
                start("exec", "--debounce=0ms", token.toString(), "--", missing);
        keys.update(token, new byte[] {2});
        awaitErr("keywatch: Cannot run program \"" + missing, end);
        keys.unlink(token, Keyring.USER);
        assertThat(end.join()).isZero();
    }

    @Test
    void refusesAWrongCommandLine() {
        assertThat(keywatch.run("exec", "@u")).isEqualTo(2);
        assertThat(keywatch.run("exec", "@u", "--")).isEqualTo(2);
        assertThat(keywatch.err()).contains("there is no COMMAND");
        assertThat(keywatch.run("exec", "--", "true")).isEqualTo(2);
        assertThat(keywatch.err()).contains("Missing required parameter");
        for (String duration : List.of("200", "1h", "-1s", "1234567s", "PT1S")) {
            assertThat(keywatch.run("exec", "--debounce", duration, "@u", "--", "true"))
                    .isEqualTo(2);
            assertThat(keywatch.err()).contains("'" + duration + "' is not a duration");
        }
        assertThat(keywatch.run("exec", "%keyring:none", "--", "true")).isEqualTo(1);
        assertThat(keywatch.out()).isEmpty();
    }
}
