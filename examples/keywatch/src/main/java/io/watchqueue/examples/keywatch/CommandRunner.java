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

import org.jspecify.annotations.Nullable;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/** Runs a command, again and again, until {@link #end()}. */
final class CommandRunner {

    private static final int GRACE_SECONDS = 5;
    private static final File NOTHING = new File("/dev/null");

    private final List<String> command;
    private final PrintWriter err;
    private @Nullable Process running;
    private boolean ended;

    CommandRunner(List<String> command, PrintWriter err) {
        this.command = List.copyOf(command);
        this.err = err;
    }

    /** Runs the command with changes in its environment. Reports that it failed, and returns. */
    void run(PendingChanges.Batch changes) throws InterruptedException {
        try {
            Process process = start(changes);
            if (process != null) {
                endedWith(process.waitFor());
            }
        } catch (IOException e) {
            // It may be there again at the next change: a program is being replaced, for example.
            err.println("keywatch: " + e.getMessage());
        }
    }

    /** Returns null if it may not be started any more. */
    private synchronized @Nullable Process start(PendingChanges.Batch changes) throws IOException {
        if (ended) {
            return null;
        }
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectInput(NOTHING)
                        .redirectOutput(Redirect.INHERIT)
                        .redirectError(Redirect.INHERIT);
        Map<String, String> environment = builder.environment();
        environment.put("WATCHQUEUE_EVENTS", changes.events());
        put(environment, "WATCHQUEUE_EVENTS_OMITTED", changes.omitted());
        put(environment, "WATCHQUEUE_LOSS", changes.lost() ? 1 : 0);
        running = builder.start();
        return running;
    }

    /** For zero there is not a variable, even if this process has inherited one. */
    private static void put(Map<String, String> environment, String name, int value) {
        environment.remove(name);
        if (value != 0) {
            environment.put(name, Integer.toString(value));
        }
    }

    private synchronized void endedWith(int status) {
        running = null;
        if (status != 0 && !ended) {
            err.println("keywatch: " + command.get(0) + " ended with status " + status);
        }
    }

    /** Ends the command with all that it has started, and starts it never again. */
    void end() {
        Process last;
        synchronized (this) {
            ended = true;
            last = running;
        }
        if (last != null) {
            end(Stream.concat(last.descendants(), Stream.of(last.toHandle())).toList());
        }
    }

    private static void end(List<ProcessHandle> processes) {
        CompletableFuture<Void> gone =
                CompletableFuture.allOf(
                        processes.stream()
                                .map(ProcessHandle::onExit)
                                .toArray(CompletableFuture[]::new));
        processes.forEach(ProcessHandle::destroy);
        try {
            gone.get(GRACE_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException | ExecutionException e) {
            processes.forEach(ProcessHandle::destroyForcibly);
        } catch (InterruptedException e) {
            processes.forEach(ProcessHandle::destroyForcibly);
            Thread.currentThread().interrupt();
        }
    }
}
