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

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** What the README shows is true. */
class ReadmeTests {

    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern CLASS = Pattern.compile("(?m)^(?:public )?class (\\w+)");
    private static final String BOOT_LIBRARY = "-Djna.boot.library.path=DIR";
    private static final String NO_UNPACKING = "-Djna.nounpack=true";
    private static final String LIBRARY = "com/sun/jna/linux-x86-64/libjnidispatch.so";
    private static final Pattern LINK = Pattern.compile("\\]\\(([^)#:]+)\\)");

    @Test
    void itsSamplesCompileWithoutAWarning(@TempDir Path classes) throws IOException {
        List<String> samples = matches(JAVA, readme());
        assertThat(samples).isNotEmpty();
        for (String sample : samples) {
            assertThat(compile(sample, classes)).as(sample).isEmpty();
        }
    }

    @Test
    void itsTestClassPasses(@TempDir Path classes) throws Exception {
        String sample =
                matches(JAVA, readme()).stream()
                        .filter(one -> one.contains("@Test"))
                        .findFirst()
                        .orElseThrow();
        assertThat(compile(sample, classes)).isEmpty();
        SummaryGeneratingListener results = new SummaryGeneratingListener();
        try (URLClassLoader loader =
                new URLClassLoader(
                        new URL[] {classes.toUri().toURL()}, getClass().getClassLoader())) {
            LauncherFactory.create()
                    .execute(
                            LauncherDiscoveryRequestBuilder.request()
                                    .selectors(
                                            DiscoverySelectors.selectClass(
                                                    loader.loadClass(className(sample))))
                                    .build(),
                            results);
        }
        assertThat(results.getSummary().getFailures())
                .extracting(TestExecutionSummary.Failure::getException)
                .isEmpty();
        assertThat(results.getSummary().getTestsSucceededCount())
                .isEqualTo(sample.split("@Test").length - 1);
    }

    private static String className(String source) {
        Matcher name = CLASS.matcher(source);
        assertThat(name.find()).isTrue();
        return name.group(1);
    }

    @Test
    void itsLinksLeadSomewhere() throws IOException {
        List<String> links = matches(LINK, readme());
        assertThat(links).isNotEmpty();
        assertThat(links).allSatisfy(link -> assertThat(ROOT.resolve(link)).exists());
    }

    @Test
    void itsTestCommandIsWhatCiRuns() throws IOException {
        assertThat(readme()).contains("./mvnw -B verify");
        assertThat(Files.readAllLines(ROOT.resolve(".ci/run")).stream().map(String::strip))
                .contains("./mvnw -B verify");
    }

    /** What it says of JNA, for a process that may write nowhere. */
    @Test
    void itsOptionsForAReadOnlyFileSystemLoadJna(@TempDir Path folder) throws Exception {
        assertThat(readme()).contains(BOOT_LIBRARY, NO_UNPACKING, LIBRARY);
        assertThat(probe(NO_UNPACKING)).contains("JNA cannot be used");
        try (InputStream library = getClass().getClassLoader().getResourceAsStream(LIBRARY)) {
            Files.copy(library, folder.resolve("libjnidispatch.so"));
        }
        assertThat(probe(BOOT_LIBRARY.replace("DIR", folder.toString()), NO_UNPACKING))
                .contains("keywatch: ")
                .doesNotContain("JNA cannot be used");
    }

    @Test
    void jnaHasNoMetadataForNativeImagesAsItSays() throws IOException {
        assertThat(
                        getClass()
                                .getClassLoader()
                                .getResource("META-INF/native-image/net.java.dev.jna"))
                .isNull();
        assertThat(readme()).contains("JNA's jar has none");
    }

    /** Returns what the command line says, which is given a serial that is none. */
    private static String probe(String... options) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java")
                                        .toString()));
        command.addAll(List.of(options));
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.watchqueue.examples.keywatch.KeyWatch",
                        "watch",
                        "none"));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String readme() throws IOException {
        return Files.readString(ROOT.resolve("README.md"));
    }

    private static List<String> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().map((MatchResult match) -> match.group(1)).toList();
    }

    /** Returns what the compiler complains of. */
    private static String compile(String source, Path classes) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        JavaFileObject file =
                new SimpleJavaFileObject(
                        URI.create("string:///" + className(source) + ".java"),
                        JavaFileObject.Kind.SOURCE) {
                    @Override
                    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                        return source;
                    }
                };
        StringWriter complaints = new StringWriter();
        List<String> options =
                List.of(
                        "-d",
                        classes.toString(),
                        "-classpath",
                        System.getProperty("java.class.path"),
                        "-proc:none",
                        "-Xlint:all,-classfile,-path");
        boolean compiled =
                compiler.getTask(complaints, null, null, options, null, List.of(file)).call();
        return compiled ? complaints.toString() : complaints + "not compiled";
    }
}
