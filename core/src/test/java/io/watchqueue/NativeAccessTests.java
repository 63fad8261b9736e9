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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The option that is reported as missing by a JVM that refuses native access. Runs JVMs of its own.
 */
@Timeout(60)
@EnabledForJreRange(min = JRE.JAVA_24, disabledReason = "earlier JVMs refuse nothing")
class NativeAccessTests {

    private static final String DENY = "--illegal-native-access=deny";
    private static final String REFUSED = "NATIVE_ACCESS_MISSING: JNA cannot be used";

    @Test
    void namesAllUnnamedOnTheClassPath() throws Exception {
        assertThat(probe(false, DENY))
                .startsWith(REFUSED)
                .contains("IllegalCallerException")
                .endsWith("Start it with --enable-native-access=ALL-UNNAMED.");
        assertThat(probe(false, DENY, "--enable-native-access=ALL-UNNAMED"))
                .doesNotContain("NATIVE_ACCESS_MISSING");
    }

    @Test
    void namesTheModuleOfJnaOnTheModulePath() throws Exception {
        assertThat(probe(true, DENY, "--enable-native-access=ALL-UNNAMED"))
                .startsWith(REFUSED)
                .contains("IllegalCallerException")
                .endsWith("Start it with --enable-native-access=com.sun.jna.");
        assertThat(probe(true, DENY, "--enable-native-access=com.sun.jna"))
                .doesNotContain("NATIVE_ACCESS_MISSING");
    }

    private static String probe(boolean jnaIsAModule, String... options) throws Exception {
        List<String> jna = new ArrayList<>();
        List<String> others = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            boolean isJna = Path.of(entry).getFileName().toString().startsWith("jna-");
            (isJna && jnaIsAModule ? jna : others).add(entry);
        }
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Arrays.asList(options));
        if (jnaIsAModule) {
            command.addAll(
                    List.of(
                            "--module-path",
                            String.join(File.pathSeparator, jna),
                            "--add-modules",
                            "com.sun.jna"));
        }
        command.addAll(
                List.of(
                        "-classpath",
                        String.join(File.pathSeparator, others),
                        ProbeProgram.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.strip();
    }
}
