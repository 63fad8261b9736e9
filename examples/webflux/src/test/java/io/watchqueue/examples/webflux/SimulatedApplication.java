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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueException;
import io.watchqueue.test.SimulatedKernel;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;

/** The application in this process, on the simulated kernel. */
final class SimulatedApplication implements ServedApplication {

    private static final int FLOOD = 5_000;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final String[] properties;
    private final int port;
    private RunningApplication running;

    SimulatedApplication(String... properties) {
        this.properties = properties;
        this.running = RunningApplication.start(properties);
        this.port = running.port();
    }

    @Override
    public String address() {
        return "http://127.0.0.1:" + port + "/";
    }

    @Override
    public void stop() {
        running.close();
    }

    @Override
    public void start() {
        running = RunningApplication.start(port, List.of(), properties);
    }

    @Override
    public KeyId addKeyring(String description, KeyId keyring) {
        return unlessRefused(() -> keys.addKeyring(description, keyring));
    }

    @Override
    public KeyId addKey(String description, String payload, KeyId keyring) {
        return unlessRefused(() -> keys.add("user", description, bytes(payload), keyring));
    }

    @Override
    public void update(KeyId key, String payload) {
        unlessRefused(() -> keys.update(key, bytes(payload)));
    }

    @Override
    public void flood(KeyId key) {
        for (int update = 1; update <= FLOOD; update++) {
            keys.update(key, bytes("1"));
        }
    }

    @Override
    public void setTimeout(KeyId key, Duration timeout) {
        unlessRefused(() -> keys.setTimeout(key, timeout));
    }

    @Override
    public void link(KeyId key, KeyId keyring) {
        unlessRefused(() -> keys.link(key, keyring));
    }

    @Override
    public void unlink(KeyId key, KeyId keyring) {
        unlessRefused(() -> keys.unlink(key, keyring));
    }

    @Override
    public void move(KeyId key, KeyId from, KeyId to) {
        unlessRefused(() -> keys.move(key, from, to));
    }

    @Override
    public void clear(KeyId keyring) {
        unlessRefused(() -> keys.clear(keyring));
    }

    @Override
    public void revoke(KeyId key) {
        unlessRefused(() -> keys.revoke(key));
    }

    @Override
    public void invalidate(KeyId key) {
        unlessRefused(() -> keys.invalidate(key));
    }

    @Override
    public Set<String> links(KeyId keyring) {
        Set<String> links = new TreeSet<>();
        for (KeyId member : keys.list(keyring)) {
            links.add(keyring + "-" + member);
            if (isKeyring(member)) {
                links.addAll(links(member));
            }
        }
        return links;
    }

    private boolean isKeyring(KeyId key) {
        try {
            KeyDescription description = keys.describe(key);
            return description.type().equals("keyring");
        } catch (WatchQueueException revoked) {
            return false;
        }
    }

    private static void unlessRefused(Runnable change) {
        unlessRefused(
                () -> {
                    change.run();
                    return change;
                });
    }

    private static <T> T unlessRefused(Supplier<T> change) {
        try {
            return change.get();
        } catch (WatchQueueException e) {
            throw new RefusedException(e.getMessage());
        }
    }

    private static byte[] bytes(String payload) {
        return payload.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        running.close();
        eventually("no descriptor is open", () -> kernel.openDescriptors() == 0);
        kernel.close();
    }
}
