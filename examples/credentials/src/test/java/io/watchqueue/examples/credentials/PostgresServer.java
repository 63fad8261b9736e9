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

import io.r2dbc.postgresql.PostgresqlConnectionConfiguration;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A PostgreSQL server of the Debian package, with a role whose password is rotated. */
final class PostgresServer implements AutoCloseable {

    private final Path folder;
    private final ServerProcess server;

    /**
     * Starts a server. The first start may install the package.
     *
     * @param folder see {@link ServerProcess}
     */
    PostgresServer(Path folder) throws Exception {
        this.folder = folder;
        server = new ServerProcess("./postgres", folder, Map.of());
        server.await(this::answers);
    }

    private boolean answers() throws IOException, InterruptedException {
        return Files.exists(folder.resolve(".s.PGSQL." + server.port()))
                && psql("SELECT 1").isEmpty();
    }

    PostgresqlConnectionConfiguration.Builder configuration() {
        return PostgresqlConnectionConfiguration.builder()
                .host("127.0.0.1")
                .port(server.port())
                .database("postgres")
                .username("app");
    }

    /** The number of connections that were refused. */
    long refusals() throws IOException {
        try (Stream<String> lines = Files.lines(server.log())) {
            return lines.filter(line -> line.contains("password authentication failed")).count();
        }
    }

    /** Runs a statement as the administrator. */
    void execute(String statement) throws IOException, InterruptedException {
        String complaint = psql(statement);
        if (!complaint.isEmpty()) {
            throw new IOException(complaint);
        }
    }

    /** Returns the error; empty if there is none. */
    private String psql(String statement) throws IOException, InterruptedException {
        Process psql =
                new ProcessBuilder(
                                List.of(
                                        "psql",
                                        "--no-psqlrc",
                                        "--quiet",
                                        "--tuples-only",
                                        "--set=ON_ERROR_STOP=1",
                                        "--host=" + folder,
                                        "--port=" + server.port(),
                                        "--username=admin",
                                        "--dbname=postgres",
                                        "--output=/dev/null"))
                        .redirectErrorStream(true)
                        .start();
        try (OutputStream stdin = psql.getOutputStream()) {
            stdin.write(statement.getBytes(StandardCharsets.UTF_8));
        }
        String output =
                new String(psql.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return psql.waitFor() == 0 ? "" : statement + ": " + output;
    }

    @Override
    public void close() throws InterruptedException {
        server.close();
    }
}
