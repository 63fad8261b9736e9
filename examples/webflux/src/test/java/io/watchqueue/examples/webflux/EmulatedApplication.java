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
package io.watchqueue.examples.webflux;

import static io.watchqueue.examples.webflux.RunningApplication.eventually;

import io.watchqueue.KeyId;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The application's jar on a kernel that has watch queues, and a shell on the same kernel, as
 * {@code examples/run webflux} starts them.
 */
final class EmulatedApplication implements ServedApplication {

    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final String END = "end of the output, status ";

    /** Prints each member of a keyring, and of the keyrings in it. */
    private static final String WALK =
            "walk() { local key; for key in $(keyctl rlist $1 2> /dev/null); do echo $1-$key;"
                    + " case $(keyctl rdescribe $key 2> /dev/null) in keyring*) walk $key ;; esac; done; }";

    /** One process makes changes faster than the application handles them. */
    private static final String FLOOD =
            "perl -e 'my ($KEYCTL, $KEYCTL_UPDATE, $payload) = (250, 2, \"1\");"
                    + " syscall($KEYCTL, $KEYCTL_UPDATE, $ARGV[0] + 0, $payload, 1) for 1 .. 5000' ";

    private final int port = freePort();
    private final Process process;
    private final PrintStream input;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>();

    EmulatedApplication(Path jar, String... properties) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                ROOT.resolve("core/kernel/run").toString(),
                                ROOT.resolve("examples/webflux/serve").toString(),
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-jar",
                                jar.toString()));
        Stream.of(properties).map(property -> "--" + property).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putAll(
                        Map.of(
                                "SERVER_PORT", Integer.toString(port),
                                "WATCHQUEUE_KERNEL_PORTS", Integer.toString(port)));
        process = builder.start();
        input = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread reader = new Thread(this::read, "output of the application");
        reader.setDaemon(true);
        reader.start();
        // One stream for both: otherwise an error can arrive after the end of the command's output.
        run("exec 2>&1");
        run(WALK);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void read() {
        try (BufferedReader lines = process.inputReader()) {
            lines.lines().forEach(output::add);
        } catch (IOException e) {
            output.add(e.toString());
        }
        output.add(END + "none: it has ended");
    }

    @Override
    public String address() {
        return "http://127.0.0.1:" + port + "/";
    }

    @Override
    public void stop() {
        run("stop");
    }

    @Override
    public void start() {
        run("start");
    }

    @Override
    public KeyId addKeyring(String description, KeyId keyring) {
        return key(run("keyctl newring " + description + " " + keyring));
    }

    @Override
    public KeyId addKey(String description, String payload, KeyId keyring) {
        return key(run("keyctl add user " + description + " " + payload + " " + keyring));
    }

    private static KeyId key(List<String> printed) {
        return KeyId.of(Integer.parseInt(printed.get(0)));
    }

    @Override
    public void update(KeyId key, String payload) {
        run("keyctl update " + key + " " + payload);
    }

    @Override
    public void flood(KeyId key) {
        run(FLOOD + key);
    }

    @Override
    public void setTimeout(KeyId key, Duration timeout) {
        run("keyctl timeout " + key + " " + timeout.toSeconds());
    }

    @Override
    public void link(KeyId key, KeyId keyring) {
        run("keyctl link " + key + " " + keyring);
    }

    @Override
    public void unlink(KeyId key, KeyId keyring) {
        run("keyctl unlink " + key + " " + keyring);
    }

    @Override
    public void move(KeyId key, KeyId from, KeyId to) {
        run("keyctl move -f " + key + " " + from + " " + to);
    }

    @Override
    public void clear(KeyId keyring) {
        run("keyctl clear " + keyring);
    }

    @Override
    public void revoke(KeyId key) {
        run("keyctl revoke " + key);
    }

    @Override
    public void invalidate(KeyId key) {
        run("keyctl invalidate " + key);
    }

    @Override
    public Set<String> links(KeyId keyring) {
        return new TreeSet<>(run("walk " + keyring));
    }

    /** Runs a line in the shell, and returns the lines that it printed. */
    private List<String> run(String line) {
        // In one line, because each further line would have a status of its own.
        input.println(line + "; echo \"" + END + "$?\"");
        List<String> printed = new ArrayList<>();
        while (true) {
            String next = nextLine(line);
            if (next.equals(END + "0")) {
                return printed;
            }
            if (next.startsWith(END)) {
                throw new RefusedException(line + ": " + next + "\n" + String.join("\n", printed));
            }
            printed.add(next);
        }
    }

    private String nextLine(String line) {
        try {
            String next = output.poll(10, TimeUnit.MINUTES);
            if (next == null) {
                throw new AssertionError(line + ": no end");
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        Stream<ProcessHandle> all = process.descendants();
        // Process.destroy() would also close its output, which is still being read.
        process.toHandle().destroy();
        eventually("the application has ended", () -> !process.isAlive());
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
