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
package io.watchqueue.examples.credentials;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A server of a Debian package, which a script beside the pom starts. */
final class ServerProcess implements AutoCloseable {

    private final String script;
    private final Path log;
    private final int port;
    private final Process server;

    /**
     * Starts a server. The first start may install the package.
     *
     * @param script gets the folder and a free port of 127.0.0.1
     * @param folder a new folder directly in the one for temporary files, because the server may
     *     have to run as another user
     * @param environment variables of the script
     */
    ServerProcess(String script, Path folder, Map<String, String> environment) throws IOException {
        this.script = script;
        log = folder.resolve("log");
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        ProcessBuilder command =
                new ProcessBuilder(script, folder.toString(), Integer.toString(port))
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile());
        command.environment().putAll(environment);
        server = command.start();
    }

    int port() {
        return port;
    }

    /** The output of script and server. */
    Path log() {
        return log;
    }

    /** Waits until the server answers, without a limit, because a package may be downloaded. */
    void await(Eventually.Condition answers) throws Exception {
        while (!answers.holds()) {
            if (!server.isAlive()) {
                throw new IOException(script + " did not start:\n" + Files.readString(log));
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    @Override
    public void close() throws InterruptedException {
        server.destroy(); // waits for the sessions to end
        if (!server.waitFor(1, TimeUnit.MINUTES)) {
            server.destroyForcibly();
        }
    }
}
