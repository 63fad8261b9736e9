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

import io.watchqueue.KeyEvent;
import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * All keys: security/keys of Linux 6.1, as far as programs see it that have no other users' keys to
 * share quota with. Each method is a system call, or a part of one that is named. Has no lock of
 * its own.
 */
final class SimulatedKeys {

    // What lookup_user_key() is told.
    private static final int CREATE = 1;
    private static final int PARTIAL = 2;

    /** Instead of a permission: none is needed, or it is looked at later. */
    private static final int UNLINK = 0;

    private static final int DEFERRED = -1;

    private static final int POS_ALL = SimulatedKey.ALL << SimulatedKey.POSSESSOR;
    private static final int POS_SETATTR = SimulatedKey.SETATTR << SimulatedKey.POSSESSOR;
    private static final int USR_VIEW = SimulatedKey.VIEW << SimulatedKey.OWNER;
    private static final int USR_READ = SimulatedKey.READ << SimulatedKey.OWNER;
    private static final int USR_LINK = SimulatedKey.LINK << SimulatedKey.OWNER;
    private static final int USR_ALL = SimulatedKey.ALL << SimulatedKey.OWNER;
    private static final int EVERY_PERMISSION = 0x3f3f3f3f;

    private static final int MOST_TYPE_BYTES = 31;
    private static final int MOST_DESCRIPTION_BYTES = 4095;
    private static final int MOST_USER_PAYLOAD = 32767;
    private static final int MOST_PAYLOAD = 1024 * 1024 - 1;
    private static final int NEGATIVE_SECONDS = 60;
    private static final int PERSISTENT_SECONDS = 3 * 24 * 3600;
    private static final int MOVE_EXCLUSIVE = 1;
    static final int FIRST_SERIAL = 3;

    /** A key, and whether the caller possesses it. */
    private record Ref(SimulatedKey key, boolean possessed) {}

    private final Random random = new Random();
    private final int pageSize;
    private final long gcDelay;
    private final int mostWatches;
    private Instant now;

    /** By serial, in the order in which they were made. */
    private final Map<Integer, SimulatedKey> all = new LinkedHashMap<>();

    private final Map<String, SimulatedKey> userKeyrings = new LinkedHashMap<>();
    private final Map<String, SimulatedKey> persistentKeyrings = new LinkedHashMap<>();
    private final Queue<Integer> plannedSerials = new ArrayDeque<>();

    /** Who the threads are that have asked; of the others, each is who its parent is. */
    private final Map<Thread, Credentials> threads = new WeakHashMap<>();

    private final InheritableThreadLocal<Credentials> inherited;
    private final Credentials initial;

    /** Something may have lost its last link. */
    private boolean unlinked;

    SimulatedKeys(
            int uid,
            int gid,
            int pageSize,
            long gcDelay,
            int mostWatches,
            Instant now,
            Object lock) {
        this.pageSize = pageSize;
        this.gcDelay = gcDelay;
        this.mostWatches = mostWatches;
        this.now = now;
        // As pam_keyinit(8) leaves it: a session that has the user's keyring.
        Credentials user = new Credentials(uid, gid, null, null, null);
        SimulatedKey session = allocateKeyring("_ses", user, POS_ALL | USR_VIEW | USR_READ, false);
        session.members.put(userKeyring(user).index, userKeyring(user));
        initial = user.withSession(session);
        inherited =
                new InheritableThreadLocal<>() {
                    @Override
                    protected Credentials initialValue() {
                        return initial;
                    }

                    @Override
                    protected Credentials childValue(Credentials parent) {
                        synchronized (lock) {
                            return ofNewThread(parent);
                        }
                    }
                };
    }

    // Time

    Instant now() {
        return now;
    }

    private long seconds() {
        return now.getEpochSecond();
    }

    boolean hasExpired(SimulatedKey key) {
        return seconds() >= key.expiry;
    }

    /** Lets time pass, and the garbage collector run when it would. */
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

    // Threads

    Credentials current() {
        return threads.computeIfAbsent(Thread.currentThread(), thread -> inherited.get());
    }

    void become(Credentials credentials) {
        inherited.set(credentials);
        threads.put(Thread.currentThread(), credentials);
        unlinked = true;
    }

    /** copy_creds(): a thread shares all but the keyring of its own. */
    private Credentials ofNewThread(Credentials parent) {
        return parent.thread() == null ? parent : parent.withThread(threadKeyring(parent));
    }

