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
package io.watchqueue;

import static io.watchqueue.NotificationFilter.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

class NotificationFilterTests {

    private final NotificationFilter filter =
            NotificationFilter.of(
                    events(KeyEvent.UPDATED, KeyEvent.REVOKED), events(KeyEvent.LINKED).withTag(7));

    @Test
    void passesWhatARuleNames() {
        assertThat(filter)
                .accepts(
                        key(KeyEvent.UPDATED, 0),
                        key(KeyEvent.REVOKED, 255),
                        key(KeyEvent.LINKED, 7))
                .rejects(key(KeyEvent.LINKED, 8), key(KeyEvent.CLEARED, 7));
    }

    @Test
    void neverHoldsBackRemovalOrLoss() {
        assertThat(filter)
                .accepts(
                        new LossNotification(),
                        new RemovalNotification(1, 9),
                        new UnknownNotification(0, 77, 8, new byte[0]));
    }

    @Test
    void looksAtUnknownNotificationsAsTheKernelDoes() {
        NotificationFilter all = NotificationFilter.of(events());
        assertThat(all)
                .rejects(
                        new UnknownNotification(1, 8, 8, new byte[0]),
                        new UnknownNotification(1, 33, 8, new byte[0]), // 33 & 31 is LINKED's
                        new UnknownNotification(2, 1, 8, new byte[0]));
    }

    @Test
    void comparesInfoUnderItsMask() {
        NotificationFilter flagged =
                NotificationFilter.of(events().withInfo(0x00040000, 0x00040000).withTag(3));
        assertThat(flagged)
                .accepts(new KeyNotification(KeyEvent.UPDATED, 1, 0, 3, 0x0004))
                .rejects(
                        new KeyNotification(KeyEvent.UPDATED, 1, 0, 3),
                        new KeyNotification(KeyEvent.UPDATED, 1, 0, 4, 0x0004));
    }

    @Test
    void hasTheKernelsLayout() {
        ByteBuffer bytes = encoded(filter, ByteOrder.nativeOrder());
        assertThat(bytes.capacity()).isEqualTo(8 + 2 * 44);
        assertThat(words(bytes, 0, 6)).containsExactly(2, 0, 1, 0, 0, 1 << 1 | 1 << 5);
        assertThat(words(bytes, 52, 4)).containsExactly(1, 0x0700, 0xff00, 1 << 2);
    }

    /** UPDATED or REVOKED; LINKED of tag 7; subtypes 0, 31, 32 and 255 of a type of 24 bits. */
    @Test
    void hasTheKernelsLayoutInBothByteOrders() {
        NotificationFilter three =
                NotificationFilter.of(
                        events(KeyEvent.UPDATED, KeyEvent.REVOKED),
                        events(KeyEvent.LINKED).withTag(7),
                        NotificationFilter.type(0x123456, 0, 31, 32, 255));
        assertThat(bytes(three, ByteOrder.LITTLE_ENDIAN)) // x86-64, ppc64le
                .isEqualTo(
                        "0300000000000000"
                                + ("010000000000000000000000" + "22000000" + "00000000".repeat(7))
                                + ("010000000007000000ff0000" + "04000000" + "00000000".repeat(7))
                                + ("563412000000000000000000" + "0100008001000000")
                                + ("00000000".repeat(5) + "00000080"));
        assertThat(bytes(three, ByteOrder.BIG_ENDIAN)) // s390x
                .isEqualTo(
                        "0000000300000000"
                                + ("000000010000000000000000" + "00000022" + "00000000".repeat(7))
                                + ("00000001000007000000ff00" + "00000004" + "00000000".repeat(7))
                                + ("001234560000000000000000" + "8000000100000001")
                                + ("00000000".repeat(5) + "80000000"));
    }

    private static String bytes(NotificationFilter filter, ByteOrder order) {
        return HexFormat.of().formatHex(encoded(filter, order).array());
    }

    static ByteBuffer encoded(NotificationFilter filter, ByteOrder order) {
        ByteBuffer bytes = ByteBuffer.allocate(filter.encodedLength()).order(order);
        filter.encode(bytes);
        return bytes;
    }

    @Test
    void refusesFiltersThatTheKernelWouldRefuse() {
        assertThatThrownBy(NotificationFilter::of)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("0 rules", "1 to 16");
        assertThat(NotificationFilter.of(times(16)).rules()).hasSize(16);
        assertThatThrownBy(() -> NotificationFilter.of(times(17))).hasMessageContaining("17 rules");
        assertThatThrownBy(() -> events().withTag(256)).hasMessageContaining("tag 256");
        assertThatThrownBy(() -> events().withTag(-1)).hasMessageContaining("tag -1");
        assertThatThrownBy(() -> events().withInfo(0, 0x40)).hasMessageContaining("length");
        assertThatThrownBy(() -> events().withInfo(0x300, 0x100))
                .hasMessageContaining("outside its mask");
    }

    private static NotificationFilter.Rule[] times(int count) {
        return Collections.nCopies(count, events()).toArray(NotificationFilter.Rule[]::new);
    }

