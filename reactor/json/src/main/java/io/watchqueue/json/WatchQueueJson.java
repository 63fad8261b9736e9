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
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Consumer;

/** JSON objects for programs, in the form of docs/json.md: fields are added to it only. */
final class JsonLines {

    private static final JsonFactory FACTORY = new JsonFactory();

    private JsonLines() {}

    static String line(ZonedDateTime time, Notification notification, KeyNames names) {
        return object(
                json -> {
                    begin(json, time, "notification");
                    writeNotification(json, notification, names);
                });
    }

    static String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names) {
        return object(
                json -> {
                    begin(json, time, type(event));
                    json.writeNumberProperty("root", root.value());
                    writeEvent(json, event, names);
                });
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

    private static void begin(JsonGenerator json, ZonedDateTime time, String type) {
        json.writeStringProperty("time", DateTimeFormatter.ISO_INSTANT.format(time.toInstant()));
        json.writeStringProperty("type", type);
    }

    private static void writeNotification(
            JsonGenerator json, Notification notification, KeyNames names) {
        if (notification instanceof KeyNotification change) {
            json.writeStringProperty("event", change.event().name());
            json.writeNumberProperty("tag", change.watchTag());
            writeKey(json, "key", change.serial(), names);
            if (change.event() == KeyEvent.LINKED || change.event() == KeyEvent.UNLINKED) {
                writeKey(json, "aux", change.aux(), names);
            } else if (change.aux() != 0) {
                json.writeNumberProperty("aux", change.aux());
            }
        } else if (notification instanceof RemovalNotification removal) {
            json.writeStringProperty("event", "REMOVED");
            json.writeNumberProperty("tag", removal.watchTag());
            writeKey(json, "key", (int) removal.id(), names);
        } else if (notification instanceof LossNotification) {
            json.writeStringProperty("event", "LOSS");
        } else if (notification instanceof UnknownNotification unknown) {
            json.writeStringProperty("event", "UNKNOWN");
            json.writeNumberProperty("tag", unknown.watchTag());
            json.writeNumberProperty("notificationType", unknown.type());
            json.writeNumberProperty("notificationSubtype", unknown.subtype());
            json.writeStringProperty("payload", HexFormat.of().formatHex(unknown.payload()));
        }
    }

    /** The name of the event's class, which is the form's as well. */
    private static String type(KeyringEvent event) {
        return event.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    }

    private static void writeEvent(JsonGenerator json, KeyringEvent event, KeyNames names) {
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
            writeKey(json, "keyring", linked.keyring().value(), names);
        } else if (event instanceof KeyringEvent.Unlinked unlinked) {
            writeKey(json, "key", unlinked.key());
            writeKey(json, "keyring", unlinked.keyring().value(), names);
        } else if (event instanceof KeyringEvent.Replaced replaced) {
            writeKey(json, "key", replaced.key());
            writeKey(json, "previous", replaced.previous());
            writeKey(json, "keyring", replaced.keyring().value(), names);
        } else if (event instanceof KeyringEvent.Changed changed) {
            if (changed.event() != null) {
                json.writeStringProperty("event", changed.event().name());
            }
            writeKey(json, "key", changed.key());
            writeKey(json, "previous", changed.previous());
        } else if (event instanceof KeyringEvent.Gone gone) {
            writeKey(json, "key", gone.key());
        }
    }

    private static void writeKey(JsonGenerator json, String property, int serial, KeyNames names) {
        writeKey(json, property, serial, names.of(serial).orElse(null));
    }

    private static void writeKey(JsonGenerator json, String property, FollowedKey key) {
        KeyDescription description = key.description();
        writeKey(json, property, key.key().value(), description);
        if (description != null) {
            json.writeNumberProperty(property + "Uid", Integer.toUnsignedLong(description.uid()));
            json.writeNumberProperty(property + "Gid", Integer.toUnsignedLong(description.gid()));
            json.writeStringProperty(
                    property + "Permissions", TextLines.permissions(description.permissions()));
        }
        json.writeStringProperty(property + "State", key.state().name());
        json.writeBooleanProperty(property + "Watched", key.watched());
    }

    private static void writeKey(
            JsonGenerator json, String property, int serial, @Nullable KeyDescription key) {
        json.writeNumberProperty(property, Integer.toUnsignedLong(serial));
        if (key != null) {
            json.writeStringProperty(property + "Type", key.type());
            json.writeStringProperty(property + "Description", key.description());
        }
    }
}
