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
package io.watchqueue.examples.keywatch;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** The program on the real kernel. */
@Timeout(180)
class KeyWatchKernelTests {

    private final Invocation keywatch = new Invocation();
    private final Keyctl keys = Keyctl.system();
    private KeyId ring;
    private KeyId token;

    @BeforeEach
    void createKeys() {
        ring = keys.addKeyring("keywatch-test", Keyring.USER);
        token = keys.add("user", "token", new byte[] {1}, ring);
    }

    @Test
    void theDemonstrationShowsEveryChangeAndTheLossInItsPlace() throws Exception {
        // The demonstration joins a session for its thread.
        CompletableFuture<Integer> end = inBackground(keywatch::run);
        assertThat(end.get(120, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        assertThat(keywatch.out().lines().map(KeyWatchKernelTests::withoutNumbers))
                .containsSubsequence(
                        "$ keyctl add user receipt r1 #",
                        "tag 1   LINKED       keyring # \"orders\"  + user # \"receipt\"",
                        "$ keyctl update # 2",
                        "tag 3   UPDATED      user # \"token\"",
                        "$ keyctl add user token 3 #",
                        "tag 3   UPDATED      user # \"token\"",
                        "$ keyctl link # #",
                        "tag 2   LINKED       keyring # \"archive\"  + user # \"token\"",
                        "$ keyctl setperm # 0x3f3f0000",
                        "tag 3   SETATTR      user # \"token\"",
                        "$ keyctl chown # #",
                        "tag 3   SETATTR      user # \"token\"",
                        "$ keyctl timeout # #",
                        "tag 3   SETATTR      user # \"token\"",
                        "$ keyctl move # # #",
                        "$ keyctl unlink # #",
                        "tag 2   UNLINKED     keyring # \"archive\"  - user # \"receipt\"",
                        "$ keyctl restrict_keyring #",
                        "tag 2   SETATTR      keyring # \"archive\"",
                        "$ keyctl revoke #",
                        "tag 3   REVOKED      user # \"token\"",
                        "$ keyctl clear #",
                        "tag 1   CLEARED      keyring # \"orders\"",
                        "$ keyctl unlink # #",
                        "$ keyctl invalidate #",
                        "tag 4   INVALIDATED  user # \"draft\"",
                        "tag 4   REMOVED      user # \"draft\"",
                        "request(10)",
                        "tag 5   UPDATED      user # \"busy\"",
                        "and 9 more of these",
                        "request(unbounded)",
                        "tag 5   UPDATED      user # \"busy\"",
                        "and 21 more of these",
                        "------  LOSS         the kernel's queue was full: notifications were dropped here",
                        "tag 5   SETATTR      user # \"busy\"");
    }

    /** Replaces each serial by "#", and removes the time. */
    private static String withoutNumbers(String line) {
        return line.strip()
                .replaceFirst("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3}  ", "")
                .replaceAll("(?<=(keyring|user) )\\d+", "#")
                .replaceAll("(?<=^\\$.* )\\d{3,}", "#")
                .replaceAll("(?<=chown # )\\d+", "#");
    }

    @Test
    void keyctlFormatIsWhatKeyctlWatchPrints() throws Exception {
        Process original =
                new ProcessBuilder("stdbuf", "-oL", "keyctl", "watch", ring.toString()).start();
        Queue<String> theirs = new ConcurrentLinkedQueue<>();
        CompletableFuture<Void> theirEnd =
                inBackground(
                        () -> {
                            original.inputReader().lines().forEach(theirs::add);
                            return null;
                        });
        CompletableFuture<Integer> ourEnd =
                inBackground(() -> keywatch.run("watch", "--format", "keyctl", ring.toString()));
        // Only the output of keyctl shows that it is watching.
        await(
                () -> {
                    keys.setPermissions(ring, 0x3f3f3f3f);
                    return !theirs.isEmpty() && !keywatch.out().isEmpty();
                });

        KeyId other = keys.addKeyring("other", Keyring.USER);
        KeyId draft = keys.add("user", "draft", new byte[] {1}, ring);
        keys.move(draft, ring, other);
        keys.link(draft, ring);
        keys.unlink(draft, ring);
        keys.setPermissions(ring, 0x3f3f3f3f);
        keys.clear(ring);
        keys.unlink(other, Keyring.USER);
        keys.unlink(ring, Keyring.USER);

        assertThat(ourEnd.get(60, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        theirEnd.get(60, TimeUnit.SECONDS);
        List<String> expected = withoutBeginning(theirs.stream());
        assertThat(expected)
                .containsExactly(
                        ring + " link " + draft,
                        ring + " unlk " + draft,
                        ring + " link " + draft,
                        ring + " unlk " + draft,
                        ring + " attr",
                        ring + " clr",
                        ring + " gc");
        assertThat(withoutBeginning(keywatch.out().lines())).isEqualTo(expected);
    }

    private List<String> withoutBeginning(Stream<String> lines) {
        return lines.dropWhile(line -> line.equals(ring + " attr")).toList();
    }

    @Test
    void filterAndTagAreTheKernels() throws Exception {
        CompletableFuture<Integer> ours =
                inBackground(
                        () ->
                                keywatch.run(
                                        "watch",
                                        "--filter=upd,Revoked",
                                        "--tag=255",
                                        "--capacity=1",
                                        "--format=json",
                                        token.toString()));
        await(() -> keywatch.err().contains("watching"));
        keys.setPermissions(token, 0x3f3f3f3f);
        keys.update(token, new byte[] {2});
        await(() -> keywatch.out().contains("UPDATED"));
        keys.setPermissions(token, 0x3f3f0000);
        keys.revoke(token);
        keys.unlink(ring, Keyring.USER);
        assertThat(ours.get(60, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        assertThat(keywatch.out().lines().map(line -> line.replaceFirst(".*\"notification\",", "")))
                .containsExactly(
                        "\"event\":\"UPDATED\"" + ofToken(),
                        "\"event\":\"REVOKED\"" + ofToken(),
                        "\"event\":\"REMOVED\"" + ofToken());
    }

    @Test
    void watchesAKeyThatGrantsOnlyView() throws Exception {
        keys.setPermissions(token, 0x01010101);
        CompletableFuture<Integer> ours =
                inBackground(() -> keywatch.run("watch", "--format=keyctl", token.toString()));
        await(() -> keywatch.err().contains("watching"));
        keys.unlink(ring, Keyring.USER);
        assertThat(ours.get(60, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        assertThat(keywatch.out().lines()).containsExactly(token + " gc");
    }

    private String ofToken() {
        return ",\"tag\":255,\"key\":"
                + token
                + ",\"keyType\":\"user\",\"keyDescription\":\"token\"}";
    }

    @Test
    void followsAllKeysBelowAKeyring() throws Exception {
        CompletableFuture<Integer> ours =
                inBackground(
                        () ->
                                keywatch.run(
                                        "watch", "--recursive", "--format=text", ring.toString()));
        await(() -> keywatch.out().contains("SNAPSHOT"));
        keys.update(token, new byte[] {2});
        await(() -> keywatch.out().contains("UPDATED"));
        KeyId inner = keys.addKeyring("inner", ring);
        await(() -> keywatch.out().contains("inner"));
        keys.add("user", "deep", new byte[] {1}, inner);
        await(() -> keywatch.out().contains("deep"));
        keys.revoke(token);
        await(() -> keywatch.out().contains("REVOKED"));
        keys.unlink(ring, Keyring.USER);
        assertThat(ours.get(60, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        assertThat(keywatch.out().lines().map(KeyWatchKernelTests::withoutNumbers))
                .startsWith(
                        "SNAPSHOT     keyring # \"keywatch-test\"  1 link below it",
                        "UPDATED      user # \"token\"",
                        "LINKED       keyring # \"keywatch-test\"  + keyring # \"inner\"",
                        "LINKED       keyring # \"inner\"  + user # \"deep\"",
                        "REVOKED      user # \"token\" (revoked)  was valid")
                .endsWith("GONE         keyring # \"keywatch-test\"");
    }

    @Test
    void printsTheMembersOfAKeyring() {
        KeyId inner = keys.addKeyring("inner", ring);
        keys.link(token, inner);
        assertThat(keywatch.run("members", ring.toString())).as(keywatch.err()).isZero();
        assertThat(keywatch.out())
                .isEqualTo(
                        """
                        keyring %s "keywatch-test"
                          keyring %s "inner"
                            user %s "token"
                          user %s "token"
                        """
                                .formatted(ring, inner, token, token));
        keys.unlink(ring, Keyring.USER);
    }

    @Test
    void runsACommandAfterChanges(@TempDir Path folder) throws Exception {
        Path events = folder.resolve("events");
        CompletableFuture<Integer> ours =
                inBackground(
                        () ->
                                keywatch.run(
                                        "exec",
                                        "--debounce=0ms",
                                        "--recursive",
                                        ring.toString(),
                                        "--",
                                        "sh",
                                        "-c",
                                        "echo \"$WATCHQUEUE_EVENTS\" >> " + events + "; exit 3"));
        await(() -> keywatch.err().contains("watching"));
        keys.update(token, new byte[] {2});
        await(() -> keywatch.err().contains("sh ended with status 3"));
        assertThat(events).content().contains("\"event\":\"UPDATED\"");
        keys.unlink(ring, Keyring.USER);
        assertThat(ours.get(60, TimeUnit.SECONDS)).as(keywatch.err()).isZero();
        assertThat(events).content().contains("\"type\":\"gone\"");
    }

    @Test
    void reportsARefusalOfTheKernelWithTheWayOut() {
        assertThat(keywatch.run("watch", "%keyring:no such")).isEqualTo(1);
        assertThat(keywatch.err()).startsWith("keywatch: ").contains("no such", "ENOKEY");
        assertThat(keywatch.out()).isEmpty();
    }

    @Test
    void valuesOutOfRangeAreUsageErrors() {
        assertThat(keywatch.run("watch", "--capacity=513", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--tag=256", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "@nobody")).isEqualTo(2);
        assertThat(keywatch.run("watch", "@u", "@u")).isEqualTo(2);
        assertThat(keywatch.err()).contains("513", "1 to 512", "256", "0 to 255", "@nobody");
    }

    /** On a thread of its own, because a blocking task can delay others in the common pool. */
    private static <T> CompletableFuture<T> inBackground(Supplier<T> action) {
        return CompletableFuture.supplyAsync(action, task -> new Thread(task).start());
    }

    private static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.sleep(10);
        }
    }
}
