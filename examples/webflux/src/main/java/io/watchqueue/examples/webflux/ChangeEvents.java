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
package io.watchqueue.examples.webflux;

import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.reactor.Resynced;

import org.jspecify.annotations.Nullable;
import org.springframework.http.codec.ServerSentEvent;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The Server-Sent Events of one stream. */
final class ChangeEvents {

    private final FeedMeters meters;
    private final boolean reconnected;
    private final Duration retry;
    private @Nullable KeyringMirror mirror;
    private long id;

    ChangeEvents(FeedMeters meters, boolean reconnected, Duration retry) {
        this.meters = meters;
        this.reconnected = reconnected;
        this.retry = retry;
    }

    /** Here is everything: what was known before does not count any more. */
    record Resync(String reason, Node tree, Instant at) {}

    /** Something was dropped here; null if nobody knows how much. */
    record Loss(String origin, @Nullable Long dropped, Instant at) {}

    /**
     * Something happened to a key.
     *
     * @param node what was linked, or how the key looks now; null if it was not looked at
     * @param members for a keyring, all that is linked into it now: the kernel does not report what
     *     a new link displaced, nor what was gone again before it could be watched
     */
    record Change(
            String event,
            int key,
            int aux,
            int tag,
            @Nullable Node node,
            @Nullable List<Integer> members,
            Instant at) {}

    /** A key is gone. */
    record Removed(int key, Instant at) {}

    /** What a newer kernel says, and this application does not know. */
    record Unknown(int type, int subtype, Instant at) {}

    List<ServerSentEvent<Object>> of(Resynced<KeyringMirror> resynced) {
        Instant now = Instant.now();
        List<ServerSentEvent<Object>> events = new ArrayList<>(2);
        if (resynced instanceof Resynced.Snapshot<KeyringMirror> snapshot) {
            LossNotification loss = snapshot.loss();
            if (loss != null) {
                events.add(loss(loss, now));
            }
            mirror = snapshot.state();
            events.add(event("resync", new Resync(reason(loss), mirror.tree(), now)));
        } else if (resynced instanceof Resynced.Change<KeyringMirror> change) {
            events.add(change(change.notification(), now));
        }
        return events;
    }

    boolean haveBegun() {
        return id > 0;
    }

    private String reason(@Nullable LossNotification loss) {
        if (loss != null) {
            return "loss";
        }
        return reconnected ? "reconnected" : "subscribed";
    }

    private ServerSentEvent<Object> loss(LossNotification loss, Instant now) {
        boolean kernels = loss.origin() == LossNotification.Origin.KERNEL;
        if (!kernels) {
            meters.lost(loss);
        }
        Long dropped = loss.dropped() == LossNotification.UNKNOWN ? null : loss.dropped();
        return event("loss", new Loss(kernels ? "kernel" : "client", dropped, now));
    }

    private ServerSentEvent<Object> change(Notification notification, Instant now) {
        if (notification instanceof KeyNotification change) {
            return event(
                    "notification",
                    new Change(
                            change.event().name(),
                            change.serial(),
                            change.aux(),
                            change.watchTag(),
                            look(change),
                            mirror == null ? null : mirror.members(change.serial()),
                            now));
        }
        if (notification instanceof RemovalNotification removal) {
            return event("removed", new Removed((int) removal.id(), now));
        }
        return event("unknown", new Unknown(notification.type(), notification.subtype(), now));
    }

    private @Nullable Node look(KeyNotification change) {
        return switch (change.event()) {
            case LINKED -> node(change.aux());
            case INSTANTIATED, UPDATED, SETATTR -> node(change.serial());
            default -> null;
        };
    }

    /** A change always comes after a snapshot, and so with a mirror. */
    private @Nullable Node node(int serial) {
        return mirror == null ? null : mirror.node(serial);
    }

    private ServerSentEvent<Object> event(String name, Object data) {
        ServerSentEvent.Builder<Object> event =
                ServerSentEvent.builder(data).id(Long.toString(++id)).event(name);
        return (id == 1 ? event.retry(retry) : event).build();
    }
}
