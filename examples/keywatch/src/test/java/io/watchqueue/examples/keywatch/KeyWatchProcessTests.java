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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The program as a process of its own: its output, and how it ends. */
@Timeout(180)
class KeyWatchProcessTests {

    private static final String TOKEN = "%user:" + SimulatedKeyWatch.NAME;

    private final List<String> command =
            new ArrayList<>(
                    List.of(
                            // Maven may run with ignored signals, which its children inherit.
                            "env",
                            "--default-signal=HUP,INT,TERM",
                            "LC_ALL=C",
                            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-XX:+UseSerialGC",
                            "-cp",
                            System.getProperty("java.class.path")));

    private @TempDir Path folder;
    private Process process;

    private void start(File output, String... arguments) throws IOException {
        command.add(SimulatedKeyWatch.class.getName());
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(folder.toFile())
                        .redirectError(folder.resolve("err").toFile());
        if (output != null) {
            builder.redirectOutput(output);
        }
        process = builder.start();
    }

    private BufferedReader lines() {
        return process.inputReader(StandardCharsets.UTF_8);
    }

    private String err() throws IOException {
        return Files.readString(folder.resolve("err"));
    }

    @AfterEach
    void end() {
        process.destroyForcibly();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ar-EG-u-nu-arab", "tr-TR", "th-TH-u-ca-buddhist", "de-DE"})
    void printsTheSameInEveryLocale(String locale) throws Exception {
        String[] tag = locale.split("-", 3);
        command.add(command.indexOf("-cp"), "-Duser.language=" + tag[0]);
        command.add(command.indexOf("-cp"), "-Duser.country=" + tag[1].substring(0, 2));
        if (tag.length > 2) {
            command.add(command.indexOf("-cp"), "-Duser.extensions=" + tag[2]);
        }
        command.add(command.indexOf("-cp"), "-Duser.timezone=Asia/Kathmandu");
        start(null, "watch", "--format", "Json", "--filter=UPDATED,instantiated", TOKEN);
        String line = lines().readLine();
        assertThat(line)
                .as(err())
                .matches(
                        "\\{\"time\":\"2\\d{3}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d+)?Z\",\"type\":\"notification\",\"event\":\"UPDATED\","
                                + "\"tag\":1,\"key\":\\d+,\"keyType\":\"user\",\"keyDescription\":\""
                                + SimulatedKeyWatch.NAME
                                + "\"}");
        assertThat(err()).contains("watching user", SimulatedKeyWatch.NAME);
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json", "keyctl"})
    void endsAtTheFirstLineThatNobodyReads(String format) throws Exception {
        start(null, "watch", "--format", format, TOKEN);
        try (BufferedReader lines = lines()) {
            assertThat(lines.readLine()).as(err()).isNotNull();
        }
        assertThat(process.waitFor()).isEqualTo(141);
        assertThat(err().lines()).hasSize(1);
    }

    @Test
    void printsEventsOfAFollowedKeyringInUtf8UntilNobodyReads() throws Exception {
        start(null, "watch", "--recursive", "--format", "keyctl", "@u");
        try (BufferedReader lines = lines()) {
            assertThat(lines.readLine()).as(err()).contains(" snap 1 %keyring:");
            assertThat(lines.readLine()).endsWith(" upd %user:" + SimulatedKeyWatch.NAME);
        }
        assertThat(process.waitFor()).isEqualTo(141);
    }

    @Test
    void reportsAFullDisk() throws Exception {
        start(new File("/dev/full"), "watch", TOKEN);
        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(err()).contains("keywatch: write to standard output: ");
    }

    @ParameterizedTest
    @CsvSource({"HUP, 129", "INT, 130", "TERM, 143"})
    void aSignalEndsIt(String signal, int status) throws Exception {
        start(null, "watch", "--format", "keyctl", TOKEN);
        assertThat(lines().readLine()).as(err()).endsWith(" upd");
        send(signal);
        assertThat(process.waitFor()).isEqualTo(status);
    }

    private void send(String signal) throws Exception {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    @ParameterizedTest
    @CsvSource({"HUP, 129", "INT, 130", "TERM, 143"})
    void aSignalEndsItsCommandToo(String signal, int status) throws Exception {
        start(null, "exec", TOKEN, "--", "sh", "-c", "echo $$; sleep 1000 & echo $!; wait");
        BufferedReader lines = lines();
        List<Long> children =
                List.of(Long.valueOf(lines.readLine()), Long.valueOf(lines.readLine()));
        while (!children.stream().allMatch(KeyWatchProcessTests::isRunning)) {
            LockSupport.parkNanos(1_000_000); // a process that begins a program has no command line
        }
        send(signal);
        assertThat(process.waitFor()).isEqualTo(status);
        assertThat(children).noneMatch(KeyWatchProcessTests::isRunning);
        assertThat(err().lines()).as("a message beside that of the watch").hasSize(1);
    }

    /** A process that nobody has waited for yet has no command line. */
    private static boolean isRunning(long pid) {
        try {
            return !Files.readString(Path.of("/proc/" + pid + "/cmdline")).isEmpty();
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aCommandGetsItsWordsAsTheyAreTyped() throws Exception {
        Files.writeString(folder.resolve("u"), "watch");
        start(null, "exec", "--recursive", "@u", "--", "printf", "%s\\n", "@u", "--", "--help", "");
        BufferedReader lines = lines();
        for (String word : List.of("@u", "--", "--help", "")) {
            assertThat(lines.readLine()).as(err()).isEqualTo(word);
        }
    }

    @Test
    void refusesACommandThatTheLocaleCannotWrite() throws Exception {
        start(null, "exec", TOKEN, "--", "echo", SimulatedKeyWatch.NAME);
        assertThat(process.waitFor()).isEqualTo(2);
        assertThat(err()).contains(SimulatedKeyWatch.NAME, "LC_ALL=C.UTF-8");
    }
}
