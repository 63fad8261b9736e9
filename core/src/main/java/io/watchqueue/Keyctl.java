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
package io.watchqueue;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.IntSupplier;
import java.util.function.ToIntFunction;

/**
 * Finds, reads and changes keys: keyctl(2), add_key(2) and request_key(2), as the manual pages of
 * section 3 describe them.
 *
 * <p>Special keyrings (see {@link Keyring}) mean those of the calling thread; on a virtual thread,
 * those of its carrier. All methods may be called from any thread, and all throw a {@link
 * WatchQueueException} when the kernel refuses: {@link KeyUnavailableException} for a key that does
 * not exist or is revoked, expired or rejected, {@link KeyPermissionException} for one that does
 * not grant the permission. No exception and no log has a payload in it.
 *
 * <p>A thread <em>possesses</em> the keys to which its thread, process or session keyring leads,
 * and most keys grant others no more than View, see keyrings(7). A session without a link to the
 * user's keyring possesses none of the user's keys until {@code link(Keyring.USER,
 * Keyring.SESSION)} makes one. {@code keyctl session}, systemd's {@code KeyringMode=private} and
 * container engines make such sessions.
 */
public final class Keyctl {

    private static final int KEYCTL_MOVE_EXCL = 1;

    /** Leaves the owner or the group as it is, see {@link #chown}. */
    public static final int UNCHANGED = -1;

    private static final String KEYRING_TYPE = "keyring";
    private static final int NO_KEYRING = 0;

    /** KEYRING_SEARCH_MAX_DEPTH: how far below a keyring the kernel searches. */
    private static final int MOST_DEPTH = 6;

    private static final int NO_ERROR = 0;
    private static final Duration LONGEST_TIMEOUT = Duration.ofSeconds(0xffff_ffffL);
    private static final int FIRST_GUESS = 256; // bytes: 64 members, or a usual secret

    private final Kernel kernel;
    private final KeyFinder finder;

    Keyctl(Kernel kernel) {
        this.kernel = kernel;
        this.finder = new KeyFinder(kernel, key -> describe(key, key, ISO_8859_1));
    }

    /**
     * Returns the key operations of this machine's kernel.
     *
     * @return the operations
     * @throws WatchQueueUnsupportedException if this is not a Linux that this library knows
     */
    public static Keyctl system() {
        return new Keyctl(WatchQueueSupport.systemKernel("use keys"));
    }

    /**
     * Finds a key by a textual reference, written as for keyctl(1).
     *
     * <p>Any user can create a key of any name and show it to all, and keyctl(1) finds such a key.
     * This method does not. A name means the first such key in the thread, process and session
     * keyring of the calling thread, which {@linkplain #possesses possesses} it, whoever the owner
     * is; otherwise, of those in /proc/keys, the first one of this process's user.
     *
     * @param reference a serial in decimal, or in hexadecimal after {@code 0x}; a special keyring as {@code @t}, {@code @p}, {@code
     *     @s}, {@code @u} or {@code @us}; or {@code %TYPE:DESCRIPTION}, where {@code %:NAME} is
     *     short for {@code %keyring:NAME}
     * @return the key; special keyrings are not resolved
     * @throws IllegalArgumentException if the text is none of these
     * @throws ForeignKeyException if only other users have keys of that type and description
     * @throws KeyUnavailableException if no key has that type and description; the message says so
     *     if /proc/keys was not there to be searched, as in containers, which mask it
     */
    public KeyId find(String reference) {
        return switch (reference) {
            case "@t" -> Keyring.THREAD;
            case "@p" -> Keyring.PROCESS;
            case "@s" -> Keyring.SESSION;
            case "@u" -> Keyring.USER;
            case "@us" -> Keyring.USER_SESSION;
            default -> findByNameOrSerial(reference);
        };
    }

