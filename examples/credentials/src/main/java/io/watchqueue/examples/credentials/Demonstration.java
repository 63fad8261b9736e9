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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;
import io.watchqueue.reactor.secret.SecretUnavailableException;
import io.watchqueue.test.SimulatedKernel;

import org.jspecify.annotations.Nullable;
import org.springframework.http.client.reactive.JdkClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;

import reactor.core.Disposable;
import reactor.core.publisher.Mono;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A client calls an API with a token, and another process, keyctl(1), rotates the token in about
 * every possible way. All keys are in a new session keyring, which ends with the process.
 */
public final class Demonstration implements AutoCloseable {

    /** Makes the changes that are demonstrated. */
    interface Changes {

        /**
         * Makes a change.
         *
         * @param input the standard input of keyctl(1)
         * @param arguments the arguments of keyctl(1)
         * @return the output of keyctl(1)
         */
        String make(byte[] input, List<String> arguments) throws IOException, InterruptedException;
    }

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int FLOOD = 500;
    private static final String OK = "204";

    private final PrintStream out;
    private final Changes changes;
    private final Keyctl keys = Keyctl.system();
    private final KeyId vault;
    private final TokenServer server;
    private final RotatingSecret secret;
    private final WebClient client;
    private final BlockingQueue<Rotation> rotations = new LinkedBlockingQueue<>();
    private final Disposable log;

    private Demonstration(PrintStream out, Changes changes) throws IOException {
        this.out = out;
        this.changes = changes;
        KeyId session = keys.joinSession("credentials-" + ProcessHandle.current().pid());
        vault = keys.addKeyring("vault", session);
        server = new TokenServer();
        secret = RotatingSecret.follow(vault.toString(), "user", "api-token");
        client =
                WebClient.builder()
                        .baseUrl(server.uri().toString())
                        .clientConnector(new JdkClientHttpConnector())
                        .filter(BearerTokenFilter.of(secret, server.uri(), PATIENCE))
                        .build();
        log = secret.rotations().subscribe(this::print);
    }

    /**
     * Runs the demonstration.
     *
     * @param arguments none, or {@code --simulated}: on the library's simulated kernel
     * @throws Exception if it fails
     */
    public static void main(String[] arguments) throws Exception {
        switch (String.join(" ", arguments)) {
            case "" -> run(System.out, Demonstration::keyctl);
            case "--simulated" -> simulate(System.out);
            default ->
                    throw new IllegalArgumentException(
                            "arguments "
                                    + Arrays.toString(arguments)
                                    + ": there is only --simulated");
        }
    }

    /** Runs on a simulated kernel, on any machine, with keys that exist in this process only. */
    static void simulate(PrintStream out)
            throws IOException, InterruptedException, TimeoutException {
        try (SimulatedKernel kernel = SimulatedKernel.builder().user(0, 0).install()) {
            out.println("Simulated: these keys and queues exist in this process only.");
            run(out, new SimulatedChanges(kernel));
        }
    }

    @SuppressWarnings("ClosingStandardOutputStreams") // it stays open
    private static void run(PrintStream out, Changes changes)
            throws IOException, InterruptedException, TimeoutException {
        WatchQueueSupport support = WatchQueueSupport.probe();
        support.requireFor("demonstrate the rotation of credentials");
        out.println(support.explanation());
        try (Demonstration demonstration = new Demonstration(out, changes)) {
            demonstration.run();
        }
    }

