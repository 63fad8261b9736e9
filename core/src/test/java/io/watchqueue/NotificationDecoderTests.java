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
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

class NotificationDecoderTests {

    /** The bytes that the measurement of allocations may allocate itself. */
    private static final int SLACK = 1024;

    /** Rounds after which all classes are loaded. */
    private static final int WARM = 10_000;

    private static final int SPARE_BIT = 0x80; // of info, which no kernel uses
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;
    private static final ByteOrder BIG = ByteOrder.BIG_ENDIAN;

    @Test
    void decodesAKeyNotificationOfALittleEndianMachine() {
        // type 1, subtype 2 (LINKED), info 0x0000ff10, key 0x11223344, aux 0x55667788
        assertThat(decode(LITTLE, "01000002 10ff0000 44332211 88776655"))
                .containsExactly(new KeyNotification(KeyEvent.LINKED, 0x11223344, 0x55667788, 255));
    }

    @Test
    void decodesAKeyNotificationOfABigEndianMachine() {
        assertThat(decode(BIG, "00000102 0000ff10 11223344 55667788"))
                .containsExactly(new KeyNotification(KeyEvent.LINKED, 0x11223344, 0x55667788, 255));
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void decodesEveryEventByItsNumber(KeyEvent event) {
        String subtype = HexFormat.of().toHexDigits((byte) event.ordinal());
        assertThat(decode(LITTLE, "010000" + subtype + "10000000 01000000 00000000"))
                .containsExactly(new KeyNotification(event, 1, 0, 0));
    }

    /** On s390x and on ppc64le; see decodesEveryOtherMessageInBothByteOrders for the rest. */
    @ParameterizedTest(name = "{2}")
    @CsvSource({
        "01000000 10ff0300 44332211 88776655, 00000100 0003ff10 11223344 55667788, INSTANTIATED",
        "01000001 10ff0300 44332211 88776655, 00000101 0003ff10 11223344 55667788, UPDATED",
        "01000002 10ff0300 44332211 88776655, 00000102 0003ff10 11223344 55667788, LINKED",
        "01000003 10ff0300 44332211 88776655, 00000103 0003ff10 11223344 55667788, UNLINKED",
        "01000004 10ff0300 44332211 88776655, 00000104 0003ff10 11223344 55667788, CLEARED",
        "01000005 10ff0300 44332211 88776655, 00000105 0003ff10 11223344 55667788, REVOKED",
        "01000006 10ff0300 44332211 88776655, 00000106 0003ff10 11223344 55667788, INVALIDATED",
        "01000007 10ff0300 44332211 88776655, 00000107 0003ff10 11223344 55667788, SETATTR"
    })
    void decodesEveryEventInBothByteOrders(String ppc64le, String s390x, KeyEvent event) {
        KeyNotification expected = new KeyNotification(event, 0x11223344, 0x55667788, 255, 3);
        assertThat(decode(LITTLE, ppc64le)).containsExactly(expected);
        assertThat(decode(BIG, s390x)).containsExactly(expected);
    }

    /** No key has the serial 0, nor a negative one: key_alloc_serial(). */
    @ParameterizedTest
    @ValueSource(strings = {"00000000", "000000ff"})
    void aMessageOfAKeyThatCannotBeIsUnknown(String serial) {
        assertThat(decode(LITTLE, "01000001 10070000" + serial + "00000000"))
                .singleElement()
                .isInstanceOf(UnknownNotification.class);
    }

    @Test
    void decodesEveryOtherMessageInBothByteOrders() {
        List<Notification> expected =
                List.of(
                        new RemovalNotification(0x11223344, 7),
                        new RemovalNotification(0, 3),
                        new LossNotification(),
                        new UnknownNotification(1, 8, 0x0000ff10, new byte[8]),
                        new UnknownNotification(0, 2, 0x00000008, new byte[0]),
                        new UnknownNotification(0x123456, 0x78, 0xffaa000a, new byte[] {1, 2}));
        assertThat(
                        decode(
                                LITTLE,
                                "00000000 10070000 4433221100000000"
                                        + "00000000 08030000"
                                        + "00000001 08000000"
                                        + "01000008 10ff0000 0000000000000000"
                                        + "00000002 08000000"
                                        + "56341278 0a00aaff 0102"))
                .isEqualTo(expected);
        assertThat(
                        decode(
                                BIG,
                                "00000000 00000710 0000000011223344"
                                        + "00000000 00000308"
                                        + "00000001 00000008"
                                        + "00000108 0000ff10 0000000000000000"
                                        + "00000002 00000008"
                                        + "12345678 ffaa000a 0102"))
                .isEqualTo(expected);
    }

    @Test
    void keepsTypeInfo() {
        assertThat(decode(LITTLE, "01000001 10050400 01000000 00000000"))
                .containsExactly(new KeyNotification(KeyEvent.UPDATED, 1, 0, 5, 4))
                .allSatisfy(n -> assertThat(n.info()).isEqualTo(0x00040510));
    }

    @Test
    void decodesBothLengthsOfARemoval() {
        assertThat(decode(LITTLE, "00000000 10070000 4433221100000000 00000000 08030000"))
                .containsExactly(
                        new RemovalNotification(0x11223344, 7), new RemovalNotification(0, 3));
        assertThat(decode(BIG, "00000000 00000710 0000000011223344"))
                .containsExactly(new RemovalNotification(0x11223344, 7));
    }

    @Test
    void decodesALoss() {
        assertThat(decode(LITTLE, "00000001 08000000")).containsExactly(new LossNotification());
        assertThat(decode(BIG, "00000001 00000008")).containsExactly(new LossNotification());
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {
                "01000008 10000000 0100000002000000", // a ninth key event
                "01000001 18000000 010000000200000003000000 04000000", // a longer key notification
                "01000001 0c000000 01000000", // a shorter one
                "02000000 08000000", // a new type
                "56341278 0a00aaff 0102", // a new type with all its bits
                "00000002 08000000", // a new kind of meta
                "00000000 0c000000 01020304" // a removal of a new length
            })
    void returnsUnknownMessagesWhole(String message) {
        byte[] bytes = HexFormat.of().parseHex(message.replace(" ", ""));
        ByteBuffer words = ByteBuffer.wrap(bytes).order(LITTLE);
        byte[] payload = new byte[bytes.length - 8];
        words.get(8, payload);
        assertThat(decode(LITTLE, message))
                .containsExactly(
                        new UnknownNotification(
                                words.getInt(0) & 0xffffff,
                                bytes[3] & 0xff,
                                words.getInt(4),
                                payload));
    }

    @ParameterizedTest(name = "{1}")
    @CsvSource({
        "01000001, '4 bytes are left'",
        "01000001 07000000, 'claims 7 bytes'",
        "01000001 00000000, 'claims 0 bytes'",
        "01000001 80000000 0000, 'claims 0 bytes'",
        "01000001 10000000 01000000, 'claims 16 bytes'",
        "00000001 08000000 01000001 7f000000, 'claims 127 bytes'",
        "00000001 08000000 01000001 10000000 01000000, 'from 8 to the 12 that are there'"
    })
    void reportsBytesThatAreNoMessage(String bytes, String message) {
        assertThatThrownBy(() -> decode(LITTLE, bytes))
                .isInstanceOf(NotificationFormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    void decodesAnyBytesOrReportsAFormatError() {
        decodeRandomBuffers(500_000, 42);
    }

    @Test
    @Tag("proof")
    void decodesTenMillionBuffersOrReportsAFormatError() {
        decodeRandomBuffers(10_000_000, 43);
    }

    /**
     * Random buffers, and whole messages of which some bytes were changed, in both byte orders. The
     * result is a message or the format error, and no more is allocated than the messages have
     * bytes.
     */
    private static void decodeRandomBuffers(int buffersToDecode, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer[] buffers = {
            ByteBuffer.allocate(256).order(LITTLE), ByteBuffer.allocate(256).order(BIG)
        };
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long messages = 0;
        long errors = 0;
        long mostForAnError = 0;
        for (int round = 0; round < buffersToDecode; round++) {
            ByteBuffer buffer = buffers[round & 1];
            int end = fill(buffer, random);
            int at = 0;
            int allowed = SLACK;
            long before = threads.getCurrentThreadAllocatedBytes();
            try {
                while (at < end) {
                    long header = NotificationDecoder.header(buffer, at, end);
                    int length = NotificationDecoder.length(header);
                    Notification notification = NotificationDecoder.decode(buffer, at, header);
                    assertSame(notification, buffer, at);
                    at += length;
                    messages++;
                    // The largest is an UnknownNotification: itself, its array, and the copy that
                    // assertSame() has made of that.
                    allowed += 32 + 2 * (24 + length);
                }
                long allocated = threads.getCurrentThreadAllocatedBytes() - before;
                if (allocated > allowed && round > WARM) {
                    fail("decoding %d bytes took %d of memory", end, allocated);
                }
            } catch (NotificationFormatException expected) {
                if (round > WARM) {
                    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
                    mostForAnError = Math.max(mostForAnError, allocated);
                }
                assertThat(at).isLessThan(end);
                errors++;
            }
        }
        assertThat(messages).isGreaterThan(buffersToDecode);
        assertThat(errors).isGreaterThan(buffersToDecode / 10);
        assertThat(mostForAnError).isLessThan(64 * 1024);
    }

    /** All fields are the message's. Without AssertJ unless there is something to report. */
    private static void assertSame(Notification notification, ByteBuffer buffer, int at) {
        int word = buffer.getInt(at);
        int info = buffer.getInt(at + 4);
        boolean little = buffer.order() == LITTLE;
        boolean same =
                notification.type() == (little ? word & 0xffffff : word >>> 8)
                        && notification.subtype() == (little ? word >>> 24 : word & 0xff);
        if (notification instanceof KeyNotification change) {
            same &=
                    (change.info() | SPARE_BIT) == (info | SPARE_BIT)
                            && change.serial() == buffer.getInt(at + 8)
                            && change.aux() == buffer.getInt(at + 12);
        } else if (notification instanceof RemovalNotification removal) {
            same &= removal.watchTag() == (info >>> 8 & 0xff);
            same &= removal.id() == ((info & 0x7f) == 16 ? buffer.getLong(at + 8) : 0);
        } else if (notification instanceof UnknownNotification unknown) {
            same &= unknown.info() == info && unknown.payload().length == (info & 0x7f) - 8;
        }
        if (!same) {
            byte[] bytes = new byte[buffer.capacity()];
            buffer.get(0, bytes);
            fail(
                    notification
                            + " is not what is at "
                            + at
                            + " of "
                            + HexFormat.of().formatHex(bytes));
        }
    }

    /** Fills the buffer, and returns how much of it a read is to have returned. */
    private static int fill(ByteBuffer buffer, SplittableRandom random) {
        if (random.nextInt(4) == 0) {
            for (int at = 0; at < 64; at += 8) {
                buffer.putLong(at, random.nextLong());
            }
            return random.nextInt(65);
        }
        int end = 0;
        for (int message = random.nextInt(1, 4); message > 0; message--) {
            int length = random.nextInt(4) == 0 ? random.nextInt(8, 64) : random.nextInt(1, 3) * 8;
            int type = random.nextInt(3);
            int subtype = random.nextInt(10);
            buffer.putInt(
                    end, buffer.order() == LITTLE ? subtype << 24 | type : type << 8 | subtype);
            buffer.putInt(end + 4, length | random.nextInt(256) << 8);
            for (int at = end + 8; at < end + length; at++) {
                buffer.put(at, (byte) at);
            }
            end += length;
        }
        for (int changes = random.nextInt(3); changes > 0; changes--) {
            buffer.put(random.nextInt(end), (byte) random.nextInt());
        }
        return random.nextInt(4) == 0 ? random.nextInt(end + 1) : end;
    }

    private static List<Notification> decode(ByteOrder order, String hex) {
        ByteBuffer bytes =
                ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", ""))).order(order);
        List<Notification> all = new ArrayList<>();
        int at = 0;
        while (at < bytes.capacity()) {
            long header = NotificationDecoder.header(bytes, at, bytes.capacity());
            int length = NotificationDecoder.length(header);
            all.add(NotificationDecoder.decode(bytes, at, header));
            at += length;
        }
        return all;
    }
}
