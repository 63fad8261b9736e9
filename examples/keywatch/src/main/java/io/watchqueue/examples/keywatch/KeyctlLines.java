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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.KeyringEvent;

import java.util.Locale;

/**
 * Lines for scripts. A notification is the line of {@code keyctl watch}. A keyring event begins
 * like one, and ends with the name of the key that it reports, as keyctl(1) takes it.
 */
final class KeyctlLines {

    private static final String LOSS = "-- LOSS --";

    private KeyctlLines() {}

    static String line(Notification notification) {
        if (notification instanceof KeyNotification change) {
            String line = Integer.toUnsignedString(change.serial()) + " " + event(change.event());
            return change.event() == KeyEvent.LINKED || change.event() == KeyEvent.UNLINKED
                    ? line + " " + Integer.toUnsignedString(change.aux())
                    : line;
        }
        if (notification instanceof RemovalNotification removal) {
            return removal.id() + " gc";
        }
        if (notification instanceof LossNotification) {
            return LOSS;
        }
        // keyctl would print nothing. No kernel posts such a notification yet, and it must not
        // be dropped in silence.
        return "-- UNKNOWN " + notification.type() + "/" + notification.subtype() + " --";
    }

    static String line(KeyringEvent event) {
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            FollowedKey keyring = snapshot.keyring();
            return keyring.key() + " snap " + snapshot.links().size() + name(keyring);
        }
        if (event instanceof KeyringEvent.Linked linked) {
            return link(linked.keyring(), "link", linked.key());
        }
        if (event instanceof KeyringEvent.Unlinked unlinked) {
            return link(unlinked.keyring(), "unlk", unlinked.key());
        }
        if (event instanceof KeyringEvent.Replaced replaced) {
            FollowedKey key = replaced.key();
            KeyId previous = replaced.previous().key();
            return replaced.keyring() + " repl " + key.key() + " " + previous + name(key);
        }
        if (event instanceof KeyringEvent.Changed changed) {
            FollowedKey key = changed.key();
            KeyEvent kernel = changed.event();
            String what =
                    kernel == null ? key.state().name().toLowerCase(Locale.ROOT) : event(kernel);
            return key.key() + " " + what + name(key);
        }
        if (event instanceof KeyringEvent.Gone gone) {
            return gone.key().key() + " gc" + name(gone.key());
        }
        return LOSS;
    }

    private static String link(KeyId keyring, String event, FollowedKey key) {
        return keyring + " " + event + " " + key.key() + name(key);
    }

    private static String name(FollowedKey key) {
        return key.description() == null
                ? ""
                : " %"
                        + key.description().type()
                        + ":"
                        + TextLines.printable(key.description().description());
    }

    /** The event's name in keyctl(1). */
    static String event(KeyEvent event) {
        return switch (event) {
            case INSTANTIATED -> "inst";
            case UPDATED -> "upd";
            case LINKED -> "link";
            case UNLINKED -> "unlk";
            case CLEARED -> "clr";
            case REVOKED -> "rev";
            case INVALIDATED -> "inv";
            case SETATTR -> "attr";
        };
    }
}
