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

import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.ReauthenticateBehavior;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.StringCodec;
import io.lettuce.core.event.connection.ReauthenticationEvent;
import io.lettuce.core.event.connection.ReauthenticationFailedEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;
import io.watchqueue.reactor.secret.Secret;
import io.watchqueue.reactor.secret.SecretUnavailableException;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A real server, and a password that is rotated in a key of the simulated kernel. */
class RotatingRedisCredentialsTests {

    private static RedisServer server;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private KeyId key;
    private RotatingSecret password;
    private RedisURI uri;
    private RedisClient client;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        server = new RedisServer(folder);
    }

    @AfterAll
    static void stop() throws Exception {
        if (server != null) {
            server.close();
        }
    }

    @BeforeEach
    void follow() {
        server.setUser(
                AclSetuserArgs.Builder.reset().on().allKeys().allCommands().addPassword("p-0"));
        key = keys.add("user", "password", bytes("p-0"), Keyring.USER);
        password = RotatingSecret.follow("@u", "user", "password");
        uri = server.uri().withAuthentication(RotatingRedisCredentials.of(password, "app")).build();
        client = RedisClient.create(uri);
    }

    @AfterEach
    void end() {
        client.shutdown();
        password.dispose();
        kernel.close();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Opens a connection for one command. */
    private Mono<String> request() {
        return Mono.usingWhen(
                Mono.defer(
                        () -> Mono.fromCompletionStage(client.connectAsync(StringCodec.UTF8, uri))),
                connection -> connection.reactive().ping(),
                connection -> Mono.fromCompletionStage(connection.closeAsync()));
    }

    private long version() {
        return password.current(Secret::version).block(SOON);
    }

    /** Updates the key, and returns when the update is used. */
    private void update(String next) {
        long version = version();
        keys.update(key, bytes(next));
        assertThat(NextVersion.after(password, version, SOON).block()).isTrue();
    }

    private void reauthenticate() {
        client.setOptions(
                ClientOptions.builder()
                        .reauthenticateBehavior(ReauthenticateBehavior.ON_NEW_CREDENTIALS)
                        .build());
    }

    /** The results of authentications after the first of a connection, one by one. */
    private List<Object> reauthentications() {
        List<Object> events = new CopyOnWriteArrayList<>();
        client.getResources()
                .eventBus()
                .get()
                .filter(
                        event ->
                                event instanceof ReauthenticationEvent
                                        || event instanceof ReauthenticationFailedEvent)
                .subscribe(events::add);
        return events;
    }

    @Test
    void connectionsOfBeforeGoOnAndNewOnesUseTheNewPassword() {
        try (StatefulRedisConnection<String, String> before = client.connect()) {
            server.setUser(AclSetuserArgs.Builder.addPassword("p-1"));
            update("p-1\n"); // as from a file
            server.setUser(AclSetuserArgs.Builder.removePassword("p-0"));
            assertThat(before.sync().ping()).isEqualTo("PONG");
            try (StatefulRedisConnection<String, String> after = client.connect()) {
                assertThat(after.sync().aclWhoami()).isEqualTo("app");
            }
        }
    }

    @Test
    void aConnectionThatIsOpenedAgainUsesTheNewPassword() throws Exception {
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            server.setUser(AclSetuserArgs.Builder.addPassword("p-1"));
            update("p-1");
            server.setUser(AclSetuserArgs.Builder.removePassword("p-0"));
            long before = connection.sync().clientId();
            server.disconnectUser();
            eventually(
                    "it is open again",
                    () -> connection.isOpen() && connection.sync().clientId() != before);
            assertThat(connection.sync().aclWhoami()).isEqualTo("app");
        }
    }

    @Test
    void anOpenConnectionIsAuthenticatedAgain() throws Exception {
        reauthenticate();
        List<Object> reauthentications = reauthentications();
        try (StatefulRedisConnection<String, String> connection = client.connect()) {
            eventually("the password at the beginning", () -> reauthentications.size() == 1);
            server.setUser(AclSetuserArgs.Builder.addPassword("p-1"));
            update("p-1");
            eventually("the next password", () -> reauthentications.size() == 2);
            update("p-2");
            eventually(
                    "the one that the server does not know", () -> reauthentications.size() == 3);
            assertThat(reauthentications)
                    .hasExactlyElementsOfTypes(
                            ReauthenticationEvent.class,
                            ReauthenticationEvent.class,
                            ReauthenticationFailedEvent.class);
            assertThat(connection.sync().ping()).isEqualTo("PONG");
        }
    }

    @Test
    void connectsOnAThreadThatMustNotBlock() {
        assertThat(request().subscribeOn(Schedulers.parallel()).block(SOON)).isEqualTo("PONG");
    }

    @Test
    void passwordsAreTextInUtf8() {
        server.setUser(AclSetuserArgs.Builder.addPassword("pässwörd-€-𝄞"));
        update("pässwörd-€-𝄞");
        server.setUser(AclSetuserArgs.Builder.removePassword("p-0"));
        assertThat(request().block(SOON)).isEqualTo("PONG");
    }

    @Test
    void aPasswordThatTheServerDoesNotKnowIsRefused() {
        update("p-1");
        assertThatThrownBy(client::connect)
                .isInstanceOf(RedisConnectionException.class)
                .rootCause()
                .hasMessageContaining("WRONGPASS");
    }

    @Test
    void withoutAPasswordNoConnectionIsTried() {
        long before = server.refusals();
        keys.revoke(key);
        assertThatThrownBy(client::connect)
                .cause()
                .isInstanceOf(SecretUnavailableException.class)
                .hasMessageContaining("was revoked");
        assertThat(server.refusals()).isEqualTo(before);
    }

    @Test
    void credentialsGoOnAfterAPasswordThatHasExpired() throws Exception {
        List<String> passwords = new CopyOnWriteArrayList<>();
        List<Throwable> errors = new CopyOnWriteArrayList<>();
        assertThat(version()).isEqualTo(1);
        keys.setTimeout(key, Duration.ofMinutes(1));
        kernel.advance(Duration.ofMinutes(2)); // which the kernel does not report
        Disposable credentials =
                uri.getCredentialsProvider()
                        .credentials()
                        .map(current -> new String(current.getPassword()))
                        .subscribe(passwords::add, errors::add);
        password.rotations().any(Rotation.Unavailable.class::isInstance).block(SOON);
        keys.add("user", "password", bytes("p-1"), Keyring.USER);
        eventually("the next one", () -> !passwords.isEmpty() || !errors.isEmpty());
        credentials.dispose();
        assertThat(errors).isEmpty();
        assertThat(passwords).containsOnly("p-1");
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
        long refusals = server.refusals();
        try (StatefulRedisConnection<String, String> before = client.connect()) {
            Load load = Load.begin(request().zipWith(before.reactive().ping()));
            for (int rotation = 1; rotation <= rotations; rotation++) {
                server.setUser(AclSetuserArgs.Builder.addPassword("p-" + rotation));
                update("p-" + rotation);
                load.awaitLaterRequests();
                server.setUser(AclSetuserArgs.Builder.removePassword("p-" + (rotation - 1)));
                load.awaitLaterRequests();
            }
            load.end();
        }
        assertThat(server.refusals()).isEqualTo(refusals);
    }
}
