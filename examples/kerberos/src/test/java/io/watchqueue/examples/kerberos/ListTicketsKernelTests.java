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
package io.watchqueue.examples.kerberos;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.KeyTree;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import reactor.core.Disposable;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** MIT Kerberos' own programs and KDC, with the credential cache in keyrings. */
@Tag("proof")
@Timeout(600)
class ListTicketsKernelTests {

    private static final Duration SOON = Duration.ofMinutes(2);
    private static final String TGT = "krbtgt/EXAMPLE.COM@EXAMPLE.COM";
    private static final String DB = "host/db@EXAMPLE.COM";
    private static final String WEB = "host/web@EXAMPLE.COM";

    @TempDir static Path folder;
    private static Process kdc;

    private final List<String> lines = new CopyOnWriteArrayList<>();

    @BeforeAll
    static void startKdc() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        kdc =
                new ProcessBuilder("./kdc", "run", folder.toString(), Integer.toString(port))
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("kdc.out").toFile())
                        .start();
        eventually(
                "the KDC answers",
                () -> {
                    assertThat(kdc.isAlive()).as("KDC").isTrue();
                    return status("alice\n", "kinit", "alice") == 0;
                });
        assertThat(status("", "kdestroy")).isZero();
    }

    @AfterAll
    static void stopKdc() throws Exception {
        kdc.destroy();
        kdc.waitFor();
    }

    private static int status(String input, String... command) {
        ProcessBuilder process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(new File("/dev/null"));
        process.environment().put("KRB5_CONFIG", folder.resolve("krb5.conf").toString());
        try {
            Process started = process.start();
            try (OutputStream stdin = started.getOutputStream()) {
                stdin.write(input.getBytes(StandardCharsets.US_ASCII));
            } catch (IOException e) {
                // It has ended without reading it.
            }
            return started.waitFor();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(String.join(" ", command), e);
        }
    }

    private static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not so after " + SOON + ": " + what);
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private void awaitLines(int count) {
        eventually(count + " lines, not " + lines, () -> lines.size() >= count);
    }

    @Test
    void reportsEachTicketOnceByItsName() {
        Disposable printing =
                ListTickets.tickets(Keyctl.system().persistent(Keyring.PROCESS))
                        .subscribe(lines::add);
        assertThat(status("alice\n", "kinit", "alice")).isZero();
        awaitLines(1);
        assertThat(status("", "kvno", "host/db")).isZero();
        awaitLines(2);
        assertThat(status("", "kvno", "host/web", "host/db")).isZero();
        awaitLines(3);
        assertThat(lines).containsExactly("new " + TGT, "new " + DB, "new " + WEB);
        assertThat(status("", "kdestroy")).isZero();
        awaitLines(6);
        assertThat(lines.subList(3, lines.size()))
                .containsExactlyInAnyOrder("gone " + TGT, "gone " + DB, "gone " + WEB);
        printing.dispose();
    }

    @Test
    void beginsWithTheTicketsThatAreThereAndReportsWhenOneHasExpired() {
        Keyctl keys = Keyctl.system();
        KeyId persistent = keys.persistent(Keyring.PROCESS);
        assertThat(status("alice\n", "kinit", "alice")).isZero();
        Disposable printing = ListTickets.tickets(persistent).subscribe(lines::add);
        awaitLines(1);
        keys.setTimeout(key(keys.tree(persistent), TGT), Duration.ofSeconds(1));
        awaitLines(2);
        assertThat(lines).containsExactly("new " + TGT, "expired " + TGT);
        printing.dispose();
        assertThat(status("", "kdestroy")).isZero();
    }

    private static KeyId key(KeyTree tree, String name) {
        return tree.stream()
                .filter(key -> key.description() != null)
                .filter(key -> key.description().description().equals(name))
                .findFirst()
                .orElseThrow()
                .key();
    }
}
