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
import static org.assertj.core.api.Assumptions.assumeThat;

import io.watchqueue.internal.Background;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.io.TempDirFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * core/kernel/run with the test kernel. These tests run on this machine's own kernel, and each
 * command of theirs on one booted for it, of which a few boots are enough for a build: the others
 * are proofs.
 */
@Timeout(600)
@Tag("test-kernel")
class TestKernelTests {

    /** Sends all that one client sent back to it. */
    private static final String ECHO_SERVER =
            """
            my $address = $ENV{WATCHQUEUE_KERNEL_ADDRESS} . ":" . $ARGV[0];
            my $server = IO::Socket::INET->new(LocalAddr => $address, Listen => 1) or die $!;
            print "listening\\n";
            close STDOUT;
            my $client = $server->accept;
            my $all = do { local $/; <$client> };
            print $client $all;
            """;

    /** Below the project, where the guest sees it; its own /tmp is another. */
    @TempDir(factory = BelowTarget.class)
    private Path directory;

    private final List<Process> started = new ArrayList<>();

    /** If {@code run} would not boot it, there is nothing to test. */
    @BeforeEach
    void needsTheTestKernel() {
        assumeThat(System.getenv("WATCHQUEUE_KERNEL")).isNotEqualTo("host");
        assumeThat(WatchQueueSupport.probe().isAvailable()).isFalse();
        assumeThat(System.getProperty("os.arch")).isEqualTo("amd64");
    }

    @AfterEach
    void endWhatAFailureLeft() {
        started.forEach(Process::destroyForcibly);
    }

    @ParameterizedTest
    @CsvSource({"true,0", "false,1", "exit 42,42", "kill -TERM $$,143"})
    @Tag("proof")
    void exitsWithTheStatusOfTheCommand(String command, int status) throws Exception {
        Run run = run("sh", "-c", command);
        assertThat(run.status).isEqualTo(status);
        assertThat(run.out).isEmpty();
        assertThat(run.err).isEmpty();
    }

    @Test
    @Tag("proof")
    void reportsACommandThatDoesNotExist() throws Exception {
        Run run = run("no-such-command");
        assertThat(run.status).isEqualTo(127);
        assertThat(run.err).contains("no-such-command");
    }

    @Test
    void passesArgumentsDirectoryAndEnvironmentUnchanged() throws Exception {
        Path place = Files.createDirectory(directory.resolve("it's a \"place\" $HOME \\ *"));
        Process process =
                start(
                        place,
                        Map.of("A_VARIABLE", "several words = \n'quoted'"),
                        "sh",
                        "-c",
                        "pwd; printf '<%s>\\n' \"$@\" \"$A_VARIABLE\"",
                        "sh",
                        "",
                        "two words",
                        "it's",
                        "\"quoted\"",
                        "$(false)",
                        "*",
                        "back\\slash",
                        "grün");
        Run run = finish(process);
        assertThat(run.status).isZero();
        assertThat(run.out.lines())
                .containsExactly(
                        place.toString(),
                        "<>",
                        "<two words>",
                        "<it's>",
                        "<\"quoted\">",
                        "<$(false)>",
                        "<*>",
                        "<back\\slash>",
                        "<grün>",
                        "<several words = ",
                        "'quoted'>");
    }

    @Test
    @Tag("proof")
    void passesStandardStreamsUnchanged() throws Exception {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Process process = start(directory, Map.of(), "sh", "-c", "cat; echo done >&2");
        CompletableFuture<byte[]> out = Background.get(() -> all(process.getInputStream()));
        process.getOutputStream().write(bytes);
        process.getOutputStream().close();
        assertThat(Arrays.equals(out.get(300, TimeUnit.SECONDS), bytes)).isTrue();
        assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEqualTo("done\n");
        assertThat(process.waitFor()).isZero();
    }

    @Test
    @Tag("proof")
    void theGuestHasTheFilesThatProgramsNeed() throws Exception {
        Path ofTheHost = Files.createTempFile("watchqueue", "host");
        try {
            Run run =
                    run(
                            "sh",
                            "-c",
                            """
                            set -e
                            [ "$(id -u)" = 0 ]
                            [ "$(nproc)" = 2 ]
                            [ "$(cat /proc/self/comm)" = cat ]
                            [ -d /sys/kernel ] && [ -c /dev/null ] && [ -e /dev/fd/1 ]
                            echo shared > /dev/shm/file && [ "$(cat /dev/shm/file)" = shared ]
                            echo own > /tmp/watchqueue-guest && echo own > /run/watchqueue-guest
                            [ $(($(cat /sys/class/net/lo/flags) & 1)) = 1 ]
                            ls /tmp
                            """);
            assertThat(run.err).isEmpty();
            assertThat(run.status).isZero();
            assertThat(run.out).contains("watchqueue-guest").doesNotContain("host");
            assertThat(Path.of("/tmp/watchqueue-guest")).doesNotExist();
            assertThat(Path.of("/run/watchqueue-guest")).doesNotExist();
        } finally {
            Files.delete(ofTheHost);
        }
    }

