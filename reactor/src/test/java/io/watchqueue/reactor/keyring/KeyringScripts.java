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
package io.watchqueue.reactor.keyring;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueueException;

import reactor.core.publisher.Flux;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Random changes of nested keyrings. After each script the store and the events must have the links
 * that the kernel has.
 */
final class KeyringScripts {

    private static final int SCRIPTS_FOR_A_STREAM = 20;
    private static final int BUFFER = 4;
    private static final int MOST = 12;
    private static final int KEYS = 12;
    private static final int NAMES = 4;
    private static final int NO_VIEW = 0x3e3e3e3e;
    private static final int ALL = 0x3f3f3f3f;

    /** Refusals of the kernel: the key is gone or revoked, or keyrings would form a ring. */
    private static final Set<String> REFUSALS =
            Set.of(
                    "ENOKEY",
                    "EKEYREVOKED",
                    "ENOENT",
                    "EDEADLK",
                    "ELOOP",
                    "EACCES",
                    "ENOTDIR",
                    "EOPNOTSUPP");

    private final Keyctl keys;
    private final long seed;
    private final Random random;
    private final KeyId elsewhere;
    private final KeyId root;
    private final List<KeyId> keyrings = new ArrayList<>();
    private final List<KeyId> others = new ArrayList<>();
    private final boolean shared;

    /** The first is there from the beginning; if the stream is shared, others come later. */
    private final List<Followed> subscribers = new ArrayList<>();

    private KeyringScripts(Keyctl keys, long seed, boolean shared) {
        this.keys = keys;
        this.shared = shared;
        this.seed = seed;
        this.random = new Random(seed);
        this.elsewhere = keys.addKeyring("elsewhere", Keyring.USER);
        this.root = keys.addKeyring("scripted", Keyring.USER);
    }

    /** Returns how many losses there were. */
    static long run(Keyctl keys, int scripts, long seed) {
        return run(keys, scripts, seed, false);
    }

    /** With subscribers of one queue, of which each second one has no demand for a while. */
    static long runShared(Keyctl keys, int scripts, long seed) {
        return run(keys, scripts, seed, true);
    }

    private static long run(Keyctl keys, int scripts, long seed, boolean shared) {
        long losses = 0;
        for (int first = 0; first < scripts; first += SCRIPTS_FOR_A_STREAM) {
            int count = Math.min(SCRIPTS_FOR_A_STREAM, scripts - first);
            losses += new KeyringScripts(keys, seed + first, shared).run(count);
        }
        return losses;
    }

    private long run(int scripts) {
        keyrings.addAll(List.of(root, elsewhere));
        others.add(keys.add("user", "first", new byte[] {1}, elsewhere));
        KeyringFlux alone = KeyringFlux.builder(root).capacity(32).build();
        Flux<KeyringEvent> flux = shared ? alone.shared(BUFFER, Duration.ZERO) : alone;
        try {
            subscribers.add(Followed.of(flux));
            for (int script = 1; script <= scripts; script++) {
                for (int change = random.nextInt(40); change >= 0; change--) {
                    if (shared && subscribers.size() < MOST && random.nextInt(20) == 0) {
                        boolean slow = subscribers.size() % 2 == 1;
                        subscribers.add(Followed.begin(flux, slow ? 1 : Long.MAX_VALUE));
                    }
                    tryToChange();
                }
                try {
                    subscribers.forEach(Followed::requestUnbounded);
                    subscribers.forEach(followed -> followed.awaitKernel(keys));
                } catch (AssertionError e) {
                    throw new AssertionError("seed " + seed + ", script " + script, e);
                }
            }
            return subscribers.stream()
                    .mapToLong(followed -> followed.events(KeyringEvent.Lost.class).size())
                    .sum();
        } finally {
            subscribers.forEach(Followed::close);
            keys.unlink(elsewhere, Keyring.USER);
            keys.unlink(root, Keyring.USER);
        }
    }

    private void tryToChange() {
        try {
            change();
        } catch (WatchQueueException e) {
            if (!REFUSALS.contains(e.errnoName())) {
                throw e;
            }
        }
    }

    private void change() {
        switch (random.nextInt(20)) {
            case 0, 1, 2 -> remember(others, keys.add("user", name(), new byte[] {1}, keyring()));
            case 3 -> remember(keyrings, keys.addKeyring("ring " + name(), keyring()));
            case 4, 5, 6 -> keys.link(any(others), keyring());
            case 7 -> keys.link(any(keyrings), keyring());
            case 8, 9, 10 -> {
                KeyId keyring = keyring();
                keys.unlink(any(keys.list(keyring)), keyring);
            }
            case 11 -> {
                KeyId keyring = keyring();
                keys.move(any(keys.list(keyring)), keyring, keyring());
            }
            case 12 -> keys.update(any(others), new byte[] {2});
            case 13 -> keys.setPermissions(any(others), random.nextInt(3) == 0 ? NO_VIEW : ALL);
            case 14 -> keys.invalidate(any(others));
            case 15 -> unlessFixed(keys::clear);
            case 16 -> keys.revoke(any(others));
            case 17 -> {
                if (random.nextInt(5) == 0) {
                    unlessFixed(keys::revoke);
                }
            }
            case 18 -> flood();
            default -> keys.clear(root);
        }
    }

    private void flood() {
        KeyId keyring = keyring();
        KeyId flooded = keys.add("user", "flooded", new byte[] {1}, keyring);
        for (int change = random.nextInt(200); change >= 0; change--) {
            keys.update(flooded, new byte[] {2});
            if (change % 50 == 0) {
                keys.link(any(others), keyring);
            }
        }
    }

    private interface Change {
        void of(KeyId keyring);
    }

    private void unlessFixed(Change change) {
        KeyId keyring = keyring();
        if (!keyring.equals(root) && !keyring.equals(elsewhere)) {
            change.of(keyring);
        }
    }

    private String name() {
        return "name " + random.nextInt(NAMES);
    }

    private KeyId keyring() {
        return any(keyrings);
    }

    private KeyId any(List<KeyId> of) {
        return of.isEmpty() ? root : of.get(random.nextInt(of.size()));
    }

    private void remember(List<KeyId> known, KeyId key) {
        if (!known.contains(key)) {
            if (known.size() == KEYS) {
                known.remove(2 + random.nextInt(KEYS - 2));
            }
            known.add(key);
        }
    }
}
