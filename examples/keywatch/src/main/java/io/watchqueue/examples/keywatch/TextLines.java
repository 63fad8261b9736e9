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
package io.watchqueue.examples.keywatch;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.KeyringEvent;

import org.jspecify.annotations.Nullable;

import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** Lines for people, who get the names of keys beside their serials. */
final class TextLines {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);

    private static final String DROPPED =
            "the kernel's queue was full: notifications were dropped here";

    private TextLines() {}

    static String line(ZonedDateTime time, Notification notification, KeyNames names) {
        String what;
        if (notification instanceof KeyNotification change) {
            what = column(change.event().name()) + key(change.serial(), names) + aux(change, names);
        } else if (notification instanceof RemovalNotification removal) {
            what = column("REMOVED") + key((int) removal.id(), names);
        } else if (notification instanceof LossNotification) {
            return TIME.format(time) + "  ------  " + column("LOSS") + DROPPED;
        } else {
            what = column("UNKNOWN") + notification;
        }
        return String.format(
                Locale.ROOT, "%s  tag %-3d %s", TIME.format(time), notification.watchTag(), what);
    }

    static String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names) {
        return TIME.format(time) + "  " + text(root, event, names);
    }

    private static String text(KeyId root, KeyringEvent event, KeyNames names) {
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            return column("SNAPSHOT") + key(snapshot.keyring()) + "  " + size(snapshot);
        }
        if (event instanceof KeyringEvent.Linked linked) {
            return column("LINKED") + key(linked.keyring(), names) + "  + " + key(linked.key());
        }
        if (event instanceof KeyringEvent.Unlinked unlinked) {
            return column("UNLINKED")
                    + key(unlinked.keyring(), names)
                    + "  - "
                    + key(unlinked.key());
        }
        if (event instanceof KeyringEvent.Replaced replaced) {
            return column("REPLACED")
                    + key(replaced.keyring(), names)
                    + "  + "
                    + key(replaced.key())
                    + "  - "
                    + key(replaced.previous());
        }
        if (event instanceof KeyringEvent.Changed changed) {
            return column(changed.event() == null ? "CHANGED" : changed.event().name())
                    + key(changed.key())
                    + differences(changed.previous(), changed.key());
        }
        if (event instanceof KeyringEvent.Gone gone) {
            return column("GONE") + key(gone.key());
        }
        return column("LOSS")
                + key(root, names)
                + "  "
                + DROPPED
                + ", and the differences that were found follow";
    }

    private static String size(KeyringEvent.Snapshot snapshot) {
        int links = snapshot.links().size();
        return links == 1 ? "1 link below it" : links + " links below it";
    }

    private static String differences(FollowedKey before, FollowedKey now) {
        StringBuilder differences = new StringBuilder();
        if (before.state() != now.state()) {
            differences.append("  was ").append(word(before.state()));
        }
        if (before.watched() && !now.watched()) {
            differences.append("  is no longer watched");
        }
        KeyDescription old = before.description();
        KeyDescription current = now.description();
        if (old != null && current != null) {
            difference(differences, "owner", owner(old), owner(current));
            difference(
                    differences,
                    "permissions",
                    permissions(old.permissions()),
                    permissions(current.permissions()));
        }
        return differences.toString();
    }

    private static void difference(
            StringBuilder differences, String what, String before, String now) {
        if (!before.equals(now)) {
            differences.append("  ").append(what).append(' ').append(before).append(" -> ");
            differences.append(now);
        }
    }

    private static String owner(KeyDescription key) {
        return Integer.toUnsignedString(key.uid()) + ":" + Integer.toUnsignedString(key.gid());
    }

    /** The mask as keyctl(1) prints it. */
    static String permissions(int mask) {
        return String.format(Locale.ROOT, "%08x", mask);
    }

    private static String column(String event) {
        return String.format(Locale.ROOT, "%-13s", event);
    }

    private static String aux(KeyNotification change, KeyNames names) {
        return switch (change.event()) {
            case LINKED -> "  + " + key(change.aux(), names);
            case UNLINKED -> "  - " + key(change.aux(), names);
            default -> change.aux() == 0 ? "" : "  " + change.aux();
        };
    }

    private static String key(KeyId key, KeyNames names) {
        return key(key.value(), names);
    }

    /** A key in words. */
    static String key(int serial, KeyNames names) {
        return key(serial, names.of(serial).orElse(null));
    }

    /** A key in words, with its state unless it can be used. */
    static String key(FollowedKey key) {
        String text = key(key.key().value(), key.description());
        return key.state() == FollowedKey.State.VALID
                ? text
                : text + " (" + word(key.state()) + ")";
    }

    private static String word(FollowedKey.State state) {
        return state.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String key(int serial, @Nullable KeyDescription key) {
        String number = Integer.toUnsignedString(serial);
        return key == null
                ? "key " + number
                : key.type() + " " + number + " \"" + printable(key.description()) + '"';
    }

    /** Any user can write a description, and it must not control the terminal. */
    static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        text.codePoints()
                .forEach(
                        character -> {
                            if (isInvisible(character)) {
                                printable.append(String.format(Locale.ROOT, "\\u%04x", character));
                            } else {
                                printable.appendCodePoint(character);
                            }
                        });
        return printable.toString();
    }

    private static boolean isInvisible(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR ->
                    true;
            default -> false;
        };
    }
}