    private SimulatedKey threadKeyring(Credentials owner) {
        return allocateKeyring("_tid", owner, POS_ALL | USR_VIEW, false);
    }

    // Keys come and go

    void nextSerial(int serial) {
        plannedSerials.add(serial);
    }

    private SimulatedKey allocate(
            SimulatedKey.Index index, int uid, int gid, int permissions, boolean ofUser) {
        if (index.description().isEmpty()) {
            throw new KernelError(Errno.EINVAL);
        }
        if (index.type() == SimulatedKey.Type.LOGON && index.description().indexOf(':') < 1) {
            throw new KernelError(Errno.EINVAL);
        }
        // Those of users come about by being mentioned, and nobody plans for them.
        Integer planned = ofUser ? null : plannedSerials.poll();
        int serial = planned != null ? planned : 0;
        while (serial < FIRST_SERIAL || all.containsKey(serial)) {
            serial = random.nextInt() >>> 1;
        }
        SimulatedKey key = new SimulatedKey(serial, index, uid, gid, permissions, ofUser);
        all.put(serial, key);
        return key;
    }

    private SimulatedKey allocateKeyring(
            String name, Credentials owner, int permissions, boolean ofUser) {
        return allocate(
                new SimulatedKey.Index(SimulatedKey.Type.KEYRING, name),
                owner.uid(),
                ofUser ? SimulatedKey.NO_GROUP : owner.gid(),
                permissions,
                ofUser);
    }

    private SimulatedKey userKeyring(Credentials owner) {
        return userKeyrings.computeIfAbsent(
                "_uid." + Integer.toUnsignedString(owner.uid()),
                name -> allocateKeyring(name, owner, POS_ALL & ~POS_SETATTR | USR_ALL, true));
    }

    private static String userSessionName(Credentials owner) {
        return "_uid_ses." + Integer.toUnsignedString(owner.uid());
    }

    private SimulatedKey userSessionKeyring(Credentials owner) {
        SimulatedKey user = userKeyring(owner);
        return userKeyrings.computeIfAbsent(
                userSessionName(owner),
                name -> {
                    SimulatedKey keyring =
                            allocateKeyring(name, owner, POS_ALL & ~POS_SETATTR | USR_ALL, true);
                    keyring.members.put(user.index, user);
                    return keyring;
                });
    }

    /**
     * The garbage collector: destroys what is linked nowhere any more, pass by pass, in each in the
     * order of the serials.
     */
    void collect() {
        while (unlinked) {
            unlinked = false;
            Set<SimulatedKey> linked = new HashSet<>(userKeyrings.values());
            linked.addAll(persistentKeyrings.values());
            holders().flatMap(Credentials::keyrings).forEach(linked::add);
            all.values().forEach(key -> linked.addAll(key.members.values()));
            List<SimulatedKey> dead = bySerial().filter(key -> !linked.contains(key)).toList();
            dead.forEach(this::destroy);
        }
    }

    private Stream<SimulatedKey> bySerial() {
        return all.values().stream().sorted(Comparator.comparingInt(key -> key.serial));
    }

    /** Whoever keeps keyrings by merely having them. */
    private Stream<Credentials> holders() {
        threads.keySet().removeIf(thread -> !thread.isAlive());
        return Stream.of(
                        Stream.of(initial),
                        threads.values().stream(),
                        descriptorOwners.get().stream(),
                        all.values().stream()
                                .flatMap(key -> key.watches().stream())
                                .map(KeyWatch::owner))
                .flatMap(Function.identity());
    }

    private Supplier<Collection<Credentials>> descriptorOwners = List::of;

    /** Descriptors keep the keyrings of who opened them. */
    void descriptorOwners(Supplier<Collection<Credentials>> owners) {
        descriptorOwners = owners;
    }

    /** Something that kept keyrings is gone. */
    void released() {
        unlinked = true;
    }

    private void destroy(SimulatedKey key) {
        all.remove(key.serial);
        key.destroyed = true;
        key.watches().forEach(key::remove);
        key.members.clear();
        unlinked = true;
    }

    /** keyring_gc() of all keyrings: drops the links to dead keys, which is told to nobody. */
    private void reapLinks() {
        for (SimulatedKey keyring : all.values()) {
            if (!keyring.revoked && !keyring.invalidated) {
                unlinked |= keyring.members.values().removeIf(this::isDead);
            }
        }
        unlinked |= persistentKeyrings.values().removeIf(this::isDead);
    }

