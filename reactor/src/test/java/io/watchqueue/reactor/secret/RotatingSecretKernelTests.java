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
package io.watchqueue.reactor.secret;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueueException;
import io.watchqueue.internal.RequestKeyHandler;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import reactor.core.publisher.Mono;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Rotations on a real kernel, by another process or a random script. */
class RotatingSecretKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);
    private static final int STEPS = Integer.getInteger("rotation.steps", 1_000);
    private static final long SEED = Long.getLong("rotation.seed", System.nanoTime());

    private final Keyctl keys = Keyctl.system();
    private final KeyId vault = keys.addKeyring("vault", Keyring.USER);
    private final KeyId attic = keys.addKeyring("attic", Keyring.USER);
    private final RotatingSecret secret = RotatingSecret.follow(vault.toString(), "user", "token");

    @AfterEach
    void end() {
        secret.dispose();
        keys.unlink(vault, Keyring.USER);
        keys.unlink(attic, Keyring.USER);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** The secret, or the reason why there is none. */
    private String current() {
        return secret.current(
                        current -> StandardCharsets.US_ASCII.decode(current.payload()).toString())
                .onErrorResume(
                        SecretUnavailableException.class, e -> Mono.just(e.reason().toString()))
                .block(SOON);
    }

    private static <T> void eventually(String what, Supplier<T> actual, T expected) {
        long deadline = System.nanoTime() + SOON.toNanos();
        T is = actual.get();
        while (!is.equals(expected) && System.nanoTime() < deadline) {
            LockSupport.parkNanos(1_000_000);
            is = actual.get();
        }
        assertThat(is).as(what).isEqualTo(expected);
    }

    private static String keyctl(String input, Object... arguments) throws Exception {
        Process process =
                new ProcessBuilder(
                                Stream.concat(
                                                Stream.of("keyctl"),
                                                Stream.of(arguments).map(Object::toString))
                                        .toList())
                        .redirectErrorStream(true)
                        .start();
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(bytes(input));
        }
        String output =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void followsChangesMadeByKeyctl() throws Exception {
        assertThat(current()).isEqualTo("ABSENT");
        String key = keyctl("s-1", "padd", "user", "token", vault);
        eventually("it is added", this::current, "s-1");
        keyctl("s-2", "pupdate", key);
        eventually("it is updated", this::current, "s-2");
        String next = keyctl("s-3", "padd", "user", "token", attic);
        keyctl("", "link", next, vault);
        eventually("it is replaced", this::current, "s-3");
        keyctl("", "revoke", next);
        assertThat(current()).isEqualTo("REVOKED");
        keyctl("s-4", "padd", "user", "token", vault);
        assertThat(current()).isEqualTo("s-4");
        keyctl("", "clear", vault);
        eventually("it is gone", this::current, "ABSENT");
    }

    @Test
    void reportsAnExpiryOnUse() {
        KeyId key = keys.add("user", "token", bytes("s-1"), vault);
        eventually("it is added", this::current, "s-1");
        keys.setTimeout(key, Duration.ofSeconds(1));
        eventually("it has expired", this::current, "EXPIRED");
        assertThat(keys.add("user", "token", bytes("s-2"), vault)).isEqualTo(key);
        assertThat(current()).isEqualTo("s-2");
    }

    @Test
    void findsTheUpdateOfAKeyThatHadExpiredBefore() {
        secret.dispose();
        KeyId key = keys.add("user", "token", bytes("s-1"), vault);
        keys.setTimeout(key, Duration.ofSeconds(1));
        eventually("it has expired", () -> hasExpired(key), true);
        RotatingSecret late = RotatingSecret.follow(vault.toString(), "user", "token");
        try {
            assertThat(
                            late.rotations()
                                    .ofType(Rotation.Unavailable.class)
                                    .blockFirst(SOON)
                                    .cause()
                                    .reason())
                    .isEqualTo(Reason.EXPIRED);
            keys.add("user", "token", bytes("s-2"), vault);
            assertThat(late.current(Secret::key).block(SOON)).isEqualTo(key);
        } finally {
            late.dispose();
        }
    }

    @Test
    void waitsForAKeyUnderConstructionAndEndsWithoutIt() throws Exception {
        try (RequestKeyHandler handler = RequestKeyHandler.install()) {
            KeyId requested = handler.request("token", vault);
            CompletableFuture<String> first =
                    secret.current(
                                    current ->
                                            StandardCharsets.US_ASCII
                                                    .decode(current.payload())
                                                    .toString())
                            .toFuture();
            for (int attempt = 0; attempt < 5; attempt++) { // the look may not have begun
                RotatingSecret other = RotatingSecret.follow(vault.toString(), "user", "token");
                other.dispose();
                assertThat(other.current(Secret::key).onErrorComplete().block(SOON)).isNull();
            }
            assertThat(handler.isAsked()).isTrue();
            assertThat(first).isNotDone();
            handler.instantiate(requested, "s-1");
            assertThat(first.get(SOON.toSeconds(), TimeUnit.SECONDS)).isEqualTo("s-1");
            keys.update(requested, bytes("s-2"));
            eventually("it is updated", this::current, "s-2");
        }
    }

    /** Adding it gives the rejected key a payload, of which nothing is notified. */
    @ParameterizedTest
    @CsvSource({"ENOKEY,ABSENT", "EKEYREJECTED,REJECTED"})
    void findsTheAdditionOfAKeyThatWasRejectedBefore(String errno, String reason) throws Exception {
        try (RequestKeyHandler handler = RequestKeyHandler.install()) {
            KeyId requested = handler.request("token", vault);
            handler.reject(requested, errno);
            eventually("it is rejected", this::current, reason);
            assertThat(keys.add("user", "token", bytes("s-1"), vault)).isEqualTo(requested);
            assertThat(current()).isEqualTo("s-1");
            keys.update(requested, bytes("s-2"));
            eventually("it is updated", this::current, "s-2");
        }
    }

    private boolean hasExpired(KeyId key) {
        try {
            keys.describe(key);
            return false;
        } catch (KeyUnavailableException e) {
            return e.errnoName().equals("EKEYEXPIRED");
        }
    }

    @Test
    void hasTheKernelsSecretAfterRandomRotations() {
        rotate(100);
    }

    /** Set by {@code -Drotation.steps} and {@code -Drotation.seed}. */
    @Test
    @Tag("proof")
    void hasTheKernelsSecretAfterManyRandomRotations() {
        rotate(STEPS);
    }

    /** Compares with the kernel's own search, after all notifications have arrived. */
    private void rotate(int steps) {
        Random random = new Random(SEED);
        for (int step = 1; step <= steps; step++) {
            for (int change = random.nextInt(8); change >= 0; change--) {
                change(random, step + "." + change);
            }
            if (random.nextInt(10) == 0) {
                flood();
            }
            // The kernel collects revoked keys, which changes the reason from REVOKED to ABSENT.
            eventually(
                    "step " + step + " of seed " + SEED,
                    () -> {
                        String current = current();
                        String there = there();
                        String rotated = rotated();
                        return current.equals(there) && rotated.equals(there)
                                ? "as in the kernel"
                                : current + " or " + rotated + " instead of " + there;
                    },
                    "as in the kernel");
        }
    }

    private void change(Random random, String payload) {
        Optional<KeyId> inVault = member(vault);
        Optional<KeyId> inAttic = member(attic);
        try {
            switch (random.nextInt(10)) {
                case 0, 1 -> keys.add("user", "token", bytes(payload), vault);
                case 2 -> keys.add("user", "token", bytes(payload), attic);
                case 3 -> inVault.ifPresent(key -> keys.update(key, bytes(payload)));
                case 4 -> inAttic.ifPresent(key -> keys.link(key, vault));
                case 5 -> inAttic.ifPresent(key -> keys.move(key, attic, vault));
                case 6 -> inVault.ifPresent(key -> keys.link(key, attic));
                case 7 -> inVault.ifPresent(keys::revoke);
                case 8 -> inVault.ifPresent(keys::invalidate);
                default -> inVault.ifPresent(key -> keys.unlink(key, vault));
            }
        } catch (WatchQueueException e) {
            // An earlier change revoked it, and the kernel may have collected it: nothing more
            // happens to it.
            assertThat(e.errnoName()).isIn("EKEYREVOKED", "ENOKEY", "ENOENT");
        }
    }

    private Optional<KeyId> member(KeyId keyring) {
        return keys.list(keyring).stream().findFirst();
    }

    private void flood() {
        KeyId noise = keys.add("user", "noise", bytes("0"), attic);
        for (int link = 0; link < 100; link++) {
            keys.link(noise, vault);
        }
        keys.unlink(noise, vault);
        keys.unlink(noise, attic);
    }

    private String there() {
        try {
            return keys.search(vault, "user", "token")
                    .map(key -> new String(keys.read(key), StandardCharsets.US_ASCII))
                    .orElse("ABSENT");
        } catch (KeyUnavailableException e) {
            return "REVOKED";
        }
    }

    /** The state of the secret as its rotations report it. */
    private String rotated() {
        Rotation latest = secret.rotations().blockFirst(SOON);
        return latest instanceof Rotation.Unavailable none
                ? none.cause().reason().toString()
                : current();
    }

    @Test
    void leavesNoDescriptorOpen() {
        // The secret of this test is followed by then, and descriptors that stay are open.
        rotated();
        followAndDispose();
        long before = descriptors();
        for (int cycle = 0; cycle < 100; cycle++) {
            followAndDispose();
        }
        eventually("as many descriptors as before", () -> descriptors() <= before, true);
    }

    private void followAndDispose() {
        RotatingSecret another = RotatingSecret.follow(vault.toString(), "user", "token");
        another.rotations().blockFirst(SOON);
        another.dispose();
    }

    private static long descriptors() {
        try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
