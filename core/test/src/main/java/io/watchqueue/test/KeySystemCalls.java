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

import static io.watchqueue.test.KernelError.require;
import static io.watchqueue.test.KeyLookup.CREATE;
import static io.watchqueue.test.KeyLookup.DEFERRED;
import static io.watchqueue.test.KeyLookup.PARTIAL;
import static io.watchqueue.test.KeyLookup.UNLINK;
import static io.watchqueue.test.KeyPermission.POS_ALL;
import static io.watchqueue.test.KeyPermission.POS_SETATTR;
import static io.watchqueue.test.KeyPermission.USR_READ;
import static io.watchqueue.test.KeyPermission.USR_VIEW;
import static io.watchqueue.test.KeyPermission.permits;
import static io.watchqueue.test.KeyPermission.validate;

import io.watchqueue.KeyEvent;
import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * The system calls on keys: security/keys/keyctl.c, without quotas. Each method returns the result
 * of a call, or throws. Has no lock of its own.
 */
final class KeySystemCalls {

    private static final int MOST_TYPE_BYTES = 31;
    private static final int MOST_DESCRIPTION_BYTES = 4095;
    private static final int MOST_USER_PAYLOAD = 32767;
    private static final int MOST_PAYLOAD = 1024 * 1024 - 1;
    private static final int NEGATIVE_SECONDS = 60;
    private static final int PERSISTENT_SECONDS = 3 * 24 * 3600;
    private static final int MOVE_EXCLUSIVE = 1;

    private final KeyTable table;
    private final KeyLookup lookup;
    private final KeyLinks links;
    private final int pageSize;
    private final int mostWatches;

    KeySystemCalls(KeyTable table, KeyLookup lookup, int pageSize, int mostWatches) {
        this.table = table;
        this.lookup = lookup;
        this.links = new KeyLinks(table);
        this.pageSize = pageSize;
        this.mostWatches = mostWatches;
    }

    /** add_key(2), with key_create_or_update() of key.c. */
    int addKey(String typeText, String description, byte[] payload, int ring) {
        require(payload.length <= MOST_PAYLOAD, Errno.EINVAL);
        checkType(typeText);
        checkDescription(description);
        require(!(description.startsWith(".") && typeText.startsWith("keyring")), Errno.EPERM);
        KeyLookup.Ref keyringRef = lookup.userKey(ring, CREATE, SimulatedKey.WRITE);
        SimulatedKey keyring = keyringRef.key();
        SimulatedKey.Type type = SimulatedKey.Type.of(typeText);
        if (type == null) {
            throw new KernelError(Errno.ENODEV);
        }
        KeyLinks.checkKeyring(keyring);
        checkPayload(type, payload);
        require(!description.isEmpty(), Errno.EINVAL);
        require(!keyring.restricted, Errno.EPERM);
        SimulatedKey.Index index = new SimulatedKey.Index(type, description);
        SimulatedKey existing = keyring.members.get(index);
        if (type.updatable && existing != null && !existing.invalidated && !existing.revoked) {
            require(
                    permits(existing, keyringRef.possessed(), lookup.current(), SimulatedKey.WRITE),
                    Errno.EACCES);
            update(existing, payload);
            return existing.serial;
        }
        SimulatedKey key =
                table.allocate(
                        index,
                        lookup.current().uid(),
                        lookup.current().gid(),
                        permissions(type),
                        false);
        key.payload = payload;
        links.add(keyring, key);
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
        key.post(KeyEvent.UPDATED, 0);
    }

    int updateKey(int id, byte[] payload) {
        require(payload.length <= pageSize, Errno.EINVAL);
        SimulatedKey key = lookup.key(id, 0, SimulatedKey.WRITE);
        require(key.index.type().updatable, Errno.EOPNOTSUPP);
        checkPayload(key.index.type(), payload);
        update(key, payload);
        return 0;
    }