    private boolean isDead(SimulatedKey key) {
        return key.invalidated
                || key.expiry != SimulatedKey.NEVER && key.expiry + gcDelay <= seconds();
    }

    // lookup_user_key() of security/keys/process_keys.c

    private Ref lookup(int id, int flags, int permission) {
        Credentials credentials = current();
        Ref ref = find(id, (flags & CREATE) != 0, credentials);
        SimulatedKey key = ref.key;
        if (permission != UNLINK && permission != DEFERRED) {
            if ((flags & PARTIAL) == 0 && key.state < 0) {
                throw new KernelError(-key.state);
            }
            validate(key);
        }
        if (permission > 0 && !permits(key, ref.possessed, current(), permission)) {
            throw new KernelError(Errno.EACCES);
        }
        return ref;
    }

    private Ref find(int id, boolean create, Credentials credentials) {
        switch (id) {
            case -1 -> {
                if (credentials.thread() == null) {
                    require(create, Errno.ENOKEY);
                    become(credentials.withThread(threadKeyring(credentials)));
                }
                return possessed(current().thread());
            }
            case -2 -> {
                if (credentials.process() == null) {
                    require(create, Errno.ENOKEY);
                    become(
                            credentials.withProcess(
                                    allocateKeyring(
                                            "_pid", credentials, POS_ALL | USR_VIEW, false)));
                }
                return possessed(current().process());
            }
            case -3 -> {
                SimulatedKey session = credentials.session();
                if (create && (session == null || session.ofUser)) {
                    userSessionKeyring(credentials);
                    joinNewSession();
                } else if (session == null) {
                    become(credentials.withSession(userSessionKeyring(credentials)));
                }
                return possessed(current().session());
            }
            case -4 -> {
                userSessionKeyring(credentials);
                return possessed(userKeyring(credentials));
            }
            case -5 -> {
                return possessed(userSessionKeyring(credentials));
            }
            case -7, -8 -> throw new KernelError(Errno.ENOKEY);
            default -> {
                require(id > 0, Errno.EINVAL);
                SimulatedKey key = all.get(id);
                if (key == null) {
                    throw new KernelError(Errno.ENOKEY);
                }
                return new Ref(key, isPossessed(key, credentials));
            }
        }
    }

    private static Ref possessed(@Nullable SimulatedKey keyring) {
        if (keyring == null) {
            throw new IllegalStateException("a thread lost its keyring");
        }
        return new Ref(keyring, true);
    }

    private static void require(boolean condition, int errno) {
        if (!condition) {
            throw new KernelError(errno);
        }
    }

    private boolean isPossessed(SimulatedKey key, Credentials credentials) {
        return searchProcessKeyrings(new KeySearch(this, key.index, credentials).only(key)) == 0;
    }

    /** search_cred_keyrings_rcu(). */
    private int searchProcessKeyrings(KeySearch search) {
        Credentials credentials = current();
        List<SimulatedKey> roots = new ArrayList<>(credentials.keyrings().toList());
        if (credentials.session() == null) {
            SimulatedKey userSession = userKeyrings.get(userSessionName(credentials));
            if (userSession != null) {
                roots.add(userSession);
            }
        }
        int nothing = 0;
        int error = Errno.EAGAIN;
        for (SimulatedKey root : roots) {
            int result = search.in(root, true);
            switch (result) {
                case 0 -> {
                    return 0;
                }
                case Errno.EAGAIN -> nothing = nothing == 0 ? result : nothing;
                case Errno.ENOKEY -> nothing = result;
                default -> error = result;
            }
        }
        return nothing != 0 ? nothing : error;
    }

    /** key_task_permission() of security/keys/permission.c. */
    boolean permits(SimulatedKey key, boolean possessed, Credentials credentials, int permission) {
        int granted;
        if (key.uid == credentials.uid()) {
            granted = key.permissions >> SimulatedKey.OWNER;
        } else if (key.gid == credentials.gid()
                && (key.permissions & SimulatedKey.ALL << SimulatedKey.GROUP) != 0) {
            granted = key.permissions >> SimulatedKey.GROUP;
        } else {
            granted = key.permissions;
        }
        if (possessed) {
            granted |= key.permissions >> SimulatedKey.POSSESSOR;
        }
        return (granted & permission) == permission;
    }

