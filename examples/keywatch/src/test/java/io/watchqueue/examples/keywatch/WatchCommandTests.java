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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** The keys that are watched, and the end of the command, on the simulated kernel. */
@Timeout(180)
class WatchCommandTests {

    private static final int VIEW_ONLY = 0x01010101;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId token = keys.add("user", "token", new byte[] {1}, Keyring.USER);
    private final Invocation keywatch = new Invocation();

    @AfterEach
    void nothingIsLeftOpen() {
        kernel.settle();
        assertThat(kernel.openDescriptors()).isZero();
        kernel.close();
    }

    /** Makes a change, and waits for a line that it leads to. */
    private void change(Runnable change, String line) {
        change.run();
        await(line);
    }

    private void await(String line) {
        while (keywatch.out().lines().noneMatch(line::equals)) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    private CompletableFuture<Integer> watch(String... arguments) {
        CompletableFuture<Integer> end =
                CompletableFuture.supplyAsync(
                        () -> keywatch.run(arguments), task -> new Thread(task).start());
        while (!keywatch.err().contains("watching") && !end.isDone()) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(keywatch.err()).contains("watching");
        return end;
    }

    @Test
    void watchesAKeyThatGrantsOnlyView() {
        keys.setPermissions(token, VIEW_ONLY);
        CompletableFuture<Integer> end = watch("watch", "--format", "keyctl", token.toString());
        kernel.queue().post(new KeyNotification(KeyEvent.UPDATED, token, 1));
        keys.unlink(token, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines()).containsExactly(token + " upd", token + " gc");
    }

    @Test
    void endsEvenIfTheRemovalOfItsLastKeyWasLost() {
        CompletableFuture<Integer> end = watch("watch", "--format", "keyctl", token.toString());
        kernel.queue().dropNext(2);
        keys.invalidate(token);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines()).containsExactly("-- LOSS --");
    }

    @Test
    void followsAllKeysBelowAKeyringAndNamesThem() {
        KeyId ring = keys.addKeyring("orders", Keyring.USER);
        keys.link(token, ring);
        CompletableFuture<Integer> end =
                watch("watch", "--recursive", "--format", "keyctl", ring.toString());
        String named = " " + token + " %user:token";
        change(() -> keys.update(token, new byte[] {2}), token + " upd %user:token");
        kernel.queue().postLoss();
        await("-- LOSS --");
        KeyId inner = keys.addKeyring("inner ring", ring);
        await(ring + " link " + inner + " %keyring:inner ring");
        change(() -> keys.link(token, inner), inner + " link" + named);
        change(() -> keys.unlink(token, inner), inner + " unlk" + named);
        keys.setPermissions(token, 0);
        await(token + " attr %user:token");
        keys.unlink(inner, ring);
        await(ring + " unlk " + inner + " %keyring:inner ring");
        keys.unlink(ring, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines())
                .startsWith(ring + " snap 1 %keyring:orders")
                .endsWith(ring + " unlk" + named, ring + " gc %keyring:orders")
                .hasSize(10);
        assertThat(keywatch.err()).contains("watching keyring " + ring + " \"orders\" and below");
    }

    @Test
    void followsKeyringsToTheDepthAndOnlyWithTheEventsThatAreAskedFor() {
        KeyId ring = keys.addKeyring("orders", Keyring.USER);
        KeyId inner = keys.addKeyring("inner", ring);
        keys.link(token, inner);
        CompletableFuture<Integer> end =
                watch(
                        "watch",
                        "--recursive",
                        "--depth=1",
                        "--filter=rev",
                        "--format=keyctl",
                        ring.toString());
        keys.link(token, ring);
        await(ring + " link " + token + " %user:token");
        keys.update(token, new byte[] {2});
        keys.revoke(token);
        await(token + " rev %user:token");
        keys.unlink(inner, ring);
        await(ring + " unlk " + inner + " %keyring:inner");
        keys.unlink(ring, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines())
                .containsExactly(
                        ring + " snap 1 %keyring:orders",
                        ring + " link " + token + " %user:token",
                        token + " rev %user:token",
                        ring + " unlk " + inner + " %keyring:inner",
                        ring + " unlk " + token + " %user:token",
                        ring + " gc %keyring:orders");
    }

    @Test
    void namesKeyringsThatAreGone() {
        KeyId ring = keys.addKeyring("orders", Keyring.USER);
        KeyId inner = keys.addKeyring("inner", ring);
        keys.link(token, inner);
        CompletableFuture<Integer> end = watch("watch", "--recursive", ring.toString());
        keys.unlink(inner, ring);
        keys.unlink(ring, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines().map(line -> line.substring("12:00:00.000  ".length())))
                .contains(
                        "UNLINKED     keyring %s \"inner\"  - user %s \"token\""
                                .formatted(inner, token));
    }

    @Test
    void followsKeyringsUntilTheLastIsGone() {
        KeyId first = keys.addKeyring("first", Keyring.USER);
        KeyId second = keys.addKeyring("second", Keyring.USER);
        CompletableFuture<Integer> end =
                watch("watch", "--recursive", "--format=json", first.toString(), "%keyring:second");
        await(2);
        keys.unlink(first, Keyring.USER);
        await(3);
        keys.unlink(second, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines().map(line -> line.replaceFirst(".*?,", "")).skip(2))
                .satisfiesExactly(
                        line -> assertThat(line).startsWith(gone(first)),
                        line -> assertThat(line).startsWith(gone(second)));
    }

    private static String gone(KeyId root) {
        return "\"type\":\"gone\",\"root\":%s,\"key\":%s,".formatted(root, root);
    }

    private void await(int lines) {
        while (keywatch.out().lines().count() < lines) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void refusesOptionsThatDoNotFitAndAKeyThatIsNoKeyring() {
        assertThat(keywatch.run("watch", "--depth=2", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--recursive", "--tag=7", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--recursive", "--depth=0", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--recursive", "--capacity=513", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--recursive", "@u", "@u")).isEqualTo(2);
        assertThat(keywatch.run("watch", "--recursive", token.toString())).isEqualTo(2);
        assertThat(keywatch.err())
                .contains("--depth 2 limits --recursive", "--tag 7: with --recursive")
                .contains("depth 0", "513", "named already", "of type user");
        assertThat(keywatch.run("watch", "--recursive", "%keyring:none")).isEqualTo(1);
        assertThat(keywatch.err()).contains("keywatch: ", "none", "ENOKEY");
        assertThat(keywatch.out()).isEmpty();
    }
}
