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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;
import org.springframework.beans.factory.DisposableBean;

import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** The samples in documents compile and run, and links have targets. */
class DocumentsTests {

    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Path README = ROOT.resolve("README.md");
    private static final Path GUIDE = ROOT.resolve("docs/guide.md");
    private static final Path DEPLOYMENT = ROOT.resolve("docs/deployment.md");
    private static final Pattern JAVA = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern CLASS = Pattern.compile("(?m)^(?:public )?class (\\w+)");
    private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.+)$");
    private static final Pattern ANCHOR = Pattern.compile("<a id=\"([^\"]+)\">");
    private static final String BOOT_LIBRARY = "-Djna.boot.library.path=DIR";
    private static final String NO_UNPACKING = "-Djna.nounpack=true";
    private static final String LIBRARY = "com/sun/jna/linux-x86-64/libjnidispatch.so";
    private static final Pattern LINK = Pattern.compile("\\]\\(([^):]+)\\)");

    static Stream<String> samples() throws IOException {
        List<String> samples = new ArrayList<>();
        for (Path document : List.of(README, GUIDE, DEPLOYMENT)) {
            samples.addAll(matches(JAVA, Files.readString(document)));
        }
        return samples.stream();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void samplesCompileWithoutAWarning(String sample, @TempDir Path classes) throws IOException {
        assertThat(compile(sample, classes)).isEmpty();
    }

    @Test
    void theSampleOfATestClassPasses(@TempDir Path classes) throws Exception {
        String sample = sample("@Test");
        assertThat(compile(sample, classes)).isEmpty();
        SummaryGeneratingListener results = new SummaryGeneratingListener();
        try (URLClassLoader loader = loaderOf(classes)) {
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

    @Test
    void theSampleOfAControllerFollowsAKeyring(@TempDir Path classes) throws Exception {
        String sample = sample("@RestController");
        assertThat(compile(sample, classes)).isEmpty();
        try (SimulatedKernel kernel = SimulatedKernel.install();
                URLClassLoader loader = loaderOf(classes)) {
            Class<?> type = loader.loadClass(className(sample));
            Object controller = type.getConstructor().newInstance();
            @SuppressWarnings("unchecked")
            Flux<Set<KeyId>> members =
                    (Flux<Set<KeyId>>) type.getMethod("members").invoke(controller);
            Keyctl keys = Keyctl.system();
            StepVerifier.create(members)
                    .expectNext(Set.of())
                    .then(() -> keys.add("user", "token", new byte[] {1}, Keyring.USER))
                    .assertNext(all -> assertThat(all).hasSize(1))
                    .then(() -> destroy((DisposableBean) controller))
                    .expectComplete()
                    .verify(Duration.ofMinutes(1));
            kernel.assertNothingLeftOpen();
        }
    }

    private static void destroy(DisposableBean bean) {
        try {
            bean.destroy();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static String sample(String containing) throws IOException {
        return samples().filter(one -> one.contains(containing)).findFirst().orElseThrow();
    }

    private URLClassLoader loaderOf(Path classes) throws IOException {
        return new URLClassLoader(new URL[] {classes.toUri().toURL()}, getClass().getClassLoader());
    }

    private static String className(String source) {
        Matcher name = CLASS.matcher(source);
        assertThat(name.find()).isTrue();
        return name.group(1);
    }

    static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.walk(ROOT)) {
            return files.filter(file -> file.toString().endsWith(".md"))
                    .filter(file -> !ROOT.relativize(file).toString().contains("target"))
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksHaveTargets(Path document) throws IOException {
        for (String link : matches(LINK, Files.readString(document))) {
            String[] parts = link.split("#", 2);
            Path target = document.resolveSibling(parts[0]);
            if (parts[0].isEmpty()) {
                target = document;
            }
            assertThat(target).as(link).exists();
            if (parts.length == 2) {
                assertThat(anchors(target)).as(link).contains(parts[1]);
            }
        }
    }

    /** The anchors that a document sets itself, and those that a renderer makes of headings. */
    private static List<String> anchors(Path document) throws IOException {
        String text = Files.readString(document);
        List<String> anchors = new ArrayList<>(matches(ANCHOR, text));
        matches(HEADING, text).stream()
                .map(heading -> heading.toLowerCase(Locale.ROOT))
                .map(heading -> heading.replaceAll("[^\\p{L}\\p{N} _-]", "").replace(' ', '-'))
                .forEach(anchors::add);
        return anchors;
    }

    @Test
    void theTestCommandIsTheOneThatCiRuns() throws IOException {
        assertThat(Files.readString(README)).contains("./mvnw -B verify");
        assertThat(Files.readAllLines(ROOT.resolve(".ci/run"))).contains("run ./mvnw -B verify");
    }

    /** JNA's options in docs/deployment.md, for a process that may write nowhere. */
    @Test
    void theOptionsForAReadOnlyFileSystemLoadJna(@TempDir Path folder) throws Exception {
        assertThat(deployment()).contains(BOOT_LIBRARY, NO_UNPACKING, LIBRARY);
        assertThat(probe(NO_UNPACKING)).contains("JNA cannot be used");
        try (InputStream library = getClass().getClassLoader().getResourceAsStream(LIBRARY)) {
            Files.copy(library, folder.resolve("libjnidispatch.so"));
        }
        assertThat(probe(BOOT_LIBRARY.replace("DIR", folder.toString()), NO_UNPACKING))
                .contains("keywatch: ")
                .doesNotContain("JNA cannot be used");
    }

    @Test
    void jnaHasNoMetadataForNativeImages() throws IOException {
        assertThat(
                        getClass()
                                .getClassLoader()
                                .getResource("META-INF/native-image/net.java.dev.jna"))
                .isNull();
        assertThat(deployment()).contains("JNA's jar has none");
    }

    /** Runs the command line with an invalid serial, and returns its output. */
    private static String probe(String... options) throws IOException {
        return output(startWithInvalidSerial(List.of(options)));
    }

    /** Starts the command line, which loads JNA and ends. */
    static Process startWithInvalidSerial(List<String> options) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(
                List.of(
                        "-cp",
                        System.getProperty("java.class.path"),
                        "io.watchqueue.examples.keywatch.KeyWatch",
                        "watch",
                        "none"));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    static String output(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** The text of docs/deployment.md. */
    private static String deployment() throws IOException {
        return Files.readString(DEPLOYMENT);
    }

    private static List<String> matches(Pattern pattern, String text) {
        return pattern.matcher(text).results().map((MatchResult match) -> match.group(1)).toList();
    }

    /** Returns the compiler's warnings and errors. */
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