    private void validate(SimulatedKey key) {
        require(!key.invalidated, Errno.ENOKEY);
        require(!key.revoked, Errno.EKEYREVOKED);
        require(!hasExpired(key), Errno.EKEYEXPIRED);
    }

    // Links

    private static void checkKeyring(SimulatedKey key) {
        require(key.isKeyring(), Errno.ENOTDIR);
    }

    private void checkLink(SimulatedKey keyring, SimulatedKey key) {
        require(!keyring.restricted, Errno.EPERM);
        if (key.isKeyring()) {
            KeySearch circle =
                    new KeySearch(this, keyring.index, current())
                            .only(keyring)
                            .anyDepthAndPermission();
            require(circle.in(key, true) != 0, Errno.EDEADLK);
        }
    }

    private void addLink(SimulatedKey keyring, SimulatedKey key) {
        unlinked |= keyring.members.remove(key.index) != null;
        keyring.members.put(key.index, key);
        keyring.tell(KeyEvent.LINKED, key.serial);
    }

    private void addCheckedLink(SimulatedKey keyring, SimulatedKey key) {
        checkKeyring(keyring);
        checkLink(keyring, key);
        addLink(keyring, key);
    }

    private void removeLink(SimulatedKey keyring, SimulatedKey key) {
        // By type and description: the key that has this place, whichever it is.
        keyring.members.remove(key.index);
        unlinked = true;
        keyring.tell(KeyEvent.UNLINKED, key.serial);
    }

    // System calls: each returns what the call does, or throws.

    int addKey(String typeText, String description, byte[] payload, int ring) {
        require(payload.length <= MOST_PAYLOAD, Errno.EINVAL);
        checkType(typeText);
        checkDescription(description);
        require(!(description.startsWith(".") && typeText.startsWith("keyring")), Errno.EPERM);
        Ref keyringRef = lookup(ring, CREATE, SimulatedKey.WRITE);
        SimulatedKey keyring = keyringRef.key;
        SimulatedKey.Type type = SimulatedKey.Type.of(typeText);
        if (type == null) {
            throw new KernelError(Errno.ENODEV);
        }
        checkKeyring(keyring);
        checkPayload(type, payload);
        require(!description.isEmpty(), Errno.EINVAL);
        require(!keyring.restricted, Errno.EPERM);
        SimulatedKey.Index index = new SimulatedKey.Index(type, description);
        SimulatedKey existing = keyring.members.get(index);
        if (type.updatable && existing != null && !existing.invalidated && !existing.revoked) {
            require(
                    permits(existing, keyringRef.possessed, current(), SimulatedKey.WRITE),
                    Errno.EACCES);
            update(existing, payload);
            return existing.serial;
        }
        SimulatedKey key =
                allocate(index, current().uid(), current().gid(), permissions(type), false);
        key.payload = payload;
        addLink(keyring, key);
        return key.serial;
    }

    private static int permissions(SimulatedKey.Type type) {
        int possessor =
                SimulatedKey.VIEW | SimulatedKey.SEARCH | SimulatedKey.LINK | SimulatedKey.SETATTR;
        if (type.readable) {
            possessor |= SimulatedKey.READ;
        }
        if (type.updatable || type == SimulatedKey.Type.KEYRING) {
            possessor |= SimulatedKey.WRITE;
        }
        return possessor << SimulatedKey.POSSESSOR | USR_VIEW;
    }

    private static void checkPayload(SimulatedKey.Type type, byte[] payload) {
        require(
                type == SimulatedKey.Type.KEYRING
                        ? payload.length == 0
                        : payload.length >= 1 && payload.length <= MOST_USER_PAYLOAD,
                Errno.EINVAL);
    }

    private static void checkType(String text) {
        int length = text.getBytes(StandardCharsets.UTF_8).length;
        require(length >= 1 && length <= MOST_TYPE_BYTES, Errno.EINVAL);
        require(!text.startsWith("."), Errno.EPERM);
    }

    private static void checkDescription(String text) {
        require(
                text.getBytes(StandardCharsets.UTF_8).length <= MOST_DESCRIPTION_BYTES,
                Errno.EINVAL);
    }

    private static void update(SimulatedKey key, byte[] payload) {
        key.payload = payload;
        key.expiry = SimulatedKey.NEVER;
        key.state = 0;
        key.tell(KeyEvent.UPDATED, 0);
    }

