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

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.watchqueue.KeyId;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Decides for request-key(8) when and how a requested key is completed, until it is closed. It
 * takes the place of /etc/request-key.conf, on the test kernel only: on a machine's own kernel the
 * rules are everybody's, so its test is skipped there.
 */
public final class RequestKeyHandler implements AutoCloseable {

    private static final Path RULES = Path.of("/etc/request-key.conf");

    /** Ends without an answer when all is over: then the kernel rejects the key with ENOKEY. */
    private static final String PROGRAM =
            """
            #!/bin/sh
            until [ -e DIRECTORY/$1 ] || [ -e DIRECTORY/closed ]; do sleep 0.02; done
            [ -e DIRECTORY/$1 ] && . DIRECTORY/$1
            """;

    private final Keyctl keys = Keyctl.system();
    private final List<CompletableFuture<KeyId>> requests = new ArrayList<>();

    /** In the guest's own /tmp. Stays, because a program may still look there. */
    private final Path directory;

    private RequestKeyHandler(Path directory) {
        this.directory = directory;
    }

    /** Takes the place of the rules. */
    public static RequestKeyHandler install() throws Exception {
        assumeTrue(
                TestProcess.isOnTheTestKernel(),
                "not on a machine that others use: the rules of request-key(8) are everybody's");
        Path directory = Files.createTempDirectory("request-key");
        Path program = directory.resolve("program");
        Files.writeString(program, PROGRAM.replace("DIRECTORY", directory.toString()));
        Files.writeString(directory.resolve("rules"), "create user * * " + program + " %k\n");
        TestProcess.command("chmod", "700", program.toString());
        TestProcess.command(
                "mount", "--bind", directory.resolve("rules").toString(), RULES.toString());
        return new RequestKeyHandler(directory);
    }

    /**
     * Requests a key of the type user, which is under construction until it is instantiated or
     * rejected, and returns when it is linked into the keyring.
     */
    public KeyId request(String description, KeyId keyring) {
        requests.add(Background.get(() -> keys.request("user", description, "test", keyring)));
        Await.until("there is a key " + description, () -> find(description, keyring).isPresent());
        return find(description, keyring).orElseThrow();
    }

    private Optional<KeyId> find(String description, KeyId keyring) {
        return keys.list(keyring).stream()
                .filter(key -> description(key).equals(description))
                .findFirst();
    }

    private String description(KeyId key) {
        try {
            return keys.describe(key).description();
        } catch (KeyUnavailableException | KeyPermissionException e) {
            return "";
        }
    }

    /** Gives a key its payload. */
    public void instantiate(KeyId key, String payload) throws Exception {
        answer(key, "keyctl instantiate " + key + " " + payload + " 0");
    }

    /** Rejects a key, which cannot be used for an hour: each use fails with the error number. */
    public void reject(KeyId key, String errno) throws Exception {
        answer(key, "keyctl reject " + key + " 3600 " + Errno.of(errno) + " 0");
    }

    private void answer(KeyId key, String command) throws Exception {
        Path draft = Files.writeString(directory.resolve("draft"), command + "\n");
        Files.move(draft, directory.resolve(key.toString()));
    }

    /** Whether a requesting thread waits for an answer. */
    public boolean isAsked() {
        return requests.stream().anyMatch(request -> !request.isDone());
    }

    /** Rejects all keys that are under construction, and puts the rules back. */
    @Override
    public void close() throws Exception {
        Files.createFile(directory.resolve("closed"));
        CompletableFuture.allOf(
                        requests.stream()
                                .map(request -> request.handle((key, error) -> key))
                                .toArray(CompletableFuture[]::new))
                .join();
        TestProcess.command("umount", RULES.toString());
    }
}
