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
package io.watchqueue.examples;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.WatchQueueSupport;

import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The page on deployment is complete, and the options in its recipes work. */
@Timeout(180)
class DeploymentTests {

    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Path PAGE = ROOT.resolve("docs/deployment.md");
    private static final Pattern OPTION = Pattern.compile("-D(jna\\.[a-z.]+=[^\\s\",]*)");
    private static final String LIBRARY = "com/sun/jna/linux-x86-64/libjnidispatch.so";

    @Test
    void eachStatusAndEachExceptionHasARow() throws IOException {
        String page = Files.readString(PAGE);
        assertThat(WatchQueueSupport.Status.values())
                .filteredOn(status -> status != WatchQueueSupport.Status.AVAILABLE)
                .allSatisfy(status -> assertThat(page).contains("`" + status + "`"));
        for (String sources :
                List.of(
                        "core/src/main/java/io/watchqueue",
                        "reactor/src/main/java/io/watchqueue/reactor")) {
            try (Stream<Path> files = Files.list(ROOT.resolve(sources))) {
                assertThat(files)
                        .map(file -> file.getFileName().toString())
                        .filteredOn(name -> name.endsWith("Exception.java"))
                        .isNotEmpty()
                        .allSatisfy(
                                name ->
                                        assertThat(page)
                                                .contains("`" + name.replace(".java", "") + "`"));
            }
        }
    }

    @Test
    void theUnitAndTheImageHaveTheOptionsOfThePage() throws IOException {
        List<String> unit = jnaOptions("orders.service");
        assertThat(unit)
                .containsExactly(
                        "jna.boot.library.path=/opt/orders/native",
                        "jna.nounpack=true",
                        "jna.platform.library.path=");
        assertThat(jnaOptions("Containerfile")).isEqualTo(unit);
        assertThat(Files.readString(PAGE))
                .contains("-D" + String.join(" -D", unit).replace("/opt/orders/native", "DIR"));
    }

    @Test
    void theOptionsOfTheUnitLoadJnaWithoutAChildProcess(@TempDir Path folder) throws Exception {
        try (InputStream library = getClass().getClassLoader().getResourceAsStream(LIBRARY)) {
            Files.copy(library, folder.resolve("libjnidispatch.so"));
        }
        List<String> options =
                jnaOptions("orders.service").stream()
                        .map(option -> option.replace("/opt/orders/native", folder.toString()))
                        .map("-D"::concat)
                        .toList();
        assertThat(childrenOf(folder.resolve("with.jfr"), options)).isEmpty();
        assertThat(childrenOf(folder.resolve("without.jfr"), options.subList(0, 2)))
                .containsExactly("/sbin/ldconfig -p");
    }

    private static List<String> jnaOptions(String recipe) throws IOException {
        String text = Files.readString(ROOT.resolve("docs/deployment").resolve(recipe));
        return OPTION.matcher(text).results().map((MatchResult option) -> option.group(1)).toList();
    }

    /** Runs a program that loads JNA and ends, and returns the commands that it started. */
    private static List<String> childrenOf(Path recording, List<String> options) throws Exception {
        List<String> recorded = new ArrayList<>(options);
        recorded.add("-XX:StartFlightRecording:filename=" + recording);
        Process process = DocumentsTests.startWithInvalidSerial(recorded);
        assertThat(DocumentsTests.output(process))
                .contains("keywatch: ")
                .doesNotContain("JNA cannot be used");
        process.waitFor();
        List<String> children = new ArrayList<>();
        for (RecordedEvent event : RecordingFile.readAllEvents(recording)) {
            if (event.getEventType().getName().equals("jdk.ProcessStart")) {
                children.add(event.getString("command"));
            }
        }
        return children;
    }
}
