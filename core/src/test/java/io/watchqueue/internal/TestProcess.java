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
package io.watchqueue.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Actions of kernel tests on their process, on x86-64 as root. */
public final class TestProcess {

    private static final int SETRESUID = 117;
    private static final int GETTID = 186;
    private static final int TGKILL = 234;
    private static final int SIGUSR2 = 12;

    private TestProcess() {}

    /**
     * Returns the command that runs a program in a JVM like this one, with this one's options and
     * classes.
     */
    public static List<String> java(Class<?> program, Object... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return command;
    }

    /** Runs an action on a thread of its own that belongs to an unprivileged user. */
    public static void as(int uid, Runnable action) {
        onNewThread(
                () -> {
                    // Of this thread alone; the C library would change the whole process.
                    assertThat(LibC.syscall(SETRESUID, uid, uid, uid, 0, 0)).isZero();
                    action.run();
                });
    }

    /** Runs an action on a thread of its own. */
    public static void onNewThread(Runnable action) {
        Background.run(action).orTimeout(300, TimeUnit.SECONDS).join();
    }

    /** The number that the kernel has for the calling thread. */
    public static long threadId() {
        return LibC.syscall(GETTID, 0, 0, 0, 0, 0);
    }

    /** Sends a thread a signal that the JVM ignores but handles: it interrupts system calls. */
    public static void disturb(long threadId) {
        long process = ProcessHandle.current().pid();
        assertThat(LibC.syscall(TGKILL, process, threadId, SIGUSR2, 0, 0)).isZero();
    }

    /** Waits until a thread of this process sleeps in the kernel. */
    public static void awaitSleep(long threadId) {
        Path stat = Path.of("/proc/self/task", Long.toString(threadId), "stat");
        Await.until("thread " + threadId + " sleeps", () -> state(stat) == 'S');
    }

    /** The state of a thread, by its letter in proc(5); 'X', dead, if it has ended. */
    public static char state(Path stat) {
        try {
            // pid (name) state ...
            String line = Files.readString(stat);
            return line.charAt(line.lastIndexOf(')') + 2);
        } catch (NoSuchFileException ended) {
            return 'X';
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs an action with a soft RLIMIT_NOFILE. */
    public static void withOpenFiles(long limit, Runnable action) throws Exception {
        String before = command("prlimit", "--noheadings", "--output=SOFT", "--nofile");
        set(limit);
        try {
            action.run();
        } finally {
            set(Long.parseLong(before.strip()));
        }
    }

    /** Lets this process, which has to be root's, open more files than it could before. */
    public static void raiseOpenFiles(long limit) throws Exception {
        set(limit + ":" + limit);
    }

    private static void set(long limit) throws Exception {
        set(limit + ":");
    }

    private static void set(String limits) throws Exception {
        command(
                "prlimit",
                "--pid",
                Long.toString(ProcessHandle.current().pid()),
                "--nofile=" + limits);
    }

    /** Runs a command, which has to succeed, and returns its output. */
    static String command(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        // The JVM closes them itself, but only a moment after the process has ended.
        process.getOutputStream().close();
        process.getInputStream().close();
        process.getErrorStream().close();
        return output;
    }

    /** Runs an action with a value in /proc/sys. */
    public static void withSysctl(String name, long value, Runnable action) throws IOException {
        Path file = Path.of("/proc/sys", name.replace('.', '/'));
        byte[] before;
        // In one read(2), which Files.readString does not do: such a file returns no second part.
        try (InputStream in = Files.newInputStream(file)) {
            before = in.readAllBytes();
        }
        Files.writeString(file, Long.toString(value));
        try {
            action.run();
        } finally {
            Files.write(file, before);
        }
    }

    /** Whether the kernel is one that core/kernel/run has booted, which no other user shares. */
    public static boolean isOnTheTestKernel() throws IOException {
        return Files.readString(Path.of("/proc/cmdline")).contains("/watchqueue-kernel.");
    }

    /** Runs an action with the machine's clock set forward, or back. */
    public static void withClockStep(Duration step, Runnable action) throws Exception {
        setClock(Instant.now().plus(step));
        try {
            action.run();
        } finally {
            setClock(Instant.now().minus(step));
        }
    }

    private static void setClock(Instant time) throws Exception {
        command("date", "--utc", "--set=" + time);
    }

    /** The number of descriptors of this process. */
    public static long descriptors() throws IOException {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        }
    }

    /** The folder in /proc of the thread with that name, of which /proc keeps 15 bytes. */
    public static Path thread(String name) throws IOException {
        String kept = name.substring(0, Math.min(name.length(), 15));
        try (Stream<Path> threads = Files.list(Path.of("/proc/self/task"))) {
            for (Path thread : threads.toList()) {
                if (Files.readString(thread.resolve("comm")).strip().equals(kept)) {
                    return thread;
                }
            }
        }
        throw new AssertionError("no thread is named " + name);
    }
}
