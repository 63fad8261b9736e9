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

import io.watchqueue.test.FakeKernel;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The bytes that core's fuzz targets start from, whole and with some of them changed, through a
 * kernel: as a message, and as its description of keys. Filters go to the simulated kernel.
 */
class KernelFuzzTests {

    private static final Path SEEDS = Path.of("..", "src", "test", "fuzz");
    private static final int CHANGED = 200;
    private static final int LONGEST = 127;
    private static final int FILTERS = 2_000;
    private static final int MESSAGES = 20;

    @TestFactory
    Stream<DynamicTest> messages() throws IOException {
        return changedSeeds("decoder", KernelFuzzTests::readAsAMessage);
    }

    @TestFactory
    Stream<DynamicTest> texts() throws IOException {
        return changedSeeds("text", KernelFuzzTests::findInAText);
    }

    private static Stream<DynamicTest> changedSeeds(String name, Consumer<byte[]> target)
            throws IOException {
        return NotificationFuzzTests.seeds(
                SEEDS.resolve(name),
                seed -> {
                    target.accept(seed);
                    Random random = new Random(1);
                    for (int i = 0; i < CHANGED; i++) {
                        target.accept(changed(seed, random));
                    }
                });
    }

    private static byte[] changed(byte[] seed, Random random) {
        byte[] bytes = Arrays.copyOf(seed, Math.max(seed.length + random.nextInt(9) - 4, 1));
        for (int i = random.nextInt(4); i >= 0; i--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        return bytes;
    }

    /** The notifications before the end, or before bytes that are not a notification. */
    private record Read(List<Notification> notifications, boolean failed) {}

    private static void readAsAMessage(byte[] input) {
        byte[] message = Arrays.copyOf(input, Math.max(Math.min(input.length, LONGEST), 1));
        FakeKernel kernel = new FakeKernel();
        assertThat(throughAQueue(kernel, message))
                .as(Arrays.toString(message))
                .isEqualTo(decoded(message));
        assertThat(kernel.open()).isEmpty();
    }

    private static Read throughAQueue(FakeKernel kernel, byte[] message) {
        List<Notification> all = new ArrayList<>();
        try (WatchQueue queue = FakeQueues.open(kernel, 1)) {
            kernel.post(message);
            queue.poll(LONGEST, all::add);
            return new Read(all, false);
        } catch (NotificationFormatException e) {
            return new Read(all, true);
        }
    }

    private static Read decoded(byte[] message) {
        ByteBuffer bytes = ByteBuffer.wrap(message).order(ByteOrder.nativeOrder());
        List<Notification> all = new ArrayList<>();
        try {
            for (int at = 0; at < message.length; ) {
                long header = NotificationDecoder.header(bytes, at, message.length);
                all.add(NotificationDecoder.decode(bytes, at, header));
                at += NotificationDecoder.length(header);
            }
            return new Read(all, false);
        } catch (NotificationFormatException e) {
            return new Read(all, true);
        }
    }

    /** The kernel lists and describes this text: no key has the name. */
    private static void findInAText(byte[] input) {
        String text = new String(input, StandardCharsets.ISO_8859_1);
        KeyId key = KeyId.of(5);
        FakeKernel kernel = new FakeKernel();
        Keyctl keys = new Keyctl(kernel);
        kernel.procKeys(
                "00000005 I--Q---     1 perm 3f010000  1000  1000 user      "
                        + text
                        + ": 1\n00000006 I--Q---     1  59s 3f010000  1000  1000 user      b: 1\n");
        assertThatThrownBy(() -> keys.find("%user:absent"))
                .isInstanceOfSatisfying(
                        KeyUnavailableException.class,
                        e -> assertThat(e.errnoName()).isEqualTo("ENOKEY"));
        kernel.description(input);
        try {
            keys.describe(key);
        } catch (WatchQueueException e) {
            assertThat(KeyDescription.parse(key, text)).as(text).isNull();
        }
        keys.timeouts();
    }

    @Test
    void filtersAreTakenAndPassAsThePredicateDoes() {
        FakeKernel kernel = new FakeKernel();
        Random random = new Random(1);
        try (WatchQueue queue = WatchQueue.builder(kernel).open()) {
            for (int i = 0; i < FILTERS; i++) {
                NotificationFilter filter = filter(random);
                queue.filter(filter);
                assertThat(kernel.filter()).isEqualTo(filter);
                for (int j = 0; j < MESSAGES; j++) {
                    byte[] message =
                            FakeKernel.message(
                                    Notification.TYPE_KEY,
                                    random.nextInt(12),
                                    random.nextInt() & 0x0003_0300 | 16,
                                    new byte[8]);
                    assertThat(kernel.passes(message))
                            .as("%s: %s", filter, Arrays.toString(message))
                            .isEqualTo(filter.test(decoded(message).notifications().get(0)));
                }
            }
            queue.clearFilter();
            assertThat(kernel.isFiltered()).isFalse();
        }
    }

    private static NotificationFilter filter(Random random) {
        return NotificationFilter.of(
                IntStream.range(0, 1 + random.nextInt(4))
                        .mapToObj(any -> rule(random))
                        .toArray(NotificationFilter.Rule[]::new));
    }

    private static NotificationFilter.Rule rule(Random random) {
        int mask = random.nextInt() & 0x0003_0300;
        return NotificationFilter.type(random.nextInt(3), random.nextInt(12), random.nextInt(256))
                .withInfo(random.nextInt() & mask, mask);
    }
}
