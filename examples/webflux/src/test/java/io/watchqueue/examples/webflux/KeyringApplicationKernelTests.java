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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.http.codec.ServerSentEvent;

import reactor.core.Disposable;
import reactor.core.Disposables;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The application on a real kernel, whose keys another process changes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("proof")
class KeyringApplicationKernelTests {

    private final Keyctl keys = Keyctl.system();
    private final KeyId orders = keys.addKeyring("orders", Keyring.USER);
    private final RunningApplication application =
            RunningApplication.start(
                    "watchqueue.keyrings=" + orders,
                    "watchqueue.linger=100ms",
                    "watchqueue.capacity=32");
    // Those of an application that an earlier class closed may end later.
    private final Set<String> pipesAtRest = pipes();
    private List<ServerSentEvent<JsonNode>> received = List.of();
    private Disposable subscription = Disposables.disposed();

    @AfterEach
    void theQueueIsClosedAgain() {
        subscription.dispose();
        keys.clear(orders);
        eventually("the queue is closed", () -> pipesAtRest.containsAll(pipes()));
    }

    @AfterAll
    void end() {
        application.close();
        keys.unlink(orders, Keyring.USER);
    }

    private static int keyctl(String... arguments) throws Exception {
        Process process =
                new ProcessBuilder(
                                Stream.concat(Stream.of("keyctl"), Stream.of(arguments)).toList())
                        .redirectErrorStream(true)
                        .start();
        String output =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(output).isZero();
        return output.isEmpty() ? 0 : Integer.parseInt(output);
    }

    /** The events, each as "type key", or "EVENT key" for a change of a key. */
    private List<String> changes() {
        return received.stream()
                .map(ServerSentEvent::data)
                .map(
                        event ->
                                event.path("event").asString(event.get("type").asString())
                                        + " "
                                        + event.path("key").asInt(0))
                .toList();
    }

    private void subscribe() {
        List<ServerSentEvent<JsonNode>> events = new CopyOnWriteArrayList<>();
        received = events;
        subscription =
                application
                        .changes(orders.toString())
                        .filter(event -> event.event() != null)
                        .subscribe(events::add, e -> {});
        eventually(
                "the snapshot has arrived", () -> changes().equals(List.of("snapshot " + orders)));
    }

    @Test
    void reportsChangesMadeByKeyctl() throws Exception {
        subscribe();
        int token = keyctl("add", "user", "token", "hunter2", orders.toString());
        eventually("that many events have arrived", () -> received.size() == 2);
        keyctl("timeout", Integer.toString(token), "86400");
        eventually("that many events have arrived", () -> received.size() == 3);
        keyctl("revoke", Integer.toString(token));
        eventually("that many events have arrived", () -> received.size() == 4);
        keyctl("unlink", Integer.toString(token), orders.toString());
        eventually("that many events have arrived", () -> received.size() == 5);
        assertThat(changes())
                .containsExactly(
                        "snapshot " + orders,
                        "linked " + token,
                        "SETATTR " + token,
                        "REVOKED " + token,
                        "unlinked " + token);
        JsonNode linked = received.get(1).data();
        assertThat(linked.get("keyDescription").asString()).isEqualTo("token");
        assertThat(linked.get("keyring").asInt()).isEqualTo(orders.value());
        assertThat(linked.get("keyringDescription").asString()).isEqualTo("orders");
        assertThat(received.toString()).doesNotContain("hunter2");
    }

    @Test
    void followsAKeyAgainThatWasUnlinkedWithoutView() {
        KeyId token = keys.add("user", "unseen", new byte[] {1}, Keyring.USER);
        keys.link(token, orders);
        subscribe();
        keys.setPermissions(token, 0x3e3e3e3e);
        keys.unlink(token, orders);
        eventually("that many events have arrived", () -> received.size() == 3);
        keys.setPermissions(token, 0x3f3f3f3f);
        keys.link(token, orders);
        eventually("that many events have arrived", () -> received.size() == 4);
        keys.revoke(token);
        eventually("that many events have arrived", () -> received.size() == 5);
        assertThat(changes())
                .containsExactly(
                        "snapshot " + orders,
                        "SETATTR " + token,
                        "unlinked " + token,
                        "linked " + token,
                        "REVOKED " + token);
        keys.unlink(token, Keyring.USER);
    }

    @Test
    void reportsAnOverflow() {
        KeyId token = keys.add("user", "token", new byte[] {1}, orders);
        subscribe();
        // One process makes changes faster than the application handles them.
        eventually(
                "a loss has arrived",
                () -> {
                    for (int change = 0; change < 1000; change++) {
                        keys.update(token, new byte[] {1});
                    }
                    return changes().contains("lost 0");
                });
        int loss = changes().indexOf("lost 0");
        assertThat(received.get(loss).data().get("origin").asString()).isEqualTo("KERNEL");
        keys.unlink(token, orders);
        // A look after another loss may find it destroyed before its notification is read.
        eventually(
                "a change after it has arrived",
                () ->
                        changes().contains("unlinked " + token)
                                || changes().contains("gone " + token));
    }

    @Test
    void closesTheQueueWithTheLastBrowser() {
        subscribe();
        assertThat(pipesAtRest.containsAll(pipes())).isFalse();
        subscription.dispose();
        eventually("no pipe but those of before", () -> pipesAtRest.containsAll(pipes()));
    }

    /** The pipes of this process, by their inodes. */
    private static Set<String> pipes() {
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
            return descriptors
                    .map(KeyringApplicationKernelTests::target)
                    .filter(target -> target.startsWith("pipe:"))
                    .collect(Collectors.toSet());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String target(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString();
        } catch (IOException e) {
            // It was closed after it was listed.
            return "closed";
        }
    }

    @Test
    void healthReportsTheKernel() {
        JsonNode health = application.get("/actuator/health/details");
        assertThat(health.get("status").asString()).isEqualTo("UP");
        assertThat(health.at("/components/watchQueue/details/kernel").asString()).contains("Linux");
    }
}
