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
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.StringWriter;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Function;

/** How a notification is printed, on one line. */
enum LineFormat {

    /** For people. */
    TEXT {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            String what;
            if (notification instanceof KeyNotification change) {
                what =
                        column(change.event().name())
                                + text(change.serial(), names)
                                + textOfAux(change, names);
            } else if (notification instanceof RemovalNotification removal) {
                what = column("REMOVED") + text((int) removal.id(), names);
            } else if (notification instanceof LossNotification) {
                return TIME.format(time)
                        + "  ------  "
                        + column("LOSS")
                        + "the kernel's queue was full here: what came next was dropped";
            } else {
                what = column("UNKNOWN") + notification;
            }
            return String.format(
                    Locale.ROOT,
                    "%s  tag %-3d %s",
                    TIME.format(time),
                    notification.watchTag(),
                    what);
        }
    },

    /** For programs: an object a line. */
    JSON {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            StringWriter line = new StringWriter();
            try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), line)) {
                json.writeStartObject();
                json.writeStringProperty(
                        "time", DateTimeFormatter.ISO_INSTANT.format(time.toInstant()));
                if (notification instanceof KeyNotification change) {
                    json.writeStringProperty("event", change.event().name());
                    json.writeNumberProperty("tag", change.watchTag());
                    writeKey(json, "key", change.serial(), names);
                    if (linksOrUnlinks(change)) {
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
                    json.writeNumberProperty("type", unknown.type());
                    json.writeNumberProperty("subtype", unknown.subtype());
                    json.writeStringProperty(
                            "payload", HexFormat.of().formatHex(unknown.payload()));
                }
                json.writeEndObject();
            }
            return line.toString();
        }
    },

    /** For scripts that know {@code keyctl watch}, of which these are the lines. */
    KEYCTL {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            if (notification instanceof KeyNotification change) {
                String line =
                        Integer.toUnsignedString(change.serial())
                                + " "
                                + keyctlName(change.event());
                return linksOrUnlinks(change)
                        ? line + " " + Integer.toUnsignedString(change.aux())
                        : line;
            }
            if (notification instanceof RemovalNotification removal) {
                return removal.id() + " gc";
            }
            if (notification instanceof LossNotification) {
                return "-- LOSS --";
            }
            // It would print nothing, but no kernel posts such yet, and dropping in silence is not
            // for us.
            return "-- UNKNOWN " + notification.type() + "/" + notification.subtype() + " --";
        }
    };

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT);
    private static final JsonFactory FACTORY = new JsonFactory();

    /**
     * Prints a notification.
     *
     * @param time when it arrived; the kernel does not say when it happened
     * @param notification the notification
     * @param names the descriptions of its keys
     * @return a line without its end
     */
    abstract String line(ZonedDateTime time, Notification notification, KeyNames names);

    /** The event's name in keyctl(1). */
    static String keyctlName(KeyEvent event) {
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

    private static boolean linksOrUnlinks(KeyNotification change) {
        return change.event() == KeyEvent.LINKED || change.event() == KeyEvent.UNLINKED;
    }

    private static String column(String event) {
        return String.format(Locale.ROOT, "%-13s", event);
    }

    private static String textOfAux(KeyNotification change, KeyNames names) {
        return switch (change.event()) {
            case LINKED -> "  + " + text(change.aux(), names);
            case UNLINKED -> "  - " + text(change.aux(), names);
            default -> change.aux() == 0 ? "" : "  " + change.aux();
        };
    }

    /** A key, as people want to read of it. */
    static String text(int serial, KeyNames names) {
        String number = Integer.toUnsignedString(serial);
        return names.of(serial)
                .map(key -> key.type() + " " + number + " \"" + printable(key.description()) + '"')
                .orElseGet(() -> "key " + number);
    }

    /** A description is anybody's text, and must not steer the terminal. */
    private static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        text.codePoints()
                .forEach(
                        character -> {
                            if (Character.isISOControl(character)
                                    || Character.getType(character) == Character.FORMAT) {
                                printable.append(String.format(Locale.ROOT, "\\u%04x", character));
                            } else {
                                printable.appendCodePoint(character);
                            }
                        });
        return printable.toString();
    }

    private static void writeKey(JsonGenerator json, String property, int serial, KeyNames names) {
        json.writeNumberProperty(property, Integer.toUnsignedLong(serial));
        write(json, property + "Type", serial, names, KeyDescription::type);
        write(json, property + "Description", serial, names, KeyDescription::description);
    }

    private static void write(
            JsonGenerator json,
            String property,
            int serial,
            KeyNames names,
            Function<KeyDescription, String> part) {
        names.of(serial).ifPresent(key -> json.writeStringProperty(property, part.apply(key)));
    }
}
