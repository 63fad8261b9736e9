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

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Runs keyctl(1) in one shell for all changes. On an emulated machine a JVM takes a tenth of a
 * second to start a process, and a shell takes less. The shell ends with this process, which closes
 * its standard input.
 */
final class KeyctlShell implements Demonstration.Changes {

    private static final int COMMAND_NOT_FOUND = 127;

    /**
     * Null before the first change, so that the shell starts in the demonstration's session
     * keyring.
     */
    private @Nullable Process shell;

    @Override
    public String make(List<String> arguments) throws IOException {
        Process started = shell;
        if (started == null) {
            started = new ProcessBuilder("sh").redirectError(Redirect.INHERIT).start();
            shell = started;
        }
        String command = "keyctl " + String.join(" ", arguments);
        String line = "answer=$(" + command + "); echo $? $answer\n";
        started.getOutputStream().write(line.getBytes(StandardCharsets.UTF_8));
        started.getOutputStream().flush();
        String answer = started.inputReader(StandardCharsets.UTF_8).readLine();
        if (answer == null) {
            throw new IOException(command + " was not run: the shell has ended");
        }
        String[] statusAndOutput = answer.split(" ", 2);
        int status = Integer.parseInt(statusAndOutput[0]);
        if (status == COMMAND_NOT_FOUND) {
            throw new IOException("keyctl(1) cannot be run: install the package keyutils");
        }
        if (status != 0) {
            throw new IOException(command + " failed with status " + status);
        }
        return statusAndOutput.length > 1 ? statusAndOutput[1] : "";
    }
}
