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

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The predicate and the real kernel have the same verdict. */
@Timeout(300)
class NotificationFilterKernelTests {

    private final Random random = new Random(20_261_123);
    private final Keyctl keys = Keyctl.system();
    private final WatchQueue filtered = WatchQueue.open();
    private final WatchQueue everything = WatchQueue.open();
    private KeyId keyring;

    @BeforeEach
    void createKeyring() {
        keyring = keys.addKeyring("filter-test", Keyring.USER);
    }

    @AfterEach
    void removeKeyring() {
        filtered.close();
        everything.close();
        keys.unlink(keyring, Keyring.USER);
    }

    @Test
    void randomFiltersLetPassWhatTheirPredicateDoes() {
        compare(250);
    }

    @Test
    @Tag("proof")
    void manyRandomFiltersLetPassWhatTheirPredicateDoes() {
        compare(2_500);
    }

    private void compare(int filters) {
        Map<KeyEvent, Integer> passed = new EnumMap<>(KeyEvent.class);
        Map<KeyEvent, Integer> heldBack = new EnumMap<>(KeyEvent.class);
        for (int round = 0; round < filters; round++) {
            NotificationFilter filter = randomFilter();
            filtered.filter(filter);
            List<Watch> watches = everyKindOfEvent();
            List<Notification> all = keyNotifications(everything);
            List<Notification> expected = all.stream().filter(filter).toList();
            assertThat(keyNotifications(filtered)).as("%s", filter).isEqualTo(expected);
            for (Notification notification : all) {
                KeyEvent event = ((KeyNotification) notification).event();
                (filter.test(notification) ? passed : heldBack).merge(event, 1, Integer::sum);
            }
            watches.forEach(Watch::close);
            keys.clear(keyring);
        }
        // Each event that can be had was often let pass and often held back.
        for (KeyEvent event : KeyEvent.values()) {
            if (event != KeyEvent.INSTANTIATED) {
                assertThat(passed.get(event)).as("%s passed", event).isGreaterThan(filters / 50);
                assertThat(heldBack.get(event))
                        .as("%s held back", event)
                        .isGreaterThan(filters / 50);
            }
        }
    }

    /** Posts each kind of event to keys of random tags, which both queues watch. */
    private List<Watch> everyKindOfEvent() {
        KeyId ring = keys.addKeyring("ring", keyring);
        KeyId first = keys.add("user", "first", new byte[] {1}, keyring);
        KeyId second = keys.add("user", "second", new byte[] {1}, keyring);
        List<Watch> watches = new ArrayList<>();
        for (KeyId key : List.of(ring, first, second)) {
            int tag = randomTag();
            watches.add(filtered.watch(key, tag));
            watches.add(everything.watch(key, tag));
        }
        keys.update(first, new byte[] {2});
        keys.link(first, ring);
        keys.setPermissions(second, 0x3f3f3f3f);
        keys.unlink(first, ring);
        keys.clear(ring);
        keys.revoke(first);
        keys.invalidate(second);
        return watches;
    }

    private NotificationFilter randomFilter() {
        NotificationFilter.Rule[] rules = new NotificationFilter.Rule[1 + random.nextInt(16)];
        for (int i = 0; i < rules.length; i++) {
            rules[i] = randomRule();
        }
        return NotificationFilter.of(
                random.nextInt(4) > 0 ? new NotificationFilter.Rule[] {rules[0]} : rules);
    }

    private NotificationFilter.Rule randomRule() {
        int[] types = {0, 1, 1, 1, 1, 1, 1, 2, 77, 0xffffff};
        int limit = random.nextInt(4) > 0 ? 8 : 256;
        int[] subtypes = random.ints(1 + random.nextInt(8), 0, limit).toArray();
        NotificationFilter.Rule rule =
                NotificationFilter.type(types[random.nextInt(types.length)], subtypes);
        return switch (random.nextInt(4)) {
            case 0 -> rule.withTag(randomTag());
            case 1 -> {
                int some = random.nextInt();
                int mask = some & random.nextInt() & 0xffffff80;
                yield rule.withInfo(random.nextInt(3) == 0 ? random.nextInt() & mask : 0, mask);
            }
            default -> rule;
        };
    }

    /** Few, so that filters meet them. */
    private int randomTag() {
        int[] tags = {0, 1, 128, 255};
        return tags[random.nextInt(tags.length)];
    }

    /** Without removals: the kernel's garbage collector decides when the last of them comes. */
    private static List<Notification> keyNotifications(WatchQueue queue) {
        List<Notification> all = new ArrayList<>();
        queue.poll(
                Integer.MAX_VALUE,
                notification -> {
                    assertThat(notification).isNotInstanceOf(LossNotification.class);
                    return notification instanceof RemovalNotification || all.add(notification);
                });
        return all;
    }

    @Test
    void removalsAndLossesPassAFilterThatLetsNothingPass() {
        NotificationFilter nothing = NotificationFilter.of(NotificationFilter.type(77, 1));
        KeyId key = keys.add("user", "token", new byte[] {1}, keyring);
        try (WatchQueue queue = WatchQueue.builder().capacity(32).watch(key, 5).open()) {
            for (int i = 0; i < 33; i++) {
                keys.setPermissions(key, 0x3f3f3f3f);
            }
            queue.filter(nothing);
            keys.update(key, new byte[] {2});
            assertThat(queue.poll(32, KeyNotification.class::isInstance)).isEqualTo(32);
            assertThat(queue.poll()).isEqualTo(new LossNotification());
            keys.update(key, new byte[] {3});
            queue.watches().get(0).close();
            assertThat(queue.read(Duration.ofMinutes(1)))
                    .isEqualTo(new RemovalNotification(key, 5));
            assertThat(queue.poll()).isNull();
        }
    }
}