    private void run() throws IOException, InterruptedException, TimeoutException {
        awaitUnavailable();
        rotate("the first token", "s-1", () -> change("s-1", "padd", "user", "api-token", vault));
        call();
        String key = keys.search(vault, "user", "api-token").orElseThrow().toString();
        rotate("an update", "s-2", () -> change("s-2", "pupdate", key));
        call();

        out.println();
        out.println("# the server changes first: the refused call is repeated with the next token");
        server.accept("s-3");
        int before = server.refusals();
        Mono<String> early = answer().cache();
        early.subscribe();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (server.refusals() == before) {
            if (System.nanoTime() > deadline) {
                throw new TimeoutException("no call was refused within " + PATIENCE);
            }
            TimeUnit.MILLISECONDS.sleep(1);
        }
        change("s-3", "pupdate", key);
        awaitLoaded();
        out.println(
                "GET /orders: refused "
                        + (server.refusals() - before)
                        + " time, then "
                        + early.block(PATIENCE));

        out.println();
        String staging = change(null, "newring", "staging", "@s");
        String next = change("s-4", "padd", "user", "api-token", staging);
        rotate(
                "another key takes its place",
                "s-4",
                () -> change(null, "move", "-f", next, staging, vault));
        call();

        out.println();
        change(null, "revoke", next);
        awaitUnavailable();
        call();
        rotate("a new key", "s-5", () -> change("s-5", "padd", "user", "api-token", vault));
        call();

        out.println();
        out.println("# " + FLOOD + " updates, more than the queue holds: only the last one counts");
        KeyId last = keys.search(vault, "user", "api-token").orElseThrow();
        for (int update = 1; update <= FLOOD; update++) {
            keys.update(last, bytes("f-" + update));
        }
        server.accept("f-" + FLOOD);
        call();

        out.println();
        out.println("# an expiry, which the kernel does not report: the next use finds it");
        change(null, "timeout", last, "1");
        String answer;
        do {
            TimeUnit.MILLISECONDS.sleep(50);
            answer = answer().block(PATIENCE);
        } while (OK.equals(answer));
        out.println("GET /orders: " + answer);
        awaitUnavailable();
    }

    private interface Change {
        void make() throws IOException, InterruptedException;
    }

    private void rotate(String what, String token, Change change)
            throws IOException, InterruptedException, TimeoutException {
        out.println("# " + what);
        server.accept(token);
        change.make();
        awaitLoaded();
    }

    private void print(Rotation rotation) {
        out.println(
                rotation instanceof Rotation.Loaded loaded
                        ? "  version " + loaded.version() + ", key " + loaded.key()
                        : "  none: " + ((Rotation.Unavailable) rotation).cause().reason());
        rotations.add(rotation);
    }

    private void awaitLoaded() throws InterruptedException, TimeoutException {
        await(Rotation.Loaded.class);
    }

    private void awaitUnavailable() throws InterruptedException, TimeoutException {
        await(Rotation.Unavailable.class);
    }

    private void await(Class<? extends Rotation> kind)
            throws InterruptedException, TimeoutException {
        Rotation rotation;
        do {
            rotation = rotations.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            if (rotation == null) {
                throw new TimeoutException("no " + kind.getSimpleName() + " within " + PATIENCE);
            }
        } while (!kind.isInstance(rotation));
    }

    private void call() {
        out.println("GET /orders: " + answer().block(PATIENCE));
    }

    private Mono<String> answer() {
        return client.get()
                .uri("/orders")
                .exchangeToMono(response -> Mono.just(response.statusCode().value() + ""))
                .onErrorResume(
                        SecretUnavailableException.class,
                        e -> Mono.just(String.valueOf(e.getMessage())));
    }

    private String change(@Nullable String input, Object... arguments)
            throws IOException, InterruptedException {
        List<String> words = Arrays.stream(arguments).map(Object::toString).toList();
        out.println(
                "$ "
                        + (input == null ? "" : "printf " + input + " | ")
                        + "keyctl "
                        + String.join(" ", words));
        return changes.make(bytes(input == null ? "" : input), words);
    }

    private static String keyctl(byte[] input, List<String> arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("keyctl"));
        command.addAll(arguments);
        Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(input);
        }
        String answer =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException(String.join(" ", command) + " failed with status " + status);
        }
        return answer;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void close() {
        log.dispose();
        secret.dispose();
        server.close();
    }
}
