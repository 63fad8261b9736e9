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
package io.watchqueue.examples.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;

import org.junit.jupiter.api.Test;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class KeyringPictureTests {

    private final Map<Integer, KnownKey> known = new HashMap<>();

    private void keyring(int serial, List<Integer> members) {
        known.put(serial, key(serial, "keyring", members));
    }

    private static KnownKey key(int serial, String type, List<Integer> members) {
        KeyDescription description =
                new KeyDescription(KeyId.of(serial), type, 0, 0, 0x3f010000, "key " + serial);
        return new KnownKey(description, "never", members, KnownKey.State.SEEN);
    }

    @Test
    void drawsAKeyringWholeAtItsFirstPlaceOnly() {
        keyring(1, List.of(2, 3));
        keyring(2, List.of(4));
        keyring(3, List.of(2, 4));
        known.put(4, key(4, "user", List.of()));
        Node tree = new KeyringPicture(known::get, 100).of(1);
        Node first = tree.members().get(0);
        Node second = tree.members().get(1).members().get(0);
        assertThat(first.serial()).isEqualTo(2);
        assertThat(first.complete()).isTrue();
        assertThat(first.members()).extracting(Node::serial).containsExactly(4);
        assertThat(second.serial()).isEqualTo(2);
        assertThat(second.complete()).isFalse();
        assertThat(second.members()).isEmpty();
    }

    @Test
    void limitsThePictureOfKeyringsThatAreLinkedManyTimes() {
        List<Integer> everywhere = Collections.nCopies(1000, 2);
        keyring(1, everywhere);
        keyring(2, everywhere);
        assertThat(count(new KeyringPicture(known::get, 50).of(1))).isEqualTo(50);
    }

    private static int count(Node node) {
        return 1 + node.members().stream().mapToInt(KeyringPictureTests::count).sum();
    }

    @Test
    void ownersAreNotNegative() {
        int uid = (int) 3846276768L;
        KeyDescription description =
                new KeyDescription(KeyId.of(7), "user", uid, -2, 0x3f010000, "token");
        known.put(7, new KnownKey(description, "never", List.of(), KnownKey.State.SEEN));
        Node node = new KeyringPicture(known::get, 50).of(7);
        assertThat(node.uid()).isEqualTo(3846276768L);
        assertThat(node.gid()).isEqualTo(4294967294L);
    }

    @Test
    void drawsTheSerialOfAnUnknownKey() {
        assertThat(new KeyringPicture(known::get, 50).of(7))
                .isEqualTo(new Node(7, null, null, null, null, null, null, false, List.of()));
    }
}
