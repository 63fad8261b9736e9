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

/** What is watched, and for how long, on the simulated kernel. */
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
    void aKeyThatGrantsViewOnlyIsWatched() {
        keys.setPermissions(token, VIEW_ONLY);
        CompletableFuture<Integer> end = watch("watch", "--format", "keyctl", token.toString());
        kernel.queue().post(new KeyNotification(KeyEvent.UPDATED, token, 1));
        keys.unlink(token, Keyring.USER);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines()).containsExactly(token + " upd", token + " gc");
    }

    @Test
    void itEndsAlsoIfTheRemovalOfItsLastKeyWasLost() {
        CompletableFuture<Integer> end = watch("watch", "--format", "keyctl", token.toString());
        kernel.queue().dropNext(2);
        keys.invalidate(token);
        assertThat(end.join()).isZero();
        assertThat(keywatch.out().lines()).containsExactly("-- LOSS --");
    }
}