    int updateKey(int id, byte[] payload) {
        require(payload.length <= pageSize, Errno.EINVAL);
        SimulatedKey key = lookup(id, 0, SimulatedKey.WRITE).key;
        require(key.index.type().updatable, Errno.EOPNOTSUPP);
        checkPayload(key.index.type(), payload);
        update(key, payload);
        return 0;
    }

    int requestKey(
            String typeText, String description, @Nullable String calloutInfo, int destination) {
        checkType(typeText);
        checkDescription(description);
        SimulatedKey ring =
                destination == 0 ? null : lookup(destination, CREATE, SimulatedKey.WRITE).key;
        SimulatedKey.Index index = index(typeText, description);
        KeySearch search = new KeySearch(this, index, current()).skippingExpired();
        int result = searchProcessKeyrings(search);
        if (result == 0) {
            SimulatedKey key = search.found();
            if (ring != null) {
                require(permits(key, true, current(), SimulatedKey.LINK), Errno.EACCES);
                addCheckedLink(ring, key);
            }
            validate(key);
            return key.serial;
        }
        require(result == Errno.EAGAIN, result);
        require(calloutInfo != null, Errno.ENOKEY);
        throw construct(index, ring);
    }

    /**
     * The kernel asks /sbin/request-key, of which there is none: what remains is a key that says so
     * for a minute.
     */
    private KernelError construct(SimulatedKey.Index index, @Nullable SimulatedKey destination) {
        require(index.type() != SimulatedKey.Type.KEYRING, Errno.EPERM);
        SimulatedKey keyring = destination;
        if (keyring == null) {
            keyring =
                    current().keyrings().findFirst().orElseGet(() -> userSessionKeyring(current()));
            require(permits(keyring, true, current(), SimulatedKey.WRITE), Errno.EACCES);
        }
        checkKeyring(keyring);
        SimulatedKey key =
                allocate(index, current().uid(), current().gid(), permissions(index.type()), false);
        addLink(keyring, key);
        key.state = -Errno.ENOKEY;
        key.expiry = seconds() + NEGATIVE_SECONDS;
        return new KernelError(Errno.ENOENT);
    }

    private static SimulatedKey.Index index(String typeText, String description) {
        SimulatedKey.Type type = SimulatedKey.Type.of(typeText);
        if (type == null) {
            throw new KernelError(Errno.ENOKEY);
        }
        return new SimulatedKey.Index(type, description);
    }

    int search(int ring, String typeText, String description, int destination) {
        checkType(typeText);
        checkDescription(description);
        Ref keyring = lookup(ring, 0, SimulatedKey.SEARCH);
        SimulatedKey to =
                destination == 0 ? null : lookup(destination, CREATE, SimulatedKey.WRITE).key;
        KeySearch search = new KeySearch(this, index(typeText, description), current());
        int result = search.in(keyring.key, keyring.possessed);
        require(result == 0, result == Errno.EAGAIN ? Errno.ENOKEY : result);
        SimulatedKey key = search.found();
        if (to != null) {
            require(permits(key, keyring.possessed, current(), SimulatedKey.LINK), Errno.EACCES);
            addCheckedLink(to, key);
        }
        return key.serial;
    }

    int keyringId(int id, boolean create) {
        return lookup(id, create ? CREATE : 0, SimulatedKey.SEARCH).key.serial;
    }

    int joinSession(@Nullable String name) {
        if (name == null) {
            return joinNewSession();
        }
        checkDescription(name);
        require(!name.startsWith("."), Errno.EPERM);
        Credentials credentials = current();
        SimulatedKey named = null;
        for (SimulatedKey key : all.values()) {
            if (key.isKeyring()
                    && !key.revoked
                    && key.index.description().equals(name)
                    && permits(key, false, credentials, SimulatedKey.SEARCH)) {
                named = key;
                break;
            }
        }
        if (named == null) {
            named =
                    allocateKeyring(
                            name, credentials, POS_ALL | USR_VIEW | USR_READ | USR_LINK, false);
        } else if (named == credentials.session()) {
            return 0;
        }
        become(credentials.withSession(named));
        return named.serial;
    }

    private int joinNewSession() {
        SimulatedKey session =
                allocateKeyring("_ses", current(), POS_ALL | USR_VIEW | USR_READ, false);
        become(current().withSession(session));
        return session.serial;
    }