    /** request_key(2), with request_key_and_link() of request_key.c. */
    int requestKey(
            String typeText, String description, @Nullable String calloutInfo, int destination) {
        checkType(typeText);
        checkDescription(description);
        SimulatedKey ring =
                destination == 0 ? null : lookup.key(destination, CREATE, SimulatedKey.WRITE);
        SimulatedKey.Index index = index(typeText, description);
        KeySearch search = new KeySearch(table, index, lookup.current()).skippingExpired();
        int result = lookup.searchProcessKeyrings(search);
        if (result == 0) {
            SimulatedKey key = search.found();
            if (ring != null) {
                require(permits(key, true, lookup.current(), SimulatedKey.LINK), Errno.EACCES);
                links.addChecked(ring, key, lookup.current());
            }
            validate(key, table);
            return key.serial;
        }
        require(result == Errno.EAGAIN, result);
        require(calloutInfo != null, Errno.ENOKEY);
        throw construct(index, ring);
    }

    /**
     * construct_key_and_link() of request_key.c, without /sbin/request-key: it leaves a negative
     * key, which expires after a minute.
     */
    private KernelError construct(SimulatedKey.Index index, @Nullable SimulatedKey destination) {
        require(index.type() != SimulatedKey.Type.KEYRING, Errno.EPERM);
        SimulatedKey keyring = destination;
        if (keyring == null) {
            keyring =
                    lookup.current()
                            .keyrings()
                            .findFirst()
                            .orElseGet(() -> lookup.userSessionKeyring(lookup.current()));
            require(permits(keyring, true, lookup.current(), SimulatedKey.WRITE), Errno.EACCES);
        }
        KeyLinks.checkKeyring(keyring);
        SimulatedKey key =
                table.allocate(
                        index,
                        lookup.current().uid(),
                        lookup.current().gid(),
                        permissions(index.type()),
                        false);
        links.add(keyring, key);
        key.state = -Errno.ENOKEY;
        key.expiry = table.seconds() + NEGATIVE_SECONDS;
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
        KeyLookup.Ref keyring = lookup.userKey(ring, 0, SimulatedKey.SEARCH);
        SimulatedKey to =
                destination == 0 ? null : lookup.key(destination, CREATE, SimulatedKey.WRITE);
        KeySearch search = new KeySearch(table, index(typeText, description), lookup.current());
        int result = search.in(keyring.key(), keyring.possessed());
        require(result == 0, result == Errno.EAGAIN ? Errno.ENOKEY : result);
        SimulatedKey key = search.found();
        if (to != null) {
            require(
                    permits(key, keyring.possessed(), lookup.current(), SimulatedKey.LINK),
                    Errno.EACCES);
            links.addChecked(to, key, lookup.current());
        }
        return key.serial;
    }

    int keyringId(int id, boolean create) {
        return lookup.key(id, create ? CREATE : 0, SimulatedKey.SEARCH).serial;
    }

    int joinSession(@Nullable String name) {
        if (name == null) {
            return lookup.joinNewSession();
        }
        checkDescription(name);
        require(!name.startsWith("."), Errno.EPERM);
        return lookup.joinSession(name);
    }

    /** keyctl_get_persistent() of persistent.c. */
    int persistent(int uid, int destination) {
        Credentials credentials = lookup.current();
        int user = uid == -1 ? credentials.uid() : uid;
        require(user == credentials.uid() || credentials.isPrivileged(), Errno.EPERM);
        SimulatedKey keyring = lookup.key(destination, CREATE, SimulatedKey.WRITE);
        KeyLinks.checkKeyring(keyring);
        Credentials owner = new Credentials(user, credentials.gid(), null, null, null);
        String name = "_persistent." + Integer.toUnsignedString(user);
        SimulatedKey existing = table.persistentRegister.get(name);
        if (existing == null || existing.revoked || existing.invalidated) {
            existing =
                    table.allocateKeyring(
                            name, owner, POS_ALL & ~POS_SETATTR | USR_VIEW | USR_READ, false);
            existing.gid = SimulatedKey.NO_GROUP;
            existing.inQuota = false;
            existing.expiry = table.seconds() + PERSISTENT_SECONDS;
            if (table.persistentRegister.put(name, existing) != null) {
                table.released();
            }
        }
        require(permits(existing, true, credentials, SimulatedKey.LINK), Errno.EACCES);
        links.addChecked(keyring, existing, lookup.current());
        existing.expiry = table.seconds() + PERSISTENT_SECONDS;
        return existing.serial;
    }

