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

import org.jspecify.annotations.Nullable;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A key or keyring: {@code struct key}. */
final class SimulatedKey {

    static final long NEVER = Long.MAX_VALUE;

    // The permissions of a mask, shifted to the possessor, owner, group or others.
    static final int VIEW = 0x01;
    static final int READ = 0x02;
    static final int WRITE = 0x04;
    static final int SEARCH = 0x08;
    static final int LINK = 0x10;
    static final int SETATTR = 0x20;
    static final int ALL = 0x3f;
    static final int POSSESSOR = 24;
    static final int OWNER = 16;
    static final int GROUP = 8;

    /** No group; shown as the overflow group. */
    static final int NO_GROUP = -1;

    private static final long MINUTE = 60;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;
    private static final long WEEK = 7 * DAY;

    private static final int POSITIVE = 0;
    private static final int OVERFLOW_GROUP = 65534;

    /** The types of keys. */
    enum Type {
        KEYRING("keyring", true, false),
        USER("user", true, true),
        LOGON("logon", false, true);

        final String text;
        final boolean readable;
        final boolean updatable;

        Type(String text, boolean readable, boolean updatable) {
            this.text = text;
            this.readable = readable;
            this.updatable = updatable;
        }

        static @Nullable Type of(String text) {
            for (Type type : values()) {
                if (type.text.equals(text)) {
                    return type;
                }
            }
            return null;
        }
    }

    /** A keyring has at most one key of each type and description. */
    record Index(Type type, String description) {}

    final int serial;
    final Index index;
    int uid;
    int gid;
    int permissions;

    /**
     * Whether it is a user's keyring. If it serves as a session keyring, a new session replaces it
     * before a change.
     */
    final boolean ofUser;

    /** In seconds. */
    long expiry = NEVER;

    boolean revoked;
    boolean invalidated;
    boolean restricted;
    boolean destroyed;

    /** Whether it is in its owner's quota, which is not simulated otherwise. */
    boolean inQuota = true;

    /** 0, or the negated error number of a key that was refused. */
    int state = POSITIVE;

    byte[] payload = new byte[0];
    final Map<Index, SimulatedKey> members = new LinkedHashMap<>();
    private final List<SimulatedWatch> watches = new ArrayList<>();

    SimulatedKey(int serial, Index index, int uid, int gid, int permissions, boolean ofUser) {
        this.serial = serial;
        this.index = index;
        this.uid = uid;
        this.gid = gid;
        this.permissions = permissions;
        this.ofUser = ofUser;
    }

    boolean isKeyring() {
        return index.type() == Type.KEYRING;
    }

    /** The type, owner, permissions and description, as KEYCTL_DESCRIBE returns them. */
    String describe() {
        return String.format(
                Locale.ROOT,
                "%s;%d;%d;%08x;%s",
                index.type().text,
                uid,
                shownGroup(),
                permissions,
                index.description());
    }

    private int shownGroup() {
        return gid == NO_GROUP ? OVERFLOW_GROUP : gid;
    }

    /**
     * Its line of /proc/keys, as proc_keys_show() of security/keys/proc.c writes it: a description
     * with line breaks makes more than one line. One character a byte.
     *
     * @param usage the number of its uses
     * @param now in seconds
     */
    String procLine(long usage, long now) {
        String flags =
                "I"
                        + (revoked ? 'R' : '-')
                        + '-'
                        + (inQuota ? 'Q' : '-')
                        + '-'
                        + (state < 0 ? 'N' : '-')
                        + (invalidated ? 'i' : '-');
        return String.format(
                        Locale.ROOT,
                        "%08x %s %5d %4s %08x %5d %5d %-9.9s ",
                        serial,
                        flags,
                        usage,
                        procTimeout(now),
                        permissions,
                        uid,
                        shownGroup(),
                        index.type().text)
                + new String(
                        index.description().getBytes(StandardCharsets.UTF_8),
                        StandardCharsets.ISO_8859_1)
                + (state < 0 ? "" : ": " + procSize())
                + "\n";
    }

    private String procSize() {
        return isKeyring()
                ? members.isEmpty() ? "empty" : Integer.toString(members.size())
                : Integer.toString(payload.length);
    }

    private String procTimeout(long now) {
        if (expiry == NEVER) {
            return "perm";
        }
        long left = expiry - now;
        if (left <= 0) {
            return "expd";
        }
        return left < MINUTE
                ? left + "s"
                : left < HOUR
                        ? left / MINUTE + "m"
                        : left < DAY
                                ? left / HOUR + "h"
                                : left < WEEK ? left / DAY + "d" : left / WEEK + "w";
    }

    /** notify_key(): posts to all watches of this key. */
    void post(KeyEvent event, int aux) {
        for (SimulatedWatch watch : watches) {
            watch.pipe().post(Messages.key(event.ordinal(), serial, aux, watch.tag()));
        }
    }

    void add(SimulatedWatch watch) {
        watches.add(0, watch);
        watch.pipe().watches.put(this, watch);
    }

    /** Removes a watch, and posts the removal, which passes every filter. */
    void remove(SimulatedWatch watch) {
        forget(watch);
        watch.pipe().put(Messages.removal(serial, watch.tag()));
    }

    void forget(SimulatedWatch watch) {
        watches.remove(watch);
        watch.pipe().watches.remove(this);
    }

    List<SimulatedWatch> watches() {
        return List.copyOf(watches);
    }
}