    private KeyId findByNameOrSerial(String reference) {
        int colon = reference.indexOf(':');
        if (reference.startsWith("%") && colon > 0) {
            String type = colon == 1 ? KEYRING_TYPE : reference.substring(1, colon);
            String description = reference.substring(colon + 1);
            checkText("find a key", "type", type);
            checkText("find a key", "description", description);
            return finder.find(type, description);
        }
        try {
            return KeyId.of(Integer.decode(reference));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "key '"
                            + reference
                            + "' is not understood: it takes a serial, @t, @p, @s, @u, @us, or %TYPE:DESCRIPTION such as"
                            + " %keyring:NAME",
                    e);
        }
    }

    /**
     * Returns when keys expire: the fourth column of /proc/keys, which keyctl(2) has no call for.
     * Other users can imitate an entry of that file in a description with line breaks. The
     * imitation is skipped if the kernel still describes the key that has the description. If it
     * does not, because that key is revoked or has expired, a key with two different entries is
     * left out.
     *
     * @return of the keys that grant View, {@code "perm"} for never, {@code "expd"} for expired, or
     *     the time left, rounded down to one unit: {@code "59s"}, {@code "59m"}, {@code "23h"},
     *     {@code "6d"}, {@code "4w"}; empty where /proc/keys is masked
     */
    public Map<KeyId, String> timeouts() {
        return finder.timeouts();
    }

    /**
     * Resolves a special keyring on the calling thread: keyctl_get_keyring_ID(3).
     *
     * @param key a special keyring, or a serial, which is checked to exist
     * @param create whether to create the keyring if the thread has none
     * @return the serial
     */
    public KeyId resolve(KeyId key, boolean create) {
        return KeyId.of(call("resolve key " + key, () -> kernel.keyringId(key.value(), create)));
    }

    /**
     * Returns the serial of a key, such as {@link #find} returns it.
     *
     * @param key a special keyring, which is that of the calling thread and is created if
     *     necessary; or a serial, which is returned unchecked, because the kernel checks it only
     *     for those to whom the key grants Search
     * @return the serial
     */
    public KeyId serial(KeyId key) {
        return key.isSpecial() ? resolve(key, true) : key;
    }

    /**
     * Adds a key to a keyring, or updates the key of the same type and description there:
     * add_key(2).
     *
     * @param type the key type, such as {@code "user"}
     * @param description the description
     * @param payload the secret; copied, and the copy wiped. Wipe the array when it is no longer
     *     needed
     * @param keyring the keyring, which must grant Write
     * @return the key
     * @throws ResourceLimitException if the quota of keys is used up
     */
    public KeyId add(String type, String description, byte[] payload, KeyId keyring) {
        return add(type, description, ByteBuffer.wrap(payload), keyring);
    }

    /**
     * Adds a key to a keyring, or updates the key of the same type and description there:
     * add_key(2).
     *
     * @param type the key type, such as {@code "user"}
     * @param description the description
     * @param payload the secret, from the buffer's position to its limit, which are not changed;
     *     copied, and the copy wiped
     * @param keyring the keyring, which must grant Write
     * @return the key
     * @throws ResourceLimitException if the quota of keys is used up
     */
    public KeyId add(String type, String description, ByteBuffer payload, KeyId keyring) {
        String operation = "add key " + type + " '" + description + "' to " + keyring;
        checkText(operation, "type", type);
        checkText(operation, "description", description);
        int length = payload.remaining();
        int ring = keyring.value();
        return KeyId.of(
                withPayload(
                        operation,
                        payload,
                        copy -> kernel.addKey(type, description, copy, length, ring)));
    }

    /**
     * Adds an empty keyring to a keyring, in place of one of the same name.
     *
     * @param name its name
     * @param parent the keyring that is to have it
     * @return the new keyring
     * @throws ResourceLimitException if the quota of keys is used up
     */
    public KeyId addKeyring(String name, KeyId parent) {
        return add(KEYRING_TYPE, name, new byte[0], parent);
    }

    /**
     * Looks for a key in the keyrings of the calling thread, without asking user space for it:
     * request_key(2) without callout information.
     *
     * @param type the key type
     * @param description the description
     * @return the key
     * @throws KeyUnavailableException if there is none, or it is revoked, expired or rejected
     */
    public KeyId request(String type, String description) {
        return request(type, description, null, null);
    }

    /**
     * Looks for a key in the keyrings of the calling thread, and has the kernel ask user space for
     * it if it is not there: request_key(2). Blocks until /sbin/request-key has answered, or until
     * a key that was found under construction is complete.
     *
     * @param type the key type
     * @param description the description
     * @param calloutInfo the information for request-key(8), or null not to ask it
     * @param destination where to link the key that was found or made, or null for the thread's
     *     default
     * @return the key
     * @throws KeyUnavailableException if there is none, or it is revoked, expired or rejected
     * @throws ResourceLimitException if the quota of keys is used up
     * @throws IllegalStateException with callout information on a virtual thread, which would hold
     *     its carrier thread until request-key(8) has answered
     */
    public KeyId request(
            String type,
            String description,
            @Nullable String calloutInfo,
            @Nullable KeyId destination) {
        String operation = "request key " + type + " '" + description + "'";
        checkText(operation, "type", type);
        checkText(operation, "description", description);
        if (calloutInfo != null) {
            checkText(operation, "callout information", calloutInfo);
            VirtualThreads.refuse(
                    operation,
                    "would hold its carrier thread until request-key(8) has answered, for a minute or"
                            + " more; use a platform thread, or pass no callout information");
        }
        int ring = destination == null ? NO_KEYRING : destination.value();
        int found =
                call(
                        operation,
                        Errno.ENOKEY,
                        () -> kernel.requestKey(type, description, calloutInfo, ring));
        if (found == -Errno.ENOKEY) {
            throw Failures.notPossessed(operation);
        }
        return KeyId.of(found);
    }

    /**
     * Looks for a key in a keyring and the keyrings in it: keyctl_search(3).
     *
     * @param keyring a keyring that grants Search
     * @param type the key type
     * @param description the description
     * @return the key; empty if there is none that grants Search
     * @throws KeyUnavailableException if there is no such keyring, or the key that was found is
     *     revoked, expired or rejected
     */
    public Optional<KeyId> search(KeyId keyring, String type, String description) {
        String operation = "search " + keyring + " for key " + type + " '" + description + "'";
        checkText(operation, "type", type);
        checkText(operation, "description", description);
        int found =
                call(
                        operation,
                        Errno.ENOKEY,
                        () -> kernel.searchKey(keyring.value(), type, description, NO_KEYRING));
        if (found == -Errno.ENOKEY) {
            resolve(keyring, false); // throws if it is the keyring that does not exist
            return Optional.empty();
        }
        return Optional.of(KeyId.of(found));
    }

    /**
     * Returns whether the calling thread possesses a key: "Possession" of keyrings(7), and
     * is_key_possessed() of security/keys/process_keys.c. A thread possesses the keys to which its
     * thread, process or session keyring leads, through at most six nested keyrings, each of which
     * grants Search, as the key itself does. Those keyrings themselves are possessed too. If the
     * thread has no session keyring, the user session keyring takes its place.
     *
     * <p>Possession does not depend on the owner. Another user can make a key of any name and show
     * it to all, but cannot put it where this thread possesses it, except in a keyring that this
     * thread possesses and that grants the other user Write.
     *
     * <p>The kernel has no system call for this. This method searches as the kernel does, and looks
     * at the members one by one only if another key of the same type and description hides the key.
     * The keyrings of a process for which request-key(8) runs a program are not searched.
     *
     * @param key a key that grants View, with a description that is UTF-8
     * @return true if the calling thread possesses it; on a virtual thread, if its carrier does
     * @throws KeyUnavailableException if there is no such key, or it is revoked or has expired
     * @throws KeyPermissionException if it does not grant View
     */
    public boolean possesses(KeyId key) {
        KeyDescription wanted = describe(key);
        return KeyFinder.POSSESSED.stream().anyMatch(root -> leadsTo(root, wanted, 0));
    }

    private boolean leadsTo(KeyId keyring, KeyDescription wanted, int depth) {
        int found =
                Interrupted.retry(
                        () ->
                                kernel.searchKey(
                                        keyring.value(),
                                        wanted.type(),
                                        wanted.description(),
                                        NO_KEYRING));
        if (depth == 0 && found == wanted.key().value()) {
            return true;
        }
        if (found == -Errno.ENOKEY || found == -Errno.ENOTDIR) {
            return false;
        }
        if (found < 0 && !KeyFinder.NOT_THERE.contains(-found)) {
            throw Failures.key("search " + keyring + " for key " + wanted.key(), -found);
        }
        // The kernel stops at the first key of that name, which may hide the one that is wanted.
        return depth <= MOST_DEPTH
                && membersOrNone(keyring).stream()
                        .filter(this::grantsSearch)
                        .anyMatch(
                                member ->
                                        member.equals(wanted.key())
                                                || leadsTo(member, wanted, depth + 1));
    }

    private List<KeyId> membersOrNone(KeyId keyring) {
        try {
            return list(keyring);
        } catch (KeyUnavailableException | KeyPermissionException e) {
            return List.of(); // it leads nowhere
        }
    }

    private boolean grantsSearch(KeyId key) {
        return Interrupted.retry(() -> kernel.keyringId(key.value(), false)) > 0;
    }

    /**
     * Replaces the payload of a key: keyctl_update(3). The kernel takes no more than a page here,
     * 4096 bytes on most machines; {@link #add(String, String, ByteBuffer, KeyId) adding} the key
     * again takes as much as its type allows.
     *
     * @param key a key that grants Write
     * @param payload the secret; copied, and the copy wiped. Wipe the array when it is no longer
     *     needed
     */
    public void update(KeyId key, byte[] payload) {
        update(key, ByteBuffer.wrap(payload));
    }

    /**
     * Replaces the payload of a key: keyctl_update(3). The kernel takes no more than a page here,
     * 4096 bytes on most machines; {@link #add(String, String, ByteBuffer, KeyId) adding} the key
     * again takes as much as its type allows.
     *
     * @param key a key that grants Write
     * @param payload the secret, from the buffer's position to its limit, which are not changed;
     *     copied, and the copy wiped
     */
    public void update(KeyId key, ByteBuffer payload) {
        int length = payload.remaining();
        withPayload(
                "update key " + key, payload, copy -> kernel.updateKey(key.value(), copy, length));
    }

    /**
     * Reads the payload of a key: keyctl_read(3). A keyring's are the serials of its members, see
     * {@link #list}.
     *
     * @param key a key that grants Read, or is found from the keyrings of the calling thread
     * @return the secret; wipe the array when it is no longer needed
     */
    public byte[] read(KeyId key) {
        return readAll(
                "read key " + key, buffer -> kernel.readKey(key.value(), buffer), Keyctl::bytes);
    }

    /**
     * Reads the payload of a key into a buffer: keyctl_read(3).
     *
     * @param key a key that grants Read, or is found from the keyrings of the calling thread
     * @param target receives the secret from its position on, which is moved past it; not changed
     *     if there is too little room
     * @return the length of the secret in bytes; more than the room in the buffer if it was not
     *     read
     */
    public int read(KeyId key, ByteBuffer target) {
        try (NativeBuffer buffer = kernel.borrow(target.remaining())) {
            int length = call("read key " + key, () -> kernel.readKey(key.value(), buffer));
            if (length <= target.remaining()) {
                target.put(buffer.bytes().slice(0, length));
            }
            return length;
        }
    }

    /**
     * Describes a key: keyctl_describe(3).
     *
     * @param key a key that grants View
     * @return its type, owner, permissions and description
     */
    public KeyDescription describe(KeyId key) {
        return describe(key, key.isSpecial() ? resolve(key, false) : key, UTF_8);
    }

    private KeyDescription describe(KeyId key, KeyId serial, Charset charset) {
        String operation = "describe key " + key;
        String text =
                readAll(
                        operation,
                        buffer -> kernel.describeKey(key.value(), buffer),
                        (buffer, length) -> new String(bytes(buffer, length - 1), charset));
        KeyDescription description = KeyDescription.parse(serial, text);
        if (description == null) {
            throw new WatchQueueException(
                    operation,
                    0,
                    "the kernel's answer is not understood, as it is not"
                            + " type;uid;gid;permissions;description. Please report it.");
        }
        return description;
    }

    /**
     * Lists the members of a keyring: keyctl_read(3).
     *
     * @param keyring a keyring that grants Read
     * @return the keys linked into it, in the kernel's order
     */
    public List<KeyId> list(KeyId keyring) {
        return readAll(
                "list keyring " + keyring,
                buffer -> kernel.readKey(keyring.value(), buffer),
                Keyctl::serials);
    }

    /**
     * Lists the members of a keyring, and of the keyrings in it. A key that is destroyed meanwhile
     * is left out.
     *
     * @param keyring where to begin; any key
     * @return the tree
     * @throws KeyUnavailableException if there is no such key
     */
    public KeyTree tree(KeyId keyring) {
        return tree(resolve(keyring, false), new HashSet<>());
    }

    private KeyTree tree(KeyId key, Set<KeyId> path) {
        KeyDescription description = null;
        try {
            description = describe(key);
            if (!description.isKeyring()) {
                return new KeyTree(key, description, List.of(), true);
            }
            // The kernel forbids cycles of keyrings, but keyrings may move while the tree is read.
            if (path.add(key)) {
                List<KeyTree> members = members(key, path);
                path.remove(key);
                return new KeyTree(key, description, members, true);
            }
        } catch (KeyPermissionException e) {
            // Its members remain unknown.
        } catch (KeyUnavailableException e) {
            if (e.errno() == Errno.ENOKEY) {
                throw e;
            }
        }
        return new KeyTree(key, description, List.of(), false);
    }

    private List<KeyTree> members(KeyId keyring, Set<KeyId> path) {
        List<KeyTree> members = new ArrayList<>();
        for (KeyId member : list(keyring)) {
            try {
                members.add(tree(member, path));
            } catch (KeyUnavailableException e) {
                // It was destroyed meanwhile.
            }
        }
        return members;
    }

    /**
     * Links a key into a keyring: keyctl_link(3).
     *
     * @param key a key that grants Link
     * @param keyring a keyring that grants Write
     */
    public void link(KeyId key, KeyId keyring) {
        keyctl(
                "link key " + key + " into " + keyring,
                Kernel.KEYCTL_LINK,
                key.value(),
                keyring.value());
    }

    /**
     * Removes a key from a keyring: keyctl_unlink(3). A key whose last link is removed is
     * destroyed.
     *
     * @param key a member
     * @param keyring a keyring that grants Write
     */
    public void unlink(KeyId key, KeyId keyring) {
        keyctl(
                "unlink key " + key + " from " + keyring,
                Kernel.KEYCTL_UNLINK,
                key.value(),
                keyring.value());
    }

    /**
     * Moves a key from one keyring to another: keyctl_move(3). Displaces a key of the same type and
     * description there.
     *
     * @param key a member of {@code from} that grants Link
     * @param from a keyring that grants Write
     * @param to a keyring that grants Write
     */
    public void move(KeyId key, KeyId from, KeyId to) {
        keyctl(
                "move key " + key + " from " + from + " to " + to,
                Kernel.KEYCTL_MOVE,
                key.value(),
                from.value(),
                to.value());
    }

    /**
     * Moves a key from one keyring to another, unless that has one of the same type and
     * description: keyctl_move(3) with KEYCTL_MOVE_EXCL.
     *
     * @param key a member of {@code from} that grants Link
     * @param from a keyring that grants Write
     * @param to a keyring that grants Write
     * @return false if {@code to} has such a key; then nothing was changed
     */
    public boolean moveIfAbsent(KeyId key, KeyId from, KeyId to) {
        int result =
                call(
                        "move key " + key + " from " + from + " to " + to,
                        Errno.EEXIST,
                        () ->
                                kernel.keyctl(
                                        Kernel.KEYCTL_MOVE,
                                        key.value(),
                                        from.value(),
                                        to.value(),
                                        KEYCTL_MOVE_EXCL));
        return result >= 0;
    }

    /**
     * Empties a keyring: keyctl_clear(3).
     *
     * @param keyring a keyring that grants Write
     */
    public void clear(KeyId keyring) {
        keyctl("clear keyring " + keyring, Kernel.KEYCTL_CLEAR, keyring.value());
    }

    /**
     * Revokes a key: keyctl_revoke(3). From now on every use of it fails; it is destroyed after a
     * while (kernel.keys.gc_delay).
     *
     * @param key a key that grants Write or Setattr
     */
    public void revoke(KeyId key) {
        keyctl("revoke key " + key, Kernel.KEYCTL_REVOKE, key.value());
    }

    /**
     * Invalidates a key: keyctl_invalidate(3). It is taken out of all keyrings and destroyed at
     * once.
     *
     * @param key a key that grants Search
     */
    public void invalidate(KeyId key) {
        keyctl("invalidate key " + key, Kernel.KEYCTL_INVALIDATE, key.value());
    }

    /**
     * Sets when a key expires: keyctl_set_timeout(3).
     *
     * @param key a key that grants Setattr
     * @param timeout the time from now, in whole seconds, rounded up; zero for never
     * @throws IllegalArgumentException if it is negative, or more than 4294967295 seconds
     */
    public void setTimeout(KeyId key, Duration timeout) {
        if (timeout.isNegative() || timeout.compareTo(LONGEST_TIMEOUT) > 0) {
            throw new IllegalArgumentException(
                    "set the timeout of key "
                            + key
                            + ": "
                            + timeout
                            + " is not from 0 to 4294967295 seconds");
        }
        long seconds = timeout.plusNanos(999_999_999).toSeconds();
        keyctl(
                "set the timeout of key " + key,
                Kernel.KEYCTL_SET_TIMEOUT,
                key.value(),
                (int) seconds);
    }

    /**
     * Sets the permissions of a key: keyctl_setperm(3).
     *
     * @param key a key that grants Setattr
     * @param permissions the mask: View 1, Read 2, Write 4, Search 8, Link 16, Setattr 32; shifted
     *     by 24 bits for the possessor, 16 for the owner, 8 for the group, 0 for others
     */
    public void setPermissions(KeyId key, int permissions) {
        keyctl(
                "set the permissions of key " + key,
                Kernel.KEYCTL_SETPERM,
                key.value(),
                permissions);
    }

    /**
     * Sets the owner and the group of a key: keyctl_chown(3).
     *
     * @param key a key that grants Setattr
     * @param uid the new owner, 32 bits, unsigned, such as {@code (int) 3846276768L}, or {@link
     *     #UNCHANGED}; another one needs CAP_SYS_ADMIN
     * @param gid the new group, unsigned as well, or {@link #UNCHANGED}; one that the process is
     *     not in needs CAP_SYS_ADMIN
     */
    public void chown(KeyId key, int uid, int gid) {
        keyctl(
                "change the owner of key " + key + " to " + owner(uid) + ":" + owner(gid),
                Kernel.KEYCTL_CHOWN,
                key.value(),
                uid,
                gid);
    }

    /** The syntax of chown(1), which omits an owner or group that stays. */
    private static String owner(int id) {
        return id == UNCHANGED ? "" : Integer.toUnsignedString(id);
    }

    /**
     * Forbids all further links into a keyring, for good: keyctl_restrict_keyring(3) without a
     * type.
     *
     * @param keyring a keyring that grants Setattr
     */
    public void restrict(KeyId keyring) {
        call(
                "restrict keyring " + keyring,
                () -> kernel.restrictKeyring(keyring.value(), null, null));
    }

    /**
     * Lets a keyring take only keys that a key type approves of, for good:
     * keyctl_restrict_keyring(3).
     *
     * @param keyring a keyring that grants Setattr
     * @param type the key type, such as {@code "asymmetric"}
     * @param restriction the restriction in the syntax of that type, such as {@code
     *     "builtin_trusted"}
     */
    public void restrict(KeyId keyring, String type, String restriction) {
        String operation = "restrict keyring " + keyring + " to " + type + " '" + restriction + "'";
        checkText(operation, "type", type);
        checkText(operation, "restriction", restriction);
        call(operation, () -> kernel.restrictKeyring(keyring.value(), type, restriction));
    }

    /**
     * Gets the persistent keyring of this process's user, which outlives the user's sessions:
     * keyctl_get_persistent(3). Postpones its expiry to
     * /proc/sys/kernel/keys/persistent_keyring_expiry seconds from now, by default three days.
     *
     * @param destination where to link it, so that it is possessed
     * @return the persistent keyring
     * @throws WatchQueueException with EOPNOTSUPP if the kernel has none, see {@link
     *     KeyCapability#PERSISTENT_KEYRINGS}
     */
    public KeyId persistent(KeyId destination) {
        return persistent(UNCHANGED, destination);
    }

    /**
     * Gets the persistent keyring of a user, as {@link #persistent(KeyId)} does.
     *
     * @param uid the user, 32 bits, unsigned, such as {@code (int) 3846276768L}; another one than
     *     the process's needs CAP_SETUID
     * @param destination where to link it, so that it is possessed
     * @return the persistent keyring
     */
    public KeyId persistent(int uid, KeyId destination) {
        String user = uid == UNCHANGED ? "" : " of user " + Integer.toUnsignedString(uid);
        return KeyId.of(
                call(
                        "get the persistent keyring" + user + " into " + destination,
                        () ->
                                kernel.keyctl(
                                        Kernel.KEYCTL_GET_PERSISTENT,
                                        uid,
                                        destination.value(),
                                        0,
                                        0)));
    }

    /**
     * Returns the capabilities of the kernel's key management: keyctl_capabilities(3).
     *
     * @return the capabilities that this library knows and the kernel has; empty before Linux 5.4,
     *     which has no such call
     */
    public Set<KeyCapability> capabilities() {
        try (NativeBuffer buffer = kernel.borrow(KeyCapability.BYTES)) {
            int length =
                    call(
                            "get the capabilities of the kernel's keys",
                            Errno.EOPNOTSUPP,
                            () -> kernel.keyCapabilities(buffer));
            return KeyCapability.decode(buffer.bytes(), Math.max(0, length));
        }
    }

    /**
     * Gives the calling thread a new session keyring without a name of its own:
     * keyctl_join_session_keyring(3). Other threads that exist keep theirs; threads and processes
     * made later by this one inherit it.
     *
     * @return the keyring
     * @throws IllegalStateException on a virtual thread: the session would be its carrier's, and so
     *     that of all virtual threads that run there later
     */
    public KeyId joinSession() {
        String operation = "join a new session keyring";
        refuseVirtualThread(operation);
        return KeyId.of(call(operation, () -> kernel.joinSession(null)));
    }

    private static void refuseVirtualThread(String operation) {
        VirtualThreads.refuse(
                operation,
                "the kernel knows only its carrier thread, so that all virtual threads which run there later"
                        + " would have that session; use a platform thread");
    }

    /**
     * Gives the calling thread a session keyring of its own: keyctl_join_session_keyring(3). Other
     * threads that exist keep theirs; threads and processes made later by this one inherit it.
     *
     * @param name the keyring's name; one of that name is joined if there is one and it grants
     *     Search
     * @return the keyring
     * @throws IllegalStateException on a virtual thread: the session would be its carrier's, and so
     *     that of all virtual threads that run there later
     */
    public KeyId joinSession(String name) {
        String operation = "join session keyring '" + name + "'";
        checkText(operation, "name", name);
        refuseVirtualThread(operation);
        int joined = call(operation, () -> kernel.joinSession(name));
        // 0 if the thread has that one already.
        return joined == 0 ? resolve(Keyring.SESSION, false) : KeyId.of(joined);
    }

    private void keyctl(String operation, int number, int... arguments) {
        call(
                operation,
                () ->
                        kernel.keyctl(
                                number,
                                argument(arguments, 0),
                                argument(arguments, 1),
                                argument(arguments, 2),
                                argument(arguments, 3)));
    }

    private static int argument(int[] arguments, int index) {
        return index < arguments.length ? arguments[index] : 0;
    }

    private static int call(String operation, IntSupplier call) {
        return call(operation, NO_ERROR, call);
    }

    /** Returns the negated error number if it is the one that the caller handles. */
    private static int call(String operation, int expectedErrno, IntSupplier call) {
        int result = Interrupted.retry(call);
        if (result < 0 && result != -expectedErrno) {
            throw Failures.key(operation, -result);
        }
        return result;
    }

    private int withPayload(
            String operation, ByteBuffer payload, ToIntFunction<NativeBuffer> call) {
        try (NativeBuffer copy = kernel.borrow(payload.remaining())) {
            copy.bytes().put(0, payload, payload.position(), payload.remaining());
            return call(operation, () -> call.applyAsInt(copy));
        }
    }

    /** Reads until the buffer is large enough: the data may grow between two calls. */
    private <T> T readAll(
            String operation,
            ToIntFunction<NativeBuffer> call,
            BiFunction<NativeBuffer, Integer, T> decoder) {
        int size = FIRST_GUESS;
        while (true) {
            try (NativeBuffer buffer = kernel.borrow(size)) {
                int length = call(operation, () -> call.applyAsInt(buffer));
                if (length <= size) {
                    return decoder.apply(buffer, length);
                }
                size = length;
            }
        }
    }

    private static byte[] bytes(NativeBuffer buffer, int length) {
        byte[] bytes = new byte[length];
        buffer.bytes().get(0, bytes);
        return bytes;
    }

    private static List<KeyId> serials(NativeBuffer buffer, int length) {
        List<KeyId> serials = new ArrayList<>(length / Integer.BYTES);
        for (int at = 0; at + Integer.BYTES <= length; at += Integer.BYTES) {
            serials.add(KeyId.of(buffer.bytes().getInt(at)));
        }
        return serials;
    }

    private static void checkText(String operation, String what, String text) {
        Objects.requireNonNull(text, what);
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(
                    operation
                            + ": the "
                            + what
                            + " has a NUL character, where the kernel would cut it off");
        }
        if (!UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException(
                    operation
                            + ": the "
                            + what
                            + " has half of a surrogate pair, which UTF-8 would encode as a question"
                            + " mark");
        }
    }
}