    String describe(int id) {
        return lookup.key(id, PARTIAL, SimulatedKey.VIEW).describe();
    }

    /** The key, if the caller may read its payload or its members. */
    SimulatedKey readable(int id) {
        KeyLookup.Ref ref;
        try {
            ref = lookup.userKey(id, 0, DEFERRED);
        } catch (KernelError e) {
            throw new KernelError(Errno.ENOKEY);
        }
        SimulatedKey key = ref.key();
        require(key.state == 0, -key.state);
        require(
                ref.possessed() || permits(key, false, lookup.current(), SimulatedKey.READ),
                Errno.EACCES);
        validate(key, table);
        require(key.index.type().readable, Errno.EOPNOTSUPP);
        return key;
    }

    /**
     * /proc/keys, by proc.c: the keys that may be viewed, in the order of their serials; one
     * character a byte.
     */
    String proc() {
        Credentials credentials = lookup.current();
        return table.bySerial()
                .filter(
                        key ->
                                permits(
                                        key,
                                        lookup.isPossessed(key, credentials),
                                        credentials,
                                        SimulatedKey.VIEW))
                .map(key -> key.procLine(table.links(key), table.seconds()))
                .collect(Collectors.joining());
    }

    int link(int id, int ring) {
        SimulatedKey keyring = lookup.key(ring, CREATE, SimulatedKey.WRITE);
        SimulatedKey key = lookup.key(id, CREATE, SimulatedKey.LINK);
        links.addChecked(keyring, key, lookup.current());
        return 0;
    }

    int unlink(int id, int ring) {
        SimulatedKey keyring = lookup.key(ring, 0, SimulatedKey.WRITE);
        SimulatedKey key = lookup.key(id, PARTIAL, UNLINK);
        KeyLinks.checkKeyring(keyring);
        require(keyring.members.containsKey(key.index), Errno.ENOENT);
        links.remove(keyring, key);
        return 0;
    }

    int move(int id, int fromRing, int toRing, int flags) {
        require((flags & ~MOVE_EXCLUSIVE) == 0, Errno.EINVAL);
        SimulatedKey key = lookup.key(id, CREATE, SimulatedKey.LINK);
        SimulatedKey from = lookup.key(fromRing, 0, SimulatedKey.WRITE);
        SimulatedKey to = lookup.key(toRing, CREATE, SimulatedKey.WRITE);
        if (from == to) {
            return 0;
        }
        KeyLinks.checkKeyring(from);
        KeyLinks.checkKeyring(to);
        require(from.members.containsKey(key.index), Errno.ENOENT);
        boolean displaces = to.members.containsKey(key.index);
        require(!(displaces && (flags & MOVE_EXCLUSIVE) != 0), Errno.EEXIST);
        links.checkLink(to, key, lookup.current());
        links.remove(from, key);
        links.add(to, key);
        return 0;
    }

    int clear(int ring) {
        SimulatedKey keyring = lookup.key(ring, CREATE, SimulatedKey.WRITE);
        KeyLinks.checkKeyring(keyring);
        links.clear(keyring);
        return 0;
    }

    int revoke(int id) {
        KeyLookup.Ref ref;
        try {
            ref = lookup.userKey(id, 0, SimulatedKey.WRITE);
        } catch (KernelError e) {
            require(e.errno == Errno.EACCES, e.errno);
            ref = lookup.userKey(id, 0, SimulatedKey.SETATTR);
        }
        SimulatedKey key = ref.key();
        key.revoked = true;
        key.post(KeyEvent.REVOKED, 0);
        key.payload = new byte[0];
        key.members.clear();
        // It expires as well: include/linux/key.h keeps both times in one field.
        key.expiry = Math.min(key.expiry, table.seconds());
        table.released();
        return 0;
    }

