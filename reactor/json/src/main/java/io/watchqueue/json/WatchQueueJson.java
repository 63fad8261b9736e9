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
import io.watchqueue.reactor.keyring.KeyringEvent;

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.StringWriter;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Notifications and keyring events as JSON: one object for each, without a line break, in the form
 * that docs/json.md describes. Later versions add fields, types and values to it; they remove or
 * rename none. Payloads of keys are never written.
 *
 * <p><b>Threads:</b> any thread may use it, if any thread may call the function that it asks for
 * names.
 */
public final class WatchQueueJson {

    private static final JsonFactory FACTORY = new JsonFactory();

    private final Function<KeyId, Optional<KeyDescription>> names;

    private WatchQueueJson(Function<KeyId, Optional<KeyDescription>> names) {
        this.names = names;
    }

    /**
     * Writes types and descriptions beside the serials of keys.
     *
     * @param names returns the description of a key, or empty if it is not known. It is asked for
     *     keys of which a notification or an event has the serial only; {@link
     *     io.watchqueue.reactor.keyring.KeyringStore#key} and {@link io.watchqueue.Keyctl#describe}
     *     can tell
     * @return the form
     */
    public static WatchQueueJson naming(Function<KeyId, Optional<KeyDescription>> names) {
        return new WatchQueueJson(Objects.requireNonNull(names, "names"));
    }

    /**
     * Writes a notification.
     *
     * @param time when it arrived; the kernel does not report when it happened
     * @param notification the notification
     * @return an object of the type "notification"
     */
    public String of(Instant time, Notification notification) {
        return object(
                json -> {
                    begin(json, time, "notification");
                    writeNotification(json, notification);
                });
    }

    /**
     * Writes an event of a followed keyring.
     *
     * @param time when it arrived
     * @param root the followed keyring
     * @param event the event
     * @return an object of the event's {@link #type}
     */
    public String of(Instant time, KeyId root, KeyringEvent event) {
        return object(
                json -> {
                    begin(json, time, type(event));
                    json.writeNumberProperty("root", root.value());
                    writeEvent(json, event);
                });
    }

    /**
     * Returns the type of an event in this form.
     *
     * @param event the event
     * @return the name of its class, in lower case, such as "linked"
     */
    public static String type(KeyringEvent event) {
        return event.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static String object(Consumer<JsonGenerator> properties) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), line)) {
            json.writeStartObject();
            properties.accept(json);
            json.writeEndObject();
        }
        return line.toString();
    }

    private static void begin(JsonGenerator json, Instant time, String type) {
        json.writeStringProperty("time", DateTimeFormatter.ISO_INSTANT.format(time));
        json.writeStringProperty("type", type);
    }

    private void writeNotification(JsonGenerator json, Notification notification) {
        if (notification instanceof KeyNotification change) {
            json.writeStringProperty("event", change.event().name());
            json.writeNumberProperty("tag", change.watchTag());
            writeKey(json, "key", change.key());
            if (change.event() == KeyEvent.LINKED || change.event() == KeyEvent.UNLINKED) {
                long linked = Integer.toUnsignedLong(change.aux());
                writeKey(json, "aux", linked, change.linkedKey().flatMap(names).orElse(null));
            } else if (change.aux() != 0) {
                json.writeNumberProperty("aux", change.aux());
            }
        } else if (notification instanceof RemovalNotification removal) {
            json.writeStringProperty("event", "REMOVED");
            json.writeNumberProperty("tag", removal.watchTag());
            writeKey(json, "key", removal.id(), removal.key().flatMap(names).orElse(null));
        } else if (notification instanceof LossNotification loss) {
            json.writeStringProperty("event", "LOSS");
            writeLoss(json, loss);
        } else if (notification instanceof UnknownNotification unknown) {
            json.writeStringProperty("event", "UNKNOWN");
            json.writeNumberProperty("tag", unknown.watchTag());
            json.writeNumberProperty("notificationType", unknown.type());
            json.writeNumberProperty("notificationSubtype", unknown.subtype());
            json.writeStringProperty("payload", HexFormat.of().formatHex(unknown.payload()));
        }
    }

    private void writeEvent(JsonGenerator json, KeyringEvent event) {
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            writeKey(json, "key", snapshot.keyring());
            json.writeArrayPropertyStart("links");
            for (KeyringEvent.Linked link : snapshot.links()) {
                json.writeStartObject();
                writeKey(json, "key", link.key());
                json.writeNumberProperty("keyring", link.keyring().value());
                json.writeEndObject();
            }
            json.writeEndArray();
        } else if (event instanceof KeyringEvent.Linked linked) {
            writeKey(json, "key", linked.key());
            writeKey(json, "keyring", linked.keyring());
        } else if (event instanceof KeyringEvent.Unlinked unlinked) {
            writeKey(json, "key", unlinked.key());
            writeKey(json, "keyring", unlinked.keyring());
        } else if (event instanceof KeyringEvent.Replaced replaced) {
            writeKey(json, "key", replaced.key());
            writeKey(json, "previous", replaced.previous());
            writeKey(json, "keyring", replaced.keyring());
        } else if (event instanceof KeyringEvent.Changed changed) {
            if (changed.event() != null) {
                json.writeStringProperty("event", changed.event().name());
            }
            writeKey(json, "key", changed.key());
            writeKey(json, "previous", changed.previous());
        } else if (event instanceof KeyringEvent.Gone gone) {
            writeKey(json, "key", gone.key());
        } else if (event instanceof KeyringEvent.Lost lost) {
            writeLoss(json, lost.loss());
        }
    }

    private static void writeLoss(JsonGenerator json, LossNotification loss) {
        json.writeStringProperty("origin", loss.origin().name());
        if (loss.dropped() != LossNotification.UNKNOWN) {
            json.writeNumberProperty("dropped", loss.dropped());
        }
    }

    private void writeKey(JsonGenerator json, String property, KeyId key) {
        writeKey(json, property, key.value(), names.apply(key).orElse(null));
    }

    private static void writeKey(JsonGenerator json, String property, FollowedKey key) {
        KeyDescription description = key.description();
        writeKey(json, property, key.key().value(), description);
        if (description != null) {
            json.writeNumberProperty(property + "Uid", Integer.toUnsignedLong(description.uid()));
            json.writeNumberProperty(property + "Gid", Integer.toUnsignedLong(description.gid()));
            json.writeStringProperty(
                    property + "Permissions",
                    HexFormat.of().toHexDigits(description.permissions()));
        }
        json.writeStringProperty(property + "State", key.state().name());
        json.writeBooleanProperty(property + "Watched", key.watched());
    }

    private static void writeKey(
            JsonGenerator json, String property, long serial, @Nullable KeyDescription key) {
        json.writeNumberProperty(property, serial);
        if (key != null) {
            json.writeStringProperty(property + "Type", key.type());
            json.writeStringProperty(property + "Description", key.description());
        }
    }
}
