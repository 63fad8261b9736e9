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

import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import reactor.core.Disposable;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;

/** A keyring that is still followed without a browser. */
class LingerTests {

    private static final Duration LINGER = Duration.ofSeconds(10);
    private static final int KEYS = 250;
    private static final int TOGETHER = 10;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final RunningApplication application =
            RunningApplication.start("watchqueue.linger=" + LINGER);

    @AfterEach
    void nothingIsLeftOpen() {
        application.closeWith(kernel);
    }

    @Test
    void theKeyringIsRightEvenAfterTheLastBrowserHasLeft() {
        AtomicInteger received = new AtomicInteger();
        Disposable browser =
                application.changes("@u").subscribe(event -> received.incrementAndGet());
        eventually("the browser is there", () -> received.get() > 0);
        Instant start = Instant.now();
        eventually("it stays for long", () -> start.plus(LINGER).isBefore(Instant.now()));
        browser.dispose();
        eventually("the browser has left", () -> browsers() == 0);
        for (int key = 1; key <= KEYS; key++) {
            keys.add("user", "key " + key, new byte[] {1}, Keyring.USER);
            int added = key;
            if (added % TOGETHER == 0) {
                eventually("all of them are shown", () -> shown() == added);
            }
        }
        assertThat(kernel.queues()).as("it was followed all the time").hasSize(1);
    }

    private double browsers() {
        return application.gauge("watchqueue.subscribers", "keyring:@u");
    }

    private int shown() {
        return application.get("/keyrings/@u").get("links").size();
    }
}