    @Test
    @Tag("proof")
    void writesToTheFilesOfThisMachine() throws Exception {
        Files.writeString(directory.resolve("from"), "here");
        assertThat(run("sh", "-c", "cat from > to; cat from >> to").status).isZero();
        assertThat(directory.resolve("to")).hasContent("herehere");
    }

    @Test
    @Tag("proof")
    void runsTwoGuestsAtTheSameTime() throws Exception {
        Process one =
                start(
                        directory,
                        Map.of(),
                        "sh",
                        "-c",
                        "touch one; until [ -e two ]; do sleep 0.1; done");
        Process two =
                start(
                        directory,
                        Map.of(),
                        "sh",
                        "-c",
                        "touch two; until [ -e one ]; do sleep 0.1; done");
        assertThat(finish(one).status).isZero();
        assertThat(finish(two).status).isZero();
    }

    @Test
    @Tag("proof")
    void endsAtTheDeadlineWithAMessage() throws Exception {
        Process process =
                start(
                        directory,
                        Map.of("WATCHQUEUE_KERNEL_DEADLINE", "60"),
                        "sh",
                        "-c",
                        "echo up; sleep 10000");
        List<ProcessHandle> all = afterTheFirstLine(process, "up");
        Run run = finish(process);
        assertThat(run.status).isEqualTo(124);
        assertThat(run.err).contains("still running after 60 s", "WATCHQUEUE_KERNEL_DEADLINE");
        assertNoneIsLeft(all);
    }

    @Test
    @Tag("proof")
    void leavesNothingAfterControlC() throws Exception {
        Process process =
                start(
                        directory,
                        Map.of(),
                        "sh",
                        "-c",
                        "trap 'echo interrupted; exit 3' INT; echo up; while :; do sleep 1; done");
        List<ProcessHandle> all = afterTheFirstLine(process, "up");
        // To the whole group, as a terminal does.
        new ProcessBuilder("bash", "-c", "kill -INT -- -" + process.pid())
                .inheritIO()
                .start()
                .waitFor();
        Run run = finish(process);
        assertThat(run.out).isEqualTo("interrupted\n");
        assertThat(run.status).isEqualTo(3);
        assertNoneIsLeft(all);
    }

    @Test
    void leavesNothingAfterBeingKilled() throws Exception {
        List<Path> before = temporaryFiles();
        Process process = start(directory, Map.of(), "sh", "-c", "echo up; sleep 10000");
        List<ProcessHandle> all = afterTheFirstLine(process, "up");
        assertThat(before).containsAll(temporaryFiles());
        process.destroyForcibly();
        assertNoneIsLeft(all);
    }

    @ParameterizedTest
    @CsvSource({
        "WATCHQUEUE_KERNEL,maybe,host or test",
        "WATCHQUEUE_KERNEL_SOURCE,../cache,a suite of Debian",
        "WATCHQUEUE_KERNEL_DEADLINE,soon,seconds",
        "WATCHQUEUE_KERNEL_MEMORY,0,MiB",
        "WATCHQUEUE_KERNEL_ACCEL,magic,'tcg, mttcg or kvm'",
        "WATCHQUEUE_KERNEL_PORTS,http,TCP ports from 1 to 65535",
        "WATCHQUEUE_KERNEL_PORTS,0,TCP ports from 1 to 65535",
        "WATCHQUEUE_KERNEL_PORTS,8080 65536,TCP ports from 1 to 65535",
        "WATCHQUEUE_KERNEL_PORTS,8080 9090 8080,each once"
    })
    void namesAWrongSetting(String name, String value, String takes) throws Exception {
        Run run = finish(start(directory, Map.of(name, value), "true"));
        assertThat(run.status).isEqualTo(125);
        assertThat(run.err).contains(name + "='" + value + "'", takes);
    }

    @Test
    @Tag("proof")
    void runsOnThisMachinesKernelIfAskedTo() throws Exception {
        Run run = finish(start(directory, Map.of("WATCHQUEUE_KERNEL", "host"), "uname", "-r"));
        assertThat(run.out.strip()).isEqualTo(System.getProperty("os.version"));
        assertThat(run("uname", "-r").out.strip()).isNotEqualTo(System.getProperty("os.version"));
    }

