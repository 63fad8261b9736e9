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
import io.r2dbc.postgresql.PostgresqlConnectionFactory;
import io.r2dbc.postgresql.api.PostgresqlConnection;
import io.r2dbc.spi.ConnectionFactory;
import io.r2dbc.spi.ConnectionFactoryMetadata;
import io.r2dbc.spi.R2dbcPermissionDeniedException;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Secret;

import reactor.core.publisher.Mono;

import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Opens connections to PostgreSQL with the current password of a role, for r2dbc-pool or alone.
 * Connections that are open stay open when the password is rotated, because the server asks for it
 * only at the beginning.
 *
 * <p>A rotation has two steps: {@code ALTER ROLE} on the server, and then the update of the key. A
 * connection that the server refuses between the two waits for the next password, for up to 10
 * seconds, and is tried again. It fails if there is no other password by then.
 */
public final class RotatingConnectionFactory implements ConnectionFactory {

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final RotatingSecret password;
    private final PostgresqlConnectionFactory connections;
    private final Duration patience;

    private RotatingConnectionFactory(
            RotatingSecret password, PostgresqlConnectionFactory connections, Duration patience) {
        this.password = password;
        this.connections = connections;
        this.patience = patience;
    }

    /**
     * Opens connections with a password.
     *
     * @param password the password, in UTF-8; a newline at the end, as files have, is left out
     * @param configuration the rest: host, port, database and role
     * @return the factory
     */
    public static RotatingConnectionFactory of(
            RotatingSecret password, PostgresqlConnectionConfiguration.Builder configuration) {
        return of(password, configuration, PATIENCE);
    }

    static RotatingConnectionFactory of(
            RotatingSecret password,
            PostgresqlConnectionConfiguration.Builder configuration,
            Duration patience) {
        Mono<CharSequence> current = password.current(RotatingConnectionFactory::text);
        return new RotatingConnectionFactory(
                password,
                new PostgresqlConnectionFactory(configuration.password(current).build()),
                patience);
    }

    private static CharSequence text(Secret secret) {
        return StandardCharsets.UTF_8.decode(secret.payload()).toString().replaceFirst("\n$", "");
    }

    @Override
    public Mono<PostgresqlConnection> create() {
        return password.current(Secret::version)
                .flatMap(
                        version ->
                                connections
                                        .create()
                                        .onErrorResume(
                                                R2dbcPermissionDeniedException.class,
                                                refusal -> afterRotation(version, refusal)));
    }

    /** The password that was refused may be newer than that version; then there is no wait. */
    private Mono<PostgresqlConnection> afterRotation(
            long version, R2dbcPermissionDeniedException refusal) {
        return NextVersion.after(password, version, patience)
                .flatMap(rotated -> rotated ? create() : Mono.error(refusal));
    }

    @Override
    public ConnectionFactoryMetadata getMetadata() {
        return connections.getMetadata();
    }
}
