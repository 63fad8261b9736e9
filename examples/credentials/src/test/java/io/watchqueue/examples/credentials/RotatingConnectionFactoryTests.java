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

import static io.watchqueue.examples.credentials.Eventually.SOON;
import static io.watchqueue.examples.credentials.Eventually.eventually;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.r2dbc.pool.ConnectionPool;
import io.r2dbc.pool.ConnectionPoolConfiguration;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.Connection;
import io.r2dbc.spi.R2dbcPermissionDeniedException;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.SecretUnavailableException;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A real server, and a password that is rotated in a key of the simulated kernel. */
class RotatingConnectionFactoryTests {

    private static PostgresServer server;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private KeyId key;
    private RotatingSecret password;
    private RotatingConnectionFactory connections;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new PostgresServer(folder);
        server.execute("CREATE ROLE app LOGIN");
    }

    @AfterAll
    static void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void follow() throws Exception {
        alterRole("p-0");
        key = keys.add("user", "password", bytes("p-0"), Keyring.USER);
        password = RotatingSecret.follow("@u", "user", "password");
        connections = RotatingConnectionFactory.of(password, server.configuration());
    }

    @AfterEach
    void end() {
        password.dispose();
        kernel.close();
    }

    private static void alterRole(String password) throws Exception {
        server.execute("ALTER ROLE app PASSWORD '" + password + "'");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Mono<Integer> query(Connection connection) {
        return Flux.from(connection.createStatement("SELECT 42").execute())
                .flatMap(result -> result.map((row, metadata) -> row.get(0, Integer.class)))
                .single();
    }

    /** Opens a connection for one query. */
    private Mono<Integer> request() {
        return Mono.usingWhen(
                connections.create(),
                RotatingConnectionFactoryTests::query,
                PostgresqlConnection::close);
    }

    private void rotate(String next) throws Exception {
        alterRole(next);
        keys.update(key, bytes(next));
    }

    @Test
    void aPoolKeepsItsConnectionsAndOpensNewOnesWithTheNewPassword() throws Exception {
        ConnectionPool pool =
                new ConnectionPool(
                        ConnectionPoolConfiguration.builder(connections)
                                .initialSize(1)
                                .maxSize(2)
                                .build());
        Connection before = pool.create().block(SOON);
        alterRole("p-1");
        keys.update(key, bytes("p-1\n")); // as from a file
        Connection after = pool.create().block(SOON);
        assertThat(query(before).block(SOON)).isEqualTo(42);
        assertThat(query(after).block(SOON)).isEqualTo(42);
        assertThat(pool.getMetrics().orElseThrow().allocatedSize()).isEqualTo(2);
        Mono.from(before.close()).block(SOON);
        Mono.from(after.close()).block(SOON);
        pool.disposeLater().block(SOON);
    }

    @Test
    void aConnectionThatIsRefusedWaitsForTheNextPassword() throws Exception {
        long before = server.refusals();
        alterRole("p-1");
        CompletableFuture<Integer> early = request().toFuture();
        eventually("it is refused", () -> server.refusals() > before);
        keys.update(key, bytes("p-1"));
        assertThat(early).succeedsWithin(SOON).isEqualTo(42);
    }

    @Test
    void aConnectionFailsIfNoOtherPasswordComes() throws Exception {
        alterRole("another");
        assertThatThrownBy(
                        () ->
                                RotatingConnectionFactory.of(
                                                password, server.configuration(), Duration.ZERO)
                                        .create()
                                        .block(SOON))
                .isInstanceOf(R2dbcPermissionDeniedException.class);
    }

    @Test
    void withoutAPasswordNoConnectionIsTried() throws Exception {
        long before = server.refusals();
        keys.revoke(key);
        assertThatThrownBy(() -> request().block(SOON))
                .isInstanceOf(SecretUnavailableException.class)
                .hasMessageContaining("was revoked");
        assertThat(server.refusals()).isEqualTo(before);
    }

    @Test
    void noRequestFailsWhileThePasswordIsRotated() throws Exception {
        rotateUnderLoad(10);
    }

    @Test
    @Tag("proof")
    void noRequestFailsWhileThePasswordIsRotatedAHundredTimes() throws Exception {
        rotateUnderLoad(100);
    }

    /** Each request opens a connection, so that each needs the password. */
    private void rotateUnderLoad(int rotations) throws Exception {
        Load load = Load.begin(request());
        for (int rotation = 1; rotation <= rotations; rotation++) {
            rotate("p-" + rotation);
            load.awaitLaterRequests();
        }
        load.end();
    }
}