    @Test
    void serversInTheGuestAreReachedThroughForwardedPorts() throws Exception {
        List<Integer> ports = twoFreePorts();
        Process process = start(directory, forward(ports), "bash");
        for (int port : ports) {
            tell(process, "perl -MIO::Socket::INET -e '" + ECHO_SERVER + "' " + port + " &");
            assertThat(nextLine(process)).isEqualTo("listening");
        }
        byte[] bytes = new byte[300_000];
        new Random(1).nextBytes(bytes);
        for (int port : ports) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                InputStream in = socket.getInputStream();
                CompletableFuture<byte[]> echo = Background.get(() -> all(in));
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                assertThat(echo.get(300, TimeUnit.SECONDS)).isEqualTo(bytes);
            }
        }
        tell(process, "wait; exit 3");
        Run run = finish(process);
        assertThat(run.err).isEmpty();
        assertThat(run.status).isEqualTo(3);
    }

    @Test
    @Tag("proof")
    void forwardsPortsIntoTheGuestOnly() throws Exception {
        try (ServerSocket ofThisMachine =
                new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process process =
                    start(
                            directory,
                            forward(twoFreePorts()),
                            "perl",
                            "-MIO::Socket::INET",
                            "-e",
                            "print IO::Socket::INET->new(PeerAddr => $ARGV[0]) ? 'reached' : $!",
                            // QEMU's name for this machine's loopback.
                            "10.0.2.2:" + ofThisMachine.getLocalPort());
            Run run = finish(process);
            assertThat(run.err).isEmpty();
            assertThat(run.out).isEqualTo("Connection refused");
        }
    }

    @Test
    @Tag("proof")
    void withoutForwardedPortsThereIsNoNetworkCard() throws Exception {
        Run run = run("sh", "-c", "ls /sys/class/net; echo ${WATCHQUEUE_KERNEL_ADDRESS-none}");
        assertThat(run.out.lines()).contains("lo", "none").doesNotContain("eth0");
    }

    @Test
    void namesAPortThatIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            Run run = finish(start(directory, forward(List.of(port)), "true"));
            assertThat(run.status).isEqualTo(125);
            assertThat(run.err).contains("WATCHQUEUE_KERNEL_PORTS", "port " + port);
        }
    }

    @Test
    void ignoresPortsThatAreTakenOnThisMachinesKernel() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Map<String, String> environment = new HashMap<>(forward(List.of(taken.getLocalPort())));
            environment.put("WATCHQUEUE_KERNEL", "host");
            assertThat(finish(start(directory, environment, "true")).status).isZero();
        }
    }

    private static Map<String, String> forward(List<Integer> ports) {
        return Map.of(
                "WATCHQUEUE_KERNEL_PORTS",
                ports.stream().map(String::valueOf).collect(Collectors.joining(" ")));
    }

    private static List<Integer> twoFreePorts() throws IOException {
        try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return List.of(one.getLocalPort(), two.getLocalPort());
        }
    }

    private static void tell(Process process, String line) throws IOException {
        process.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().flush();
    }

    private Run run(String... command) throws Exception {
        return finish(start(directory, Map.of(), command));
    }

    private Process start(Path directory, Map<String, String> environment, String... command)
            throws IOException {
        // In a process group of its own, so that a test can signal it like a terminal.
        List<String> line =
                new ArrayList<>(
                        List.of("setsid", Path.of("kernel/run").toAbsolutePath().toString()));
        line.addAll(List.of(command));
        ProcessBuilder builder = new ProcessBuilder(line).directory(directory.toFile());
        builder.environment().remove("WATCHQUEUE_KERNEL_PORTS");
        builder.environment().put("WATCHQUEUE_KERNEL", "test");
        builder.environment().put("WATCHQUEUE_KERNEL_DEADLINE", "500");
        builder.environment().putAll(environment);
        Process process = builder.start();
        started.add(process);
        return process;
    }

    private static Run finish(Process process) throws Exception {
        CompletableFuture<String> out =
                Background.get(
                        () -> new String(all(process.getInputStream()), StandardCharsets.UTF_8));
        process.getOutputStream().close();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Run(process.waitFor(), out.get(), err);
    }

    private static byte[] all(InputStream stream) {
        try {
            return stream.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the process and its descendants, once the command in the guest runs. */
    private static List<ProcessHandle> afterTheFirstLine(Process process, String line)
            throws IOException {
        assertThat(nextLine(process)).isEqualTo(line);
        List<ProcessHandle> all = new ArrayList<>(process.toHandle().descendants().toList());
        assertThat(all).as("QEMU at least").isNotEmpty();
        all.add(process.toHandle());
        return all;
    }

    private static String nextLine(Process process) throws IOException {
        InputStream out = process.getInputStream();
        StringBuilder line = new StringBuilder();
        for (int c = out.read(); c >= 0 && c != '\n'; c = out.read()) {
            line.append((char) c);
        }
        return line.toString();
    }

    private static void assertNoneIsLeft(List<ProcessHandle> all) throws Exception {
        for (ProcessHandle process : all) {
            process.onExit().get(60, TimeUnit.SECONDS);
        }
    }

    private static List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.list(Path.of("/tmp"))) {
            return files.filter(
                            file -> file.getFileName().toString().startsWith("watchqueue-kernel"))
                    .toList();
        }
    }

    /** The status and the output of a run. */
    private record Run(int status, String out, String err) {}

    /** Directories for tests in target/. */
    static final class BelowTarget implements TempDirFactory {
        @Override
        public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext extension)
                throws IOException {
            return Files.createTempDirectory(Path.of("target").toAbsolutePath(), "kernel-test");
        }
    }
}
