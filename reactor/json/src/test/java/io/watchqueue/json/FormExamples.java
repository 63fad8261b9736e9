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
package io.watchqueue.json;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringEvent.Changed;
import io.watchqueue.reactor.keyring.KeyringEvent.Gone;
import io.watchqueue.reactor.keyring.KeyringEvent.Linked;
import io.watchqueue.reactor.keyring.KeyringEvent.Lost;
import io.watchqueue.reactor.keyring.KeyringEvent.Replaced;
import io.watchqueue.reactor.keyring.KeyringEvent.Snapshot;
import io.watchqueue.reactor.keyring.KeyringEvent.Unlinked;
import io.watchqueue.reactor.keyring.KeyringStore;

import java.time.ZonedDateTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The notifications and events of the examples in docs/json.md. */
public final class FormExamples {

    public static final ZonedDateTime NOON = ZonedDateTime.parse("2026-11-28T12:00:00.250Z");
    private static final int USABLE = 0x3f3f0000;

    public static final FollowedKey RING = key(17, "keyring", "orders", USABLE, State.VALID);
    public static final FollowedKey TOKEN = key(18, "user", "a \"token\"\n", USABLE, State.VALID);
    public static final FollowedKey EXPIRED =
            key(18, "user", "a \"token\"\n", USABLE, State.EXPIRED);
    public static final FollowedKey CLOSED =
            key(18, "user", "a \"token\"\n", 0x3f010000, State.VALID);
    public static final FollowedKey SUCCESSOR =
            key(19, "user", "a \"token\"\n", USABLE, State.VALID);
    public static final FollowedKey HIDDEN =
            new FollowedKey(KeyId.of(20), null, State.HIDDEN, false);

    public static final List<Notification> NOTIFICATIONS =
            List.of(
                    new KeyNotification(KeyEvent.LINKED, 17, 18, 1),
                    new KeyNotification(KeyEvent.UPDATED, 18, 0, 1),
                    new KeyNotification(KeyEvent.INSTANTIATED, 18, -126, 1),
                    new RemovalNotification(18, 1),
                    new LossNotification(),
                    new LossNotification(LossNotification.Origin.SUBSCRIBER, 12),
                    new UnknownNotification(9, 3, 10 | 1 << 8, new byte[] {0, 31}));

    private FormExamples() {}

    private static FollowedKey key(
            int serial, String type, String description, int permissions, State state) {
        KeyId key = KeyId.of(serial);
        return new FollowedKey(
                key,
                new KeyDescription(key, type, (int) 3846276768L, 100, permissions, description),
                state,
                true);
    }

    public static List<KeyringEvent> events(KeyringStore store) {
        KeyId ring = RING.key();
        return List.of(
                new Snapshot(
                        RING, List.of(new Linked(TOKEN, ring), new Linked(HIDDEN, ring)), store),
                new Linked(TOKEN, ring),
                new Replaced(TOKEN, SUCCESSOR, ring),
                new Changed(TOKEN, TOKEN, KeyEvent.UPDATED),
                new Changed(TOKEN, CLOSED, KeyEvent.SETATTR),
                new Changed(TOKEN, EXPIRED, null),
                new Unlinked(TOKEN, ring),
                new Gone(EXPIRED),
                new Lost(new LossNotification()));
    }

    /** The descriptions that a program would know. */
    public static Optional<KeyDescription> describe(KeyId key) {
        return Stream.of(RING, TOKEN)
                .filter(known -> known.key().equals(key))
                .map(FollowedKey::description)
                .findFirst();
    }
}
