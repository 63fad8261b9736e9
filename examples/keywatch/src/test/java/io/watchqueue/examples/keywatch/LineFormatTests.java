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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.ZonedDateTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

class LineFormatTests {

    private static final ZonedDateTime NOON = ZonedDateTime.parse("2026-11-23T12:00:00.250+01:00");
    private static final int RING = 17;
    private static final int TOKEN = 18;
    private static final int STRANGER = 99;

    private final Map<Integer, KeyDescription> keys = new HashMap<>();
    private final KeyNames names = new KeyNames(serial -> Optional.ofNullable(keys.get(serial)));

    LineFormatTests() {
        put(RING, "keyring", "orders");
        put(TOKEN, "user", "the \"token\"");
    }

    @Test
    void textNamesTimeTagEventAndKeys() {
        assertThat(text(new KeyNotification(KeyEvent.LINKED, RING, TOKEN, 255)))
                .isEqualTo(
                        "12:00:00.250  tag 255 LINKED       keyring 17 \"orders\"  + user 18 \"the \"token\"\"");
        assertThat(text(new KeyNotification(KeyEvent.UNLINKED, RING, STRANGER, 0)))
                .isEqualTo("12:00:00.250  tag 0   UNLINKED     keyring 17 \"orders\"  - key 99");
        assertThat(text(new KeyNotification(KeyEvent.INSTANTIATED, TOKEN, -129, 1)))
                .endsWith("INSTANTIATED user 18 \"the \"token\"\"  -129");
        assertThat(text(new RemovalNotification(STRANGER, 1)))
                .isEqualTo("12:00:00.250  tag 1   REMOVED      key 99");
        assertThat(text(new LossNotification()))
                .startsWith("12:00:00.250  ------  LOSS ")
                .contains("dropped");
        assertThat(text(new UnknownNotification(9, 3, 10 | 4 << 8, new byte[2])))
                .startsWith("12:00:00.250  tag 4   UNKNOWN      ")
                .contains("type=9", "subtype=3", "payload=0000");
    }

    @Test
    void escapesDescriptionsForTheTerminal() {
        put(TOKEN, "user", "\033[2Jgone\n\u2028\u202eyek");
        assertThat(text(new KeyNotification(KeyEvent.UPDATED, TOKEN, 0, 1)))
                .endsWith("user 18 \"\\u001b[2Jgone\\u000a\\u2028\\u202eyek\"");
    }

    @Test
    void jsonIsOneObjectPerLine() {
        assertThat(json(new KeyNotification(KeyEvent.LINKED, RING, TOKEN, 255)))
                .isEqualTo(
                        "{\"time\":\"2026-11-23T11:00:00.250Z\",\"type\":\"notification\",\"event\":\"LINKED\",\"tag\":255,"
                                + "\"key\":17,\"keyType\":\"keyring\",\"keyDescription\":\"orders\","
                                + "\"aux\":18,\"auxType\":\"user\",\"auxDescription\":\"the \\\"token\\\"\"}");
        assertThat(json(new KeyNotification(KeyEvent.INSTANTIATED, STRANGER, -129, 1)))
                .endsWith("\"event\":\"INSTANTIATED\",\"tag\":1,\"key\":99,\"aux\":-129}");
        assertThat(json(new KeyNotification(KeyEvent.SETATTR, STRANGER, 0, 1)))
                .endsWith("\"event\":\"SETATTR\",\"tag\":1,\"key\":99}");
        assertThat(json(new RemovalNotification(STRANGER, 1)))
                .endsWith("\"event\":\"REMOVED\",\"tag\":1,\"key\":99}");
        assertThat(json(new LossNotification()))
                .isEqualTo(
                        "{\"time\":\"2026-11-23T11:00:00.250Z\",\"type\":\"notification\",\"event\":\"LOSS\",\"origin\":\"KERNEL\"}");
        assertThat(json(new UnknownNotification(9, 3, 10 | 4 << 8, new byte[] {0, 31})))
                .endsWith(
                        "\"event\":\"UNKNOWN\",\"tag\":4,\"notificationType\":9,\"notificationSubtype\":3,\"payload\":\"001f\"}");
    }

    @ParameterizedTest
    @CsvSource({
        "INSTANTIATED,17 inst",
        "UPDATED,17 upd",
        "LINKED,17 link 4294967295",
        "UNLINKED,17 unlk 4294967295",
        "CLEARED,17 clr",
        "REVOKED,17 rev",
        "INVALIDATED,17 inv",
        "SETATTR,17 attr"
    })
    void keyctlLinesAreThoseOfKeyctl(KeyEvent event, String line) {
        assertThat(keyctl(new KeyNotification(event, RING, -1, 7))).isEqualTo(line);
    }

    @Test
    void keyctlLinesOfOtherNotifications() {
        assertThat(keyctl(new RemovalNotification(RING, 7))).isEqualTo("17 gc");
        assertThat(keyctl(new LossNotification())).isEqualTo("-- LOSS --");
        assertThat(keyctl(new UnknownNotification(9, 3, 8, new byte[0])))
                .isEqualTo("-- UNKNOWN 9/3 --");
    }

    @Test
    void namesOutliveTheirKeysUntilTheyAreForgotten() {
        assertThat(names.of(TOKEN)).isPresent();
        keys.clear();
        assertThat(names.of(TOKEN)).isPresent();
        names.forget(TOKEN);
        assertThat(names.of(TOKEN)).isEmpty();
    }

    @Test
    void namesAreRememberedWithinBounds() {
        for (int serial = 1000; serial < 4000; serial++) {
            put(serial, "user", "key " + serial);
            assertThat(names.of(serial)).isPresent();
        }
        keys.clear();
        assertThat(names.of(3999)).isPresent();
        assertThat(names.of(1000)).isEmpty();
    }

    private void put(int serial, String type, String description) {
        keys.put(serial, new KeyDescription(KeyId.of(serial), type, 0, 0, 0x3f3f0000, description));
    }

    private String text(Notification notification) {
        return LineFormat.TEXT.line(NOON, notification, names);
    }

    private String json(Notification notification) {
        return LineFormat.JSON.line(NOON, notification, names);
    }

    private String keyctl(Notification notification) {
        return LineFormat.KEYCTL.line(NOON, notification, names);
    }
}