    int persistent(int uid, int destination) {
        Credentials credentials = current();
        int user = uid == -1 ? credentials.uid() : uid;
        require(user == credentials.uid() || credentials.isPrivileged(), Errno.EPERM);
        SimulatedKey keyring = lookup(destination, CREATE, SimulatedKey.WRITE).key;
        checkKeyring(keyring);
        Credentials owner = new Credentials(user, credentials.gid(), null, null, null);
        String name = "_persistent." + Integer.toUnsignedString(user);
        SimulatedKey existing = persistentKeyrings.get(name);
        if (existing == null || existing.revoked || existing.invalidated) {
            existing =
                    allocateKeyring(
                            name, owner, POS_ALL & ~POS_SETATTR | USR_VIEW | USR_READ, false);
            existing.gid = SimulatedKey.NO_GROUP;
            existing.inQuota = false;
            existing.expiry = seconds() + PERSISTENT_SECONDS;
            unlinked |= persistentKeyrings.put(name, existing) != null;
        }
        require(permits(existing, true, credentials, SimulatedKey.LINK), Errno.EACCES);
        addCheckedLink(keyring, existing);
        existing.expiry = seconds() + PERSISTENT_SECONDS;
        return existing.serial;
    }

    String describe(int id) {
        return lookup(id, PARTIAL, SimulatedKey.VIEW).key.describe();
    }

    /** The key, if its payload or its members may be read. */
    SimulatedKey readable(int id) {
        Ref ref;
        try {
            ref = lookup(id, 0, DEFERRED);
        } catch (KernelError e) {
            throw new KernelError(Errno.ENOKEY);
        }
        SimulatedKey key = ref.key;
        require(key.state == 0, -key.state);
        require(ref.possessed || permits(key, false, current(), SimulatedKey.READ), Errno.EACCES);
        validate(key);
        require(key.index.type().readable, Errno.EOPNOTSUPP);
        return key;
    }

    /**
     * /proc/keys: the keys that may be viewed, in the order of their serials; one character a byte.
     */
    String proc() {
        Credentials credentials = current();
        return bySerial()
                .filter(
                        key ->
                                permits(
                                        key,
                                        isPossessed(key, credentials),
                                        credentials,
                                        SimulatedKey.VIEW))
                .map(key -> key.procLine(links(key), seconds()))
                .collect(Collectors.joining());
    }

    private long links(SimulatedKey key) {
        return all.values().stream().filter(ring -> ring.members.containsValue(key)).count();
    }

    int link(int id, int ring) {
        SimulatedKey keyring = lookup(ring, CREATE, SimulatedKey.WRITE).key;
        SimulatedKey key = lookup(id, CREATE, SimulatedKey.LINK).key;
        addCheckedLink(keyring, key);
        return 0;
    }

    int unlink(int id, int ring) {
        SimulatedKey keyring = lookup(ring, 0, SimulatedKey.WRITE).key;
        SimulatedKey key = lookup(id, PARTIAL, UNLINK).key;
        checkKeyring(keyring);
        require(keyring.members.containsKey(key.index), Errno.ENOENT);
        removeLink(keyring, key);
        return 0;
    }

    int move(int id, int fromRing, int toRing, int flags) {
        require((flags & ~MOVE_EXCLUSIVE) == 0, Errno.EINVAL);
        SimulatedKey key = lookup(id, CREATE, SimulatedKey.LINK).key;
        SimulatedKey from = lookup(fromRing, 0, SimulatedKey.WRITE).key;
        SimulatedKey to = lookup(toRing, CREATE, SimulatedKey.WRITE).key;
        if (from == to) {
            return 0;
        }
        checkKeyring(from);
        checkKeyring(to);
        require(from.members.containsKey(key.index), Errno.ENOENT);
        boolean displaces = to.members.containsKey(key.index);
        require(!(displaces && (flags & MOVE_EXCLUSIVE) != 0), Errno.EEXIST);
        checkLink(to, key);
        removeLink(from, key);
        addLink(to, key);
        return 0;
    }

    int clear(int ring) {
        SimulatedKey keyring = lookup(ring, CREATE, SimulatedKey.WRITE).key;
        checkKeyring(keyring);
        keyring.members.clear();
        unlinked = true;
        keyring.tell(KeyEvent.CLEARED, 0);
        return 0;
    }

