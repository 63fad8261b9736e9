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

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The application's jar on a kernel that has watch queues, and a shell on the same kernel: what
 * {@code examples/run webflux} starts.
 */
final class ServedApplication implements AutoCloseable {

    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final String END = "end of the output, status ";

    private final int port = freePort();
    private final Process process;
    private final PrintStream input;
    private final BlockingQueue<String> output = new LinkedBlockingQueue<>();

    ServedApplication(Path jar, String... properties) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                ROOT.resolve("core/src/kernel/run").toString(),
                                ROOT.resolve("examples/webflux/serve").toString(),
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-XX:TieredStopAtLevel=1",
                                "-XX:+UseSerialGC",
                                "-jar",
                                jar.toString()));
        command.addAll(List.of(properties));
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

    String address() {
        return "http://127.0.0.1:" + port + "/";
    }

    /**
     * Has a shell run this, and waits for its end.
     *
     * @return what it printed
     */
    List<String> run(String line) {
        input.println(line);
        input.println("echo \"" + END + "$?\"");
        List<String> printed = new ArrayList<>();
        while (true) {
            String next = nextLine(line);
            if (next.equals(END + "0")) {
                return printed;
            }
            if (next.startsWith(END)) {
                throw new AssertionError(line + ": " + next + "\n" + String.join("\n", printed));
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
        // The process itself would close its output as well, which is being read.
        process.toHandle().destroy();
        eventually("the application has ended", () -> !process.isAlive());
        all.forEach(ProcessHandle::destroyForcibly);
    }
}
