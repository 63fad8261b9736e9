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
package io.watchqueue.examples.benchmarks;

import io.watchqueue.examples.benchmarks.measured.Measured;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A process that is measured, or that makes changes for a measured one. */
final class Child implements AutoCloseable {

    /** The process ended before it had printed an expected line. */
    static final class EndedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        EndedException(String message) {
            super(message);
        }
    }

    private final List<String> command;
    private final Process process;
    private final BufferedReader output;

    private Child(List<String> command) {
        this.command = command;
        try {
            this.process =
                    new ProcessBuilder(command)
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        this.output = process.inputReader(StandardCharsets.UTF_8);
    }

    /** Starts the program in C. */
    static Child twin(Object... arguments) {
        return start(List.of(Settings.twin()), arguments);
    }

    /** Starts the program in Java, in a JVM with default options. */
    static Child measured(Object... arguments) {
        return measuredIn(List.of(), arguments);
    }

    /** Starts the program in Java, in a JVM with these options. */
    static Child measuredIn(List<String> options, Object... arguments) {
        List<String> program = new ArrayList<>(List.of(Settings.java()));
        program.addAll(options);
        program.addAll(
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        // Otherwise a crash report would be taken for figures.
                        "-XX:+SuppressFatalErrorMessage",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Measured.class.getName()));
        return start(program, arguments);
    }

    private static Child start(List<String> program, Object... arguments) {
        List<String> command = new ArrayList<>(program);
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new Child(command);
    }

    /** Waits for its next line. */
    String line() {
        try {
            String line = output.readLine();
            if (line == null) {
                throw new EndedException(command + " ended with " + process.waitFor());
            }
            return line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Waits for its next line, which is a name and a number. */
    long number(String name) {
        String line = line();
        if (!line.startsWith(name)) {
            throw new IllegalStateException(
                    command + " printed '" + line + "', which does not begin with '" + name + "'");
        }
        return Long.parseLong(line.substring(name.length()));
    }

    /** Waits for its next lines. */
    List<String> lines(int count) {
        List<String> lines = new ArrayList<>();
        while (lines.size() < count) {
            lines.add(line());
        }
        return lines;
    }

    /** Waits until it prints that it is ready. */
    Child ready() {
        String line = line();
        if (!line.equals("ready")) {
            throw new IllegalStateException(command + " printed '" + line + "' instead of 'ready'");
        }
        return this;
    }

    void send(String line) {
        try {
            process.outputWriter().write(line + "\n");
            process.outputWriter().flush();
        } catch (IOException e) {
            throw new EndedException(command + " does not read its input: " + e.getMessage());
        }
    }

    /** Ends its input, so that it prints its results. */
    void endInput() {
        try {
            process.outputWriter().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
