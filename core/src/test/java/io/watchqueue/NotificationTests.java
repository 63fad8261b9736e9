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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Notifications as values, which programs make themselves in their tests. */
class NotificationTests {

    private static final byte[] PAYLOAD = {1, 2};

    private static UnknownNotification unknown(int type, int subtype, int info) {
        return new UnknownNotification(type, subtype, info, PAYLOAD);
    }

    @Test
    void comparesUnknownNotificationsByTheirParts() {
        UnknownNotification one = unknown(7, 9, 0x0003_050a);
        assertThat(one.type()).isEqualTo(7);
        assertThat(one.subtype()).isEqualTo(9);
        assertThat(one.info()).isEqualTo(0x0003_050a);
        assertThat(one.watchTag()).isEqualTo(5);
        assertThat(one.payload()).containsExactly(1, 2);
        assertThat(one)
                .hasToString(
                        "UnknownNotification[type=7, subtype=9, info=0x0003050a, payload=0102]");
        assertThat(one)
                .isEqualTo(unknown(7, 9, 0x0003_050a))
                .hasSameHashCodeAs(unknown(7, 9, 0x0003_050a))
                .isNotEqualTo(unknown(8, 9, 0x0003_050a))
                .isNotEqualTo(unknown(7, 8, 0x0003_050a))
                .isNotEqualTo(unknown(7, 9, 0x0004_050a))
                .isNotEqualTo(new UnknownNotification(7, 9, 0x0003_050a, new byte[] {1, 3}))
                .isNotEqualTo(new LossNotification());
    }

    @Test
    void copiesThePayloadOfAnUnknownNotification() {
        byte[] bytes = PAYLOAD.clone();
        UnknownNotification one = new UnknownNotification(7, 9, 10, bytes);
        bytes[0] = 99;
        one.payload()[0] = 98;
        assertThat(one.payload()).containsExactly(1, 2);
    }

    @Test
    void acceptsTheWholeRangeOfPartsOfAnUnknownNotification() {
        assertThat(unknown(0xffffff, 0xff, -1 << 7 | 10).type()).isEqualTo(0xffffff);
        assertThat(new UnknownNotification(0, 0, 127, new byte[119]).payload()).hasSize(119);
    }

    @Test
    void refusesUnknownNotificationsThatNoKernelPosts() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> unknown(1 << 24, 0, 10))
                .withMessage("UnknownNotification: type 16777216 is not from 0 to 16777215");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> unknown(7, -1, 10))
                .withMessage("UnknownNotification: subtype -1 is not from 0 to 255");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> unknown(7, 9, 11))
                .withMessage(
                        "UnknownNotification: the info field says 11 bytes, but header and payload"
                                + " have 10");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 1 << 16})
    void refusesTypeInfoOfMoreThanSixteenBits(int typeInfo) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KeyNotification(KeyEvent.UPDATED, 1, 0, 0, typeInfo))
                .withMessage("KeyNotification: typeInfo %d is not from 0 to 65535", typeInfo);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -2, Long.MIN_VALUE})
    void refusesALossOfLessThanOneNotification(long dropped) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LossNotification(LossNotification.Origin.SUBSCRIBER, dropped))
                .withMessage(
                        "LossNotification: %d dropped; it takes at least 1, or UNKNOWN (-1)",
                        dropped);
    }

    @Test
    void aLossHasTheHeaderOfTheKernelAndNoTag() {
        LossNotification loss = new LossNotification();
        assertThat(loss.type()).isEqualTo(Notification.TYPE_META);
        assertThat(loss.subtype()).isEqualTo(LossNotification.SUBTYPE);
        assertThat(loss.info()).isEqualTo(8);
        assertThat(loss.watchTag()).isZero();
    }
}
