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

import io.watchqueue.KeyId;
import io.watchqueue.Notification;
import io.watchqueue.reactor.keyring.KeyringEvent;

import java.time.ZonedDateTime;

/** The format of notifications and of keyring events, one line for each. */
enum LineFormat {

    /** For people. */
    TEXT {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            return TextLines.line(time, notification, names);
        }

        @Override
        String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names) {
            return TextLines.line(time, root, event, names);
        }
    },

    /** For programs: one JSON object per line. */
    JSON {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            return names.json().of(time.toInstant(), notification);
        }

        @Override
        String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names) {
            return names.json().of(time.toInstant(), root, event);
        }
    },

    /** For scripts: the lines of {@code keyctl watch}. */
    KEYCTL {
        @Override
        String line(ZonedDateTime time, Notification notification, KeyNames names) {
            return KeyctlLines.line(notification);
        }

        @Override
        String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names) {
            return KeyctlLines.line(event);
        }
    };

    /**
     * Prints a notification.
     *
     * @param time the time of its arrival; the kernel does not report when it happened
     * @param notification the notification
     * @param names the descriptions of its keys
     * @return a line without a line break
     */
    abstract String line(ZonedDateTime time, Notification notification, KeyNames names);

    /**
     * Prints an event of a followed keyring.
     *
     * @param time the time of its arrival
     * @param root the followed keyring
     * @param event the event
     * @param names the descriptions of keyrings
     * @return a line without a line break
     */
    abstract String line(ZonedDateTime time, KeyId root, KeyringEvent event, KeyNames names);
}
