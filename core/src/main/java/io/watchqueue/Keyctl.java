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

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.IntSupplier;

/**
 * Finds and changes keys: keyctl(2) and add_key(2), as the manual pages of section 3 describe them.
 *
 * <p>Special keyrings (see {@link Keyring}) mean those of the calling thread. All methods may be
 * called from any thread, and all throw a {@link WatchQueueException} when the kernel refuses:
 * {@link KeyUnavailableException} for a key that does not exist or is revoked, expired or rejected,
 * {@link KeyPermissionException} for one that does not grant the permission. No exception and no
 * log has a payload in it.
 */
public final class Keyctl {

    // include/uapi/linux/keyctl.h
    private static final int KEYCTL_REVOKE = 3;
    private static final int KEYCTL_SETPERM = 5;
    private static final int KEYCTL_CLEAR = 7;
    private static final int KEYCTL_LINK = 8;
    private static final int KEYCTL_UNLINK = 9;
    private static final int KEYCTL_SET_TIMEOUT = 15;
    private static final int KEYCTL_INVALIDATE = 21;
    private static final int KEYCTL_MOVE = 30;

    private static final String KEYRING_TYPE = "keyring";

    private final Kernel kernel;

    Keyctl(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Returns the key operations of this machine's kernel.
     *
     * @return the operations
     * @throws WatchQueueUnsupportedException if this is no Linux that this library knows
     */
    public static Keyctl system() {
        return new Keyctl(WatchQueueSupport.systemKernel("use keys"));
    }

    /**
     * Finds a key by what people write for it, as keyctl(1) does.
     *
     * @param reference a serial in decimal, or in hexadecimal after {@code 0x}; a special keyring as {@code @t}, {@code @p}, {@code
     *     @s}, {@code @u} or {@code @us}; or {@code %TYPE:DESCRIPTION}, where {@code %:NAME} is short for {@code %keyring:NAME}: the
     *     first such key in the keyrings of this process, or else in /proc/keys
     * @return the key; special keyrings are not resolved
     * @throws IllegalArgumentException if the text is none of these
     * @throws KeyUnavailableException if no key has that type and description
     */
    public KeyId find(String reference) {
        switch (reference) {
            case "@t":
                return Keyring.THREAD;
            case "@p":
                return Keyring.PROCESS;
            case "@s":
                return Keyring.SESSION;
            case "@u":
                return Keyring.USER;
            case "@us":
                return Keyring.USER_SESSION;
            default:
        }
        int colon = reference.indexOf(':');
        if (reference.startsWith("%") && colon > 0) {
            String type = colon == 1 ? KEYRING_TYPE : reference.substring(1, colon);
            return find(type, reference.substring(colon + 1));
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

    private KeyId find(String type, String description) {
        checkText("find a key", "type", type);
        checkText("find a key", "description", description);
        int found =
                Interrupted.retry(
                        () -> kernel.searchKey(Keyring.SESSION.value(), type, description, 0));
        if (found > 0) {
            return KeyId.of(found);
        }
        for (int serial : kernel.visibleKeys()) {
            KeyId key = KeyId.of(serial);
            try {
                KeyDescription candidate = describe(key);
                if (candidate.type().equals(type) && candidate.description().equals(description)) {
                    return key;
                }
            } catch (KeyUnavailableException | KeyPermissionException e) {
                // It went, or is hidden, between the list and the look: then it is not the one.
                continue;
            }
        }
        throw Failures.key("find key %" + type + ":" + description, Errno.ENOKEY);
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
     * Adds a key to a keyring, or updates the key of the same type and description there:
     * add_key(2).
     *
     * @param type the key type, such as {@code "user"}
     * @param description the description
     * @param payload the secret; copied, and the copy wiped
     * @param keyring the keyring, which must grant Write
     * @return the key
     * @throws ResourceLimitException if the quota of keys is used up
     */
    public KeyId add(String type, String description, byte[] payload, KeyId keyring) {
        String operation = "add key " + type + " '" + description + "' to " + keyring;
        checkText(operation, "type", type);
        checkText(operation, "description", description);
        return withPayload(
                payload,
                buffer ->
                        KeyId.of(
                                call(
                                        operation,
                                        () ->
                                                kernel.addKey(
                                                        type,
                                                        description,
                                                        buffer,
                                                        payload.length,
                                                        keyring.value()))));
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
     * Replaces the payload of a key: keyctl_update(3).
     *
     * @param key a key that grants Write
     * @param payload the secret; copied, and the copy wiped
     */
    public void update(KeyId key, byte[] payload) {
        withPayload(
                payload,
                buffer ->
                        call(
                                "update key " + key,
                                () -> kernel.updateKey(key.value(), buffer, payload.length)));
    }

    /**
     * Describes a key: keyctl_describe(3).
     *
     * @param key a key that grants View
     * @return its type, owner, permissions and description
     */
    public KeyDescription describe(KeyId key) {
        int size = 128;
        while (true) {
            NativeBuffer buffer = kernel.allocate(size);
            int length = call("describe key " + key, () -> kernel.describeKey(key.value(), buffer));
            if (length <= size) {
                byte[] text = new byte[length - 1];
                buffer.bytes().get(0, text);
                KeyId serial = key.isSpecial() ? resolve(key, false) : key;
                return KeyDescription.parse(serial, new String(text, StandardCharsets.UTF_8));
            }
            size = length;
        }
    }

    /**
     * Lists the members of a keyring: keyctl_read(3).
     *
     * @param keyring a keyring that grants Read
     * @return the keys linked into it, in the kernel's order
     */
    public List<KeyId> list(KeyId keyring) {
        int size = 64 * Integer.BYTES;
        while (true) {
            NativeBuffer buffer = kernel.allocate(size);
            int length =
                    call("list keyring " + keyring, () -> kernel.readKey(keyring.value(), buffer));
            if (length <= size) {
                List<KeyId> members = new ArrayList<>(length / Integer.BYTES);
                for (int at = 0; at < length; at += Integer.BYTES) {
                    members.add(KeyId.of(buffer.bytes().getInt(at)));
                }
                return members;
            }
            // It has grown since, or was larger than the guess.
            size = length;
        }
    }

    /**
     * Links a key into a keyring: keyctl_link(3).
     *
     * @param key a key that grants Link
     * @param keyring a keyring that grants Write
     */
    public void link(KeyId key, KeyId keyring) {
        keyctl("link key " + key + " into " + keyring, KEYCTL_LINK, key.value(), keyring.value());
    }

    /**
     * Removes a key from a keyring: keyctl_unlink(3). A key that is linked nowhere any more is
     * destroyed.
     *
     * @param key a member
     * @param keyring a keyring that grants Write
     */
    public void unlink(KeyId key, KeyId keyring) {
        keyctl(
                "unlink key " + key + " from " + keyring,
                KEYCTL_UNLINK,
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
                KEYCTL_MOVE,
                key.value(),
                from.value(),
                to.value());
    }

    /**
     * Empties a keyring: keyctl_clear(3).
     *
     * @param keyring a keyring that grants Write
     */
    public void clear(KeyId keyring) {
        keyctl("clear keyring " + keyring, KEYCTL_CLEAR, keyring.value());
    }

    /**
     * Revokes a key: keyctl_revoke(3). From now on every use of it fails; it is destroyed after a
     * while (kernel.keys.gc_delay).
     *
     * @param key a key that grants Write or Setattr
     */
    public void revoke(KeyId key) {
        keyctl("revoke key " + key, KEYCTL_REVOKE, key.value());
    }

    /**
     * Invalidates a key: keyctl_invalidate(3). It is taken out of all keyrings and destroyed at
     * once.
     *
     * @param key a key that grants Search
     */
    public void invalidate(KeyId key) {
        keyctl("invalidate key " + key, KEYCTL_INVALIDATE, key.value());
    }

    /**
     * Sets when a key expires: keyctl_set_timeout(3).
     *
     * @param key a key that grants Setattr
     * @param timeout the time from now, in whole seconds, rounded up; zero for never
     * @throws IllegalArgumentException if it is negative, or more than 4294967295 seconds
     */
    public void setTimeout(KeyId key, Duration timeout) {
        long seconds = timeout.plusNanos(999_999_999).getSeconds();
        if (timeout.isNegative() || seconds > 0xffff_ffffL) {
            throw new IllegalArgumentException(
                    "set the timeout of key "
                            + key
                            + ": "
                            + timeout
                            + " is not from 0 to 4294967295 seconds");
        }
        keyctl("set the timeout of key " + key, KEYCTL_SET_TIMEOUT, key.value(), (int) seconds);
    }

    /**
     * Sets the permissions of a key: keyctl_setperm(3).
     *
     * @param key a key that grants Setattr
     * @param permissions the mask: View 1, Read 2, Write 4, Search 8, Link 16, Setattr 32; shifted
     *     by 24 bits for the possessor, 16 for the owner, 8 for the group, 0 for others
     */
    public void setPermissions(KeyId key, int permissions) {
        keyctl("set the permissions of key " + key, KEYCTL_SETPERM, key.value(), permissions);
    }

    /**
     * Gives the calling thread a session keyring of its own: keyctl_join_session_keyring(3). Other
     * threads that exist keep theirs; threads and processes made later by this one inherit it.
     *
     * @param name the keyring's name; one of that name is joined if there is one and it grants
     *     Search
     * @return the keyring
     */
    public KeyId joinSession(String name) {
        String operation = "join session keyring '" + name + "'";
        checkText(operation, "name", name);
        return KeyId.of(call(operation, () -> kernel.joinSession(name)));
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
        int result = Interrupted.retry(call);
        if (result < 0) {
            throw Failures.key(operation, -result);
        }
        return result;
    }

    private <T> T withPayload(byte[] payload, Function<NativeBuffer, T> operation) {
        NativeBuffer buffer = kernel.allocate(Math.max(1, payload.length));
        try {
            buffer.bytes().put(0, payload);
            return operation.apply(buffer);
        } finally {
            buffer.wipe();
        }
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
    }
}