    int invalidate(int id) {
        SimulatedKey key = lookup.key(id, 0, SimulatedKey.SEARCH);
        key.invalidated = true;
        key.post(KeyEvent.INVALIDATED, 0);
        table.reapLinks();
        return 0;
    }

    int setTimeout(int id, int seconds) {
        SimulatedKey key = lookup.key(id, CREATE | PARTIAL, SimulatedKey.SETATTR);
        key.expiry =
                seconds == 0
                        ? SimulatedKey.NEVER
                        : table.seconds() + Integer.toUnsignedLong(seconds);
        key.post(KeyEvent.SETATTR, 0);
        return 0;
    }

    int setPermissions(int id, int permissions) {
        require((permissions & ~KeyPermission.EVERY) == 0, Errno.EINVAL);
        SimulatedKey key = lookup.key(id, CREATE | PARTIAL, SimulatedKey.SETATTR);
        require(key.uid == lookup.current().uid() || lookup.current().isPrivileged(), Errno.EACCES);
        key.permissions = permissions;
        key.post(KeyEvent.SETATTR, 0);
        return 0;
    }

    int chown(int id, int uid, int gid) {
        if (uid == -1 && gid == -1) {
            return 0;
        }
        SimulatedKey key = lookup.key(id, CREATE | PARTIAL, SimulatedKey.SETATTR);
        boolean needsPrivilege =
                uid != -1 && uid != key.uid
                        || gid != -1 && gid != key.gid && gid != lookup.current().gid();
        require(!needsPrivilege || lookup.current().isPrivileged(), Errno.EACCES);
        key.uid = uid == -1 ? key.uid : uid;
        key.gid = gid == -1 ? key.gid : gid;
        key.post(KeyEvent.SETATTR, 0);
        return 0;
    }

    int restrict(int id, @Nullable String type, @Nullable String restriction) {
        SimulatedKey keyring = lookup.key(id, 0, SimulatedKey.SETATTR);
        require((type == null) == (restriction == null), Errno.EINVAL);
        if (type != null) {
            checkType(type);
        }
        KeyLinks.checkKeyring(keyring);
        // No type of the simulated ones has restrictions.
        require(
                type == null,
                type != null && SimulatedKey.Type.of(type) == null ? Errno.ENOKEY : Errno.ENOENT);
        require(!keyring.restricted, Errno.EEXIST);
        keyring.restricted = true;
        keyring.post(KeyEvent.SETATTR, 0);
        return 0;
    }

    /** KEYCTL_WATCH_KEY; errors of the key come before those of the pipe. */
    int watch(int id, Supplier<NotificationPipe> pipe, int tag) {
        require(tag >= -1 && tag <= 255, Errno.EINVAL);
        SimulatedKey key = lookup.key(id, CREATE, SimulatedKey.VIEW);
        return watch(key, pipe.get(), tag);
    }

    /** add_watch_to_object() and remove_watch_from_object() of kernel/watch_queue.c. */
    int watch(SimulatedKey key, NotificationPipe pipe, int tag) {
        SimulatedWatch existing = pipe.watches.get(key);
        if (tag == -1) {
            if (existing == null) {
                throw new KernelError(Errno.EBADSLT);
            }
            key.remove(existing);
            table.released();
            return 0;
        }
        require(existing == null, Errno.EBUSY);
        Credentials owner = lookup.current();
        long watches =
                table.all().stream()
                        .flatMap(watched -> watched.watches().stream())
                        .filter(watch -> watch.owner().uid() == owner.uid())
                        .count();
        require(watches < mostWatches, Errno.EAGAIN);
        key.add(new SimulatedWatch(key, pipe, tag, owner));
        return 0;
    }

    /** watch_queue_clear() of kernel/watch_queue.c: a queue is closed, and nobody is notified. */
    void forget(NotificationPipe pipe) {
        pipe.watchList().forEach(watch -> watch.key().forget(watch));
        table.released();
    }
}
