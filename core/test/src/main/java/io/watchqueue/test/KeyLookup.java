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
import static io.watchqueue.test.KeyPermission.POS_ALL;
import static io.watchqueue.test.KeyPermission.POS_SETATTR;
import static io.watchqueue.test.KeyPermission.USR_ALL;
import static io.watchqueue.test.KeyPermission.USR_LINK;
import static io.watchqueue.test.KeyPermission.USR_READ;
import static io.watchqueue.test.KeyPermission.USR_VIEW;
import static io.watchqueue.test.KeyPermission.permits;
import static io.watchqueue.test.KeyPermission.validate;

import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.stream.Stream;

/**
 * The credentials of threads, and the keys that an id means to them: security/keys/process_keys.c.
 * Has no lock of its own.
 */
final class KeyLookup {

    // The flags of userKey(): KEY_LOOKUP_CREATE and KEY_LOOKUP_PARTIAL.
    static final int CREATE = 1;
    static final int PARTIAL = 2;

    // Instead of a permission: KEY_NEED_UNLINK needs none, KEY_DEFER_PERM_CHECK is checked later.
    static final int UNLINK = 0;
    static final int DEFERRED = -1;

    /** A key, and whether the caller possesses it. */
    record Ref(SimulatedKey key, boolean possessed) {}

    private final KeyTable table;

    /** Threads that have made a call. Each other thread has the credentials of its parent. */
    private final Map<Thread, Credentials> threads = new WeakHashMap<>();

    private final InheritableThreadLocal<Credentials> inherited;
    private final Credentials initial;

    /**
     * Creates the process.
     *
     * @param lock held while a thread is created, which copies credentials
     */
    KeyLookup(KeyTable table, int uid, int gid, Object lock) {
        this.table = table;
        // As pam_keyinit(8) leaves it: a session that has the user's keyring.
        Credentials user = new Credentials(uid, gid, null, null, null);
        SimulatedKey session =
                table.allocateKeyring("_ses", user, POS_ALL | USR_VIEW | USR_READ, false);
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
        table.keepKeyringsOf(this::owners);
    }

    private Stream<Credentials> owners() {
        threads.keySet().removeIf(thread -> !thread.isAlive());
        return Stream.concat(Stream.of(initial), threads.values().stream());
    }

    // Threads

    Credentials current() {
        return threads.computeIfAbsent(Thread.currentThread(), thread -> inherited.get());
    }

    void become(Credentials credentials) {
        inherited.set(credentials);
        threads.put(Thread.currentThread(), credentials);
        table.released();
    }

    /** copy_creds(): a thread shares all but the keyring of its own. */
    private Credentials ofNewThread(Credentials parent) {
        return parent.thread() == null ? parent : parent.withThread(threadKeyring(parent));
    }

    private SimulatedKey threadKeyring(Credentials owner) {
        return table.allocateKeyring("_tid", owner, POS_ALL | USR_VIEW, false);
    }

    private SimulatedKey userKeyring(Credentials owner) {
        return table.userRegister.computeIfAbsent(
                "_uid." + Integer.toUnsignedString(owner.uid()),
                name -> table.allocateKeyring(name, owner, POS_ALL & ~POS_SETATTR | USR_ALL, true));
    }

    private static String userSessionName(Credentials owner) {
        return "_uid_ses." + Integer.toUnsignedString(owner.uid());
    }

    SimulatedKey userSessionKeyring(Credentials owner) {
        SimulatedKey user = userKeyring(owner);
        return table.userRegister.computeIfAbsent(
                userSessionName(owner),
                name -> {
                    SimulatedKey keyring =
                            table.allocateKeyring(
                                    name, owner, POS_ALL & ~POS_SETATTR | USR_ALL, true);
                    keyring.members.put(user.index, user);
                    return keyring;
                });
    }

    /** join_session_keyring() without a name. */
    int joinNewSession() {
        SimulatedKey session =
                table.allocateKeyring("_ses", current(), POS_ALL | USR_VIEW | USR_READ, false);
        become(current().withSession(session));
        return session.serial;
    }

    /** join_session_keyring() with a name. */
    int joinSession(String name) {
        Credentials credentials = current();
        SimulatedKey named = null;
        for (SimulatedKey key : table.all()) {
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
                    table.allocateKeyring(
                            name, credentials, POS_ALL | USR_VIEW | USR_READ | USR_LINK, false);
        } else if (named == credentials.session()) {
            return 0;
        }
        become(credentials.withSession(named));
        return named.serial;
    }

    // Lookup

    /** lookup_user_key(), if it does not matter whether the key is possessed. */
    SimulatedKey key(int id, int flags, int permission) {
        return userKey(id, flags, permission).key;
    }

    /** lookup_user_key(). */
    Ref userKey(int id, int flags, int permission) {
        Credentials credentials = current();
        Ref ref = find(id, (flags & CREATE) != 0, credentials);
        SimulatedKey key = ref.key;
        if (permission != UNLINK && permission != DEFERRED) {
            if ((flags & PARTIAL) == 0 && key.state < 0) {
                throw new KernelError(-key.state);
            }
            validate(key, table);
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
                                    table.allocateKeyring(
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
                SimulatedKey key = table.get(id);
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

    boolean isPossessed(SimulatedKey key, Credentials credentials) {
        return searchProcessKeyrings(new KeySearch(table, key.index, credentials).only(key)) == 0;
    }

    /** search_cred_keyrings_rcu(). */
    int searchProcessKeyrings(KeySearch search) {
        Credentials credentials = current();
        List<SimulatedKey> roots = new ArrayList<>(credentials.keyrings().toList());
        if (credentials.session() == null) {
            SimulatedKey userSession = table.userRegister.get(userSessionName(credentials));
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
}
