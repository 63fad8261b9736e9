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
package io.watchqueue.test;

import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * All keys, from their allocation to their collection: security/keys/key.c and gc.c. Keeps the time
 * in which they expire. Has no lock of its own.
 */
final class KeyTable {

    static final int FIRST_SERIAL = 3;

    private final Random random = new Random();
    private final long gcDelay;
    private Instant now;

    /** By serial, in the order in which they were made. */
    private final Map<Integer, SimulatedKey> all = new LinkedHashMap<>();

    /** The keyrings of users, by name: {@code .user_reg}, which no program sees. */
    final Map<String, SimulatedKey> userRegister = new LinkedHashMap<>();

    /** The persistent keyrings, by name: {@code .persistent_register}, which no program sees. */
    final Map<String, SimulatedKey> persistentRegister = new LinkedHashMap<>();

    private final Queue<Integer> plannedSerials = new ArrayDeque<>();
    private final List<Supplier<Stream<Credentials>>> holders = new ArrayList<>();

    /** A key may have lost its last link. */
    private boolean unlinked;

    /**
     * Creates an empty table.
     *
     * @param gcDelay how many seconds an expired key is kept
     */
    KeyTable(long gcDelay, Instant now) {
        this.gcDelay = gcDelay;
        this.now = now;
        keepKeyringsOf(
                () ->
                        all.values().stream()
                                .flatMap(key -> key.watches().stream())
                                .map(SimulatedWatch::owner));
    }

    // Time

    Instant now() {
        return now;
    }

    long seconds() {
        return now.getEpochSecond();
    }

    boolean hasExpired(SimulatedKey key) {
        return seconds() >= key.expiry;
    }

    /** Lets time pass; the garbage collector runs whenever an expired key is due. */
    void advanceTo(Instant then) {
        while (true) {
            long limit = then.getEpochSecond();
            long due =
                    all.values().stream()
                            .filter(key -> key.expiry != SimulatedKey.NEVER)
                            .mapToLong(key -> key.expiry + gcDelay)
                            .filter(second -> second > seconds() && second <= limit)
                            .min()
                            .orElse(SimulatedKey.NEVER);
            if (due == SimulatedKey.NEVER) {
                break;
            }
            now = Instant.ofEpochSecond(due);
            reapLinks();
            collect();
        }
        if (then.isAfter(now)) {
            now = then;
        }
    }

    // Allocation: key.c

    void nextSerial(int serial) {
        plannedSerials.add(serial);
    }

    SimulatedKey allocate(
            SimulatedKey.Index index, int uid, int gid, int permissions, boolean ofUser) {
        if (index.description().isEmpty()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (index.type() == SimulatedKey.Type.LOGON && index.description().indexOf(':') < 1) {
            throw new KernelError(Errno.EINVAL);
        }
        // A user's keyrings are created when they are first named, without a planned serial.
        Integer planned = ofUser ? null : plannedSerials.poll();
        int serial = planned != null ? planned : 0;
        while (serial < FIRST_SERIAL || all.containsKey(serial)) {
            serial = random.nextInt() >>> 1;
        }
        SimulatedKey key = new SimulatedKey(serial, index, uid, gid, permissions, ofUser);
        all.put(serial, key);
        return key;
    }

    SimulatedKey allocateKeyring(String name, Credentials owner, int permissions, boolean ofUser) {
        return allocate(
                new SimulatedKey.Index(SimulatedKey.Type.KEYRING, name),
                owner.uid(),
                ofUser ? SimulatedKey.NO_GROUP : owner.gid(),
                permissions,
                ofUser);
    }

    @Nullable SimulatedKey get(int serial) {
        return all.get(serial);
    }

    Collection<SimulatedKey> all() {
        return Collections.unmodifiableCollection(all.values());
    }

    Stream<SimulatedKey> bySerial() {
        return all.values().stream().sorted(Comparator.comparingInt(key -> key.serial));
    }

    /** The number of keyrings with a link to a key. */
    long links(SimulatedKey key) {
        return all.values().stream().filter(ring -> ring.members.containsValue(key)).count();
    }

    // Collection: gc.c

    /** Adds credentials that keep their keyrings from being collected. */
    void keepKeyringsOf(Supplier<Stream<Credentials>> owners) {
        holders.add(owners);
    }

    /** A link to a key, or credentials that had a keyring, may be gone. */
    void released() {
        unlinked = true;
    }

    /**
     * The garbage collector: destroys the keys that are linked nowhere, in passes, each in the
     * order of the serials.
     */
    void collect() {
        while (unlinked) {
            unlinked = false;
            Set<SimulatedKey> linked = new HashSet<>(userRegister.values());
            linked.addAll(persistentRegister.values());
            holders.stream()
                    .flatMap(Supplier::get)
                    .flatMap(Credentials::keyrings)
                    .forEach(linked::add);
            all.values().forEach(key -> linked.addAll(key.members.values()));
            List<SimulatedKey> dead = bySerial().filter(key -> !linked.contains(key)).toList();
            dead.forEach(this::destroy);
        }
    }

    private void destroy(SimulatedKey key) {
        all.remove(key.serial);
        key.destroyed = true;
        key.watches().forEach(key::remove);
        key.members.clear();
        unlinked = true;
    }

    /** keyring_gc() of all keyrings: drops the links to dead keys, and notifies nobody. */
    void reapLinks() {
        for (SimulatedKey keyring : all.values()) {
            if (!keyring.revoked && !keyring.invalidated) {
                unlinked |= keyring.members.values().removeIf(this::isDead);
            }
        }
        unlinked |= persistentRegister.values().removeIf(this::isDead);
    }

    private boolean isDead(SimulatedKey key) {
        return key.invalidated
                || key.expiry != SimulatedKey.NEVER && key.expiry + gcDelay <= seconds();
    }
}