    int revoke(int id) {
        Ref ref;
        try {
            ref = lookup(id, 0, SimulatedKey.WRITE);
        } catch (KernelError e) {
            require(e.errno == Errno.EACCES, e.errno);
            ref = lookup(id, 0, SimulatedKey.SETATTR);
        }
        SimulatedKey key = ref.key;
        key.revoked = true;
        key.tell(KeyEvent.REVOKED, 0);
        key.payload = new byte[0];
        key.members.clear();
        // It expires as well: include/linux/key.h keeps both times in one field.
        key.expiry = Math.min(key.expiry, seconds());
        unlinked = true;
        return 0;
    }

    int invalidate(int id) {
        SimulatedKey key = lookup(id, 0, SimulatedKey.SEARCH).key;
        key.invalidated = true;
        key.tell(KeyEvent.INVALIDATED, 0);
        reapLinks();
        return 0;
    }

    int setTimeout(int id, int seconds) {
        SimulatedKey key = lookup(id, CREATE | PARTIAL, SimulatedKey.SETATTR).key;
        key.expiry =
                seconds == 0 ? SimulatedKey.NEVER : seconds() + Integer.toUnsignedLong(seconds);
        key.tell(KeyEvent.SETATTR, 0);
        return 0;
    }

    int setPermissions(int id, int permissions) {
        require((permissions & ~EVERY_PERMISSION) == 0, Errno.EINVAL);
        SimulatedKey key = lookup(id, CREATE | PARTIAL, SimulatedKey.SETATTR).key;
        require(key.uid == current().uid() || current().isPrivileged(), Errno.EACCES);
        key.permissions = permissions;
        key.tell(KeyEvent.SETATTR, 0);
        return 0;
    }

    int chown(int id, int uid, int gid) {
        if (uid == -1 && gid == -1) {
            return 0;
        }
        SimulatedKey key = lookup(id, CREATE | PARTIAL, SimulatedKey.SETATTR).key;
        boolean needsPrivilege =
                uid != -1 && uid != key.uid
                        || gid != -1 && gid != key.gid && gid != current().gid();
        require(!needsPrivilege || current().isPrivileged(), Errno.EACCES);
        key.uid = uid == -1 ? key.uid : uid;
        key.gid = gid == -1 ? key.gid : gid;
        key.tell(KeyEvent.SETATTR, 0);
        return 0;
    }

    int restrict(int id, @Nullable String type, @Nullable String restriction) {
        SimulatedKey keyring = lookup(id, 0, SimulatedKey.SETATTR).key;
        require((type == null) == (restriction == null), Errno.EINVAL);
        if (type != null) {
            checkType(type);
        }
        checkKeyring(keyring);
        // None of the types that there are here has a restriction to offer.
        require(
                type == null,
                type != null && SimulatedKey.Type.of(type) == null ? Errno.ENOKEY : Errno.ENOENT);
        require(!keyring.restricted, Errno.EEXIST);
        keyring.restricted = true;
        keyring.tell(KeyEvent.SETATTR, 0);
        return 0;
    }

    /** KEYCTL_WATCH_KEY; what is wrong with the key is told before what is wrong with the pipe. */
    int watch(int id, Supplier<NotificationPipe> pipe, int tag) {
        require(tag >= -1 && tag <= 255, Errno.EINVAL);
        SimulatedKey key = lookup(id, CREATE, SimulatedKey.VIEW).key;
        return watch(key, pipe.get(), tag);
    }

    int watch(SimulatedKey key, NotificationPipe pipe, int tag) {
        KeyWatch existing = pipe.watches.get(key);
        if (tag == -1) {
            if (existing == null) {
                throw new KernelError(Errno.EBADSLT);
            }
            key.remove(existing);
            unlinked = true;
            return 0;
        }
        require(existing == null, Errno.EBUSY);
        Credentials owner = current();
        long watches =
                all.values().stream()
                        .flatMap(watched -> watched.watches().stream())
                        .filter(watch -> watch.owner().uid() == owner.uid())
                        .count();
        require(watches < mostWatches, Errno.EAGAIN);
        key.add(new KeyWatch(key, pipe, tag, owner));
        return 0;
    }

    /** A queue is closed: nobody is told. */
    void forget(NotificationPipe pipe) {
        pipe.watchList().forEach(watch -> watch.key().forget(watch));
        unlinked = true;
    }

    @Nullable SimulatedKey get(int serial) {
        return all.get(serial);
    }
}