    @Test
    void readsLikeASentence() {
        assertThat(filter).hasToString("UPDATED or REVOKED of any tag; LINKED of tag 7");
        assertThat(NotificationFilter.of(events(KeyEvent.UPDATED).withInfo(0x40000, 0x40000)))
                .hasToString("UPDATED of any tag with info & 0x00040000 == 0x00040000");
        assertThat(events(KeyEvent.UPDATED).withInfo(0x40000, 0x60000).withTag(3))
                .hasToString("UPDATED of tag 3 with info & 0x00060000 == 0x00040000");
        assertThat(events(KeyEvent.UPDATED).withInfo(0x100, 0x100))
                .hasToString("UPDATED of any tag with info & 0x00000100 == 0x00000100");
    }

    @Test
    void isAValue() {
        assertThat(filter)
                .isEqualTo(
                        NotificationFilter.of(
                                events(KeyEvent.REVOKED, KeyEvent.UPDATED),
                                events(KeyEvent.LINKED).withTag(7)))
                .isNotEqualTo(NotificationFilter.of(events()))
                .isNotEqualTo(filter.rules())
                .doesNotHaveSameHashCodeAs(NotificationFilter.of(events()))
                .hasSameHashCodeAs(
                        NotificationFilter.of(
                                filter.rules().toArray(NotificationFilter.Rule[]::new)));
    }

    @Test
    void comparesRulesByAllTheirParts() {
        NotificationFilter.Rule rule = NotificationFilter.type(2, 1).withInfo(0x100, 0x300);
        assertThat(rule)
                .isEqualTo(NotificationFilter.type(2, 1).withInfo(0x100, 0x300))
                .hasSameHashCodeAs(NotificationFilter.type(2, 1).withInfo(0x100, 0x300));
        assertThat(
                        List.of(
                                NotificationFilter.type(3, 1).withInfo(0x100, 0x300),
                                NotificationFilter.type(2, 2).withInfo(0x100, 0x300),
                                NotificationFilter.type(2, 1).withInfo(0x200, 0x300),
                                NotificationFilter.type(2, 1).withInfo(0x100, 0x100),
                                filter))
                .allSatisfy(
                        other ->
                                assertThat(rule)
                                        .isNotEqualTo(other)
                                        .doesNotHaveSameHashCodeAs(other));
    }

    private static KeyNotification key(KeyEvent event, int tag) {
        return new KeyNotification(event, 1, 0, tag);
    }

    private static int[] words(ByteBuffer bytes, int at, int count) {
        int[] words = new int[count];
        for (int i = 0; i < count; i++) {
            words[i] = bytes.getInt(at + 4 * i);
        }
        return words;
    }

    @Test
    void buildsRulesFromNumbers() {
        NotificationFilter filter =
                NotificationFilter.of(NotificationFilter.type(9, 0, 31, 32, 255).withTag(4));
        assertThat(filter).hasToString("9/0 or 9/31 or 9/32 or 9/255 of tag 4");
        assertThat(filter.test(new UnknownNotification(9, 31, 8 | 4 << 8, new byte[0]))).isTrue();
        assertThat(filter.test(new UnknownNotification(9, 31, 8 | 5 << 8, new byte[0]))).isFalse();
        // The kernel drops all but the first word.
        assertThat(filter.test(new UnknownNotification(9, 32, 8 | 4 << 8, new byte[0]))).isFalse();
        ByteBuffer bytes = encoded(filter, ByteOrder.nativeOrder());
        assertThat(bytes.getInt(8)).isEqualTo(9);
        assertThat(bytes.getInt(20)).isEqualTo(1 | 1 << 31);
        assertThat(bytes.getInt(24)).isEqualTo(1);
        assertThat(bytes.getInt(48)).isEqualTo(1 << 31);
        assertThat(NotificationFilter.type(1, 1, 5))
                .isEqualTo(NotificationFilter.events(KeyEvent.UPDATED, KeyEvent.REVOKED));
    }

    @Test
    void refusesNumbersOutOfRange() {
        assertThatThrownBy(() -> NotificationFilter.type(1 << 24, 1)).hasMessageContaining("type");
        assertThatThrownBy(() -> NotificationFilter.type(1, 256))
                .hasMessageContaining("256 is not from 0 to 255");
        assertThatThrownBy(() -> NotificationFilter.type(1, -1))
                .hasMessageContaining("-1 is not from 0 to 255");
        assertThatThrownBy(() -> NotificationFilter.type(1)).hasMessageContaining("nothing pass");
    }

    @Test
    void reportsRulesWithoutEffect() {
        NotificationFilter.Rule key = NotificationFilter.type(1, 1);
        assertThat(
                        NotificationFilter.of(
                                        key,
                                        key.withTag(0),
                                        NotificationFilter.events(),
                                        NotificationFilter.type(1, 7, 200),
                                        key.withInfo(0, 0xffffff80),
                                        NotificationFilter.type(0, 0),
                                        NotificationFilter.type(2, 1),
                                        NotificationFilter.type(1, 8, 200),
                                        key.withInfo(0x20000, 0x20000),
                                        key.withTag(3).withInfo(0x80, 0x80))
                                .ineffectiveRules())
                .satisfiesExactly(
                        reason ->
                                assertThat(reason)
                                        .startsWith("\"0/0 of any tag\"")
                                        .contains("every filter"),
                        reason -> assertThat(reason).contains("2/1", "type 2"),
                        reason -> assertThat(reason).contains("1/8 or 1/200", "0 to 7"),
                        reason -> assertThat(reason).contains("0x00020000."),
                        reason -> assertThat(reason).contains("0x00000080."));
    }
}
