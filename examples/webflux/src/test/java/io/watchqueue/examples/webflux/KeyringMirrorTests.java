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

import static io.watchqueue.examples.webflux.RunningApplication.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.watchqueue.KeyId;
import io.watchqueue.KeyTree;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueueException;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.http.codec.ServerSentEvent;

import reactor.core.Disposable;
import reactor.core.publisher.Flux;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** That what is known of a keyring, here and in a browser, is what the kernel says of it. */
class KeyringMirrorTests {

    private static final int OPEN_FILES = 500;
    private static final byte[] SECRET = {1};

    private final SimulatedKernel kernel =
            SimulatedKernel.builder().openFiles(OPEN_FILES).install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.addKeyring("root", Keyring.USER);
    private final List<Disposable> open = new ArrayList<>();

    @AfterEach
    void nothingIsLeftOpen() {
        open.forEach(Disposable::dispose);
        eventually("no descriptor is open", () -> kernel.openDescriptors() == 0);
        kernel.close();
    }

    /** A stream of all events of the root, in a model, with the mirror that it is from. */
    private Followed follow(int limit, int capacity) {
        WatchqueueProperties properties =
                new Binder(
                                new MapConfigurationPropertySource(
                                        Map.of(
                                                "watchqueue.keyrings",
                                                root.toString(),
                                                "watchqueue.keys",
                                                limit,
                                                // Longer than a thread may wait for a processor:
                                                // another mirror would know less.
                                                "watchqueue.linger",
                                                "1m",
                                                "watchqueue.capacity",
                                                capacity)))
                        .bindOrCreate("watchqueue", WatchqueueProperties.class);
        KeyringFeed feed =
                new KeyringFeed(
                        root.toString(),
                        properties,
                        new FeedMeters(new SimpleMeterRegistry(), root.toString()));
        Followed followed = new Followed(new BrowserModel(), new ArrayList<>());
        Flux<ServerSentEvent<Object>> events =
                new ChangeStreams(properties).open(feed, false, () -> {});
        open.add(events.subscribe(followed::apply));
        open.add(feed);
        eventually("the tree is told", () -> followed.trees() == 1);
        return followed;
    }

    private record Followed(BrowserModel browser, List<Node> snapshots) {

        synchronized void apply(ServerSentEvent<Object> event) {
            browser.apply(event);
            if (event.data() instanceof ChangeEvents.Resync resync) {
                snapshots.add(resync.tree());
            }
        }

        synchronized Set<String> links() {
            return browser.links();
        }

        synchronized int trees() {
            return snapshots.size();
        }

        synchronized Node tree() {
            return snapshots.get(snapshots.size() - 1);
        }
    }

    private Set<String> linksInTheKernel() {
        Set<String> links = new TreeSet<>();
        keys.tree(root).stream().forEach(keyring -> collect(keyring, links));
        return links;
    }

    private static void collect(KeyTree keyring, Set<String> links) {
        keyring.members().forEach(member -> links.add(keyring.key() + "-" + member.key()));
    }

    @Test
    void aBrowserThatDoesWhatItIsToldHasTheTreeOfTheKernel() {
        Random random = new Random(6);
        for (int round = 0; round < 20; round++) {
            Followed followed = follow(1000, round % 2 == 0 ? 512 : 1);
            List<KeyId> keyrings = new ArrayList<>(List.of(root));
            List<KeyId> all = new ArrayList<>();
            for (int step = 0; step < 200; step++) {
                change(random, keyrings, all);
                if (random.nextInt(20) == 0) {
                    awaitTheTreeOfTheKernel(followed);
                }
            }
            awaitTheTreeOfTheKernel(followed);
            open.forEach(Disposable::dispose);
            keys.clear(root);
        }
    }

    private void awaitTheTreeOfTheKernel(Followed followed) {
        kernel.settle();
        Set<String> links = linksInTheKernel();
        eventually("the trees are the same", () -> followed.links().equals(links));
    }

    private void change(Random random, List<KeyId> keyrings, List<KeyId> all) {
        KeyId keyring = keyrings.get(random.nextInt(keyrings.size()));
        KeyId other = keyrings.get(random.nextInt(keyrings.size()));
        KeyId key = all.isEmpty() ? root : all.get(random.nextInt(all.size()));
        try {
            switch (random.nextInt(9)) {
                case 0, 1 -> all.add(keys.add("user", "k" + random.nextInt(5), SECRET, keyring));
                case 2 -> {
                    KeyId added = keys.addKeyring("r" + random.nextInt(5), keyring);
                    all.add(added);
                    keyrings.add(added);
                }
                case 3 -> keys.link(key, keyring);
                case 4 -> keys.unlink(key, keyring);
                case 5 -> keys.move(key, keyring, other);
                case 6 -> {
                    if (random.nextInt(4) == 0) {
                        keys.clear(keyring);
                    }
                }
                case 7 -> {
                    if (!key.equals(root)) {
                        keys.invalidate(key);
                    }
                }
                default -> keys.setPermissions(key, 0x3f3f0000);
            }
        } catch (WatchQueueException e) {
            // The kernel refuses some of these: what is gone, or would make a circle.
            assertThat(e.errno()).as(e.getMessage()).isPositive();
        }
    }

    @Test
    void noMoreKeysThanTheLimitAreWatchedAndDrawn() {
        KeyId inner = keys.addKeyring("inner", root);
        for (int key = 1; key <= 50; key++) {
            keys.add("user", "key " + key, SECRET, inner);
        }
        Followed followed = follow(10, 512);
        assertThat(kernel.queue().watches()).hasSize(10);
        assertThat(followed.tree().members().get(0).complete()).isFalse();
        assertThat(followed.tree().members().get(0).members()).hasSize(8);
    }

    @Test
    void moreKeysThanMayBeWatchedAreDrawnAllTheSame() {
        IntStream.rangeClosed(1, OPEN_FILES + 5)
                .forEach(key -> keys.add("user", "key " + key, SECRET, root));
        Followed followed = follow(1000, 512);
        assertThat(followed.tree().members()).hasSize(OPEN_FILES + 5);
        assertThat(kernel.queue().watches().size()).isLessThanOrEqualTo(OPEN_FILES);
    }

    @Test
    void aKeyThatMayNotBeLookedAtIsThere() {
        KeyId hidden = keys.add("user", "hidden", SECRET, root);
        keys.setPermissions(hidden, 0);
        Node node = follow(1000, 512).tree().members().get(0);
        assertThat(node.serial()).isEqualTo(hidden.value());
        assertThat(node.description()).isNull();
    }

    @Test
    void aKeyThatGrantsViewLaterIsFollowedWhenItsKeyringHasChanged() {
        KeyId hidden = keys.add("user", "hidden", SECRET, root);
        keys.setPermissions(hidden, 0x3e3e0000);
        follow(1000, 512);
        assertThat(kernel.queue().watches()).doesNotContainKey(hidden);
        keys.setPermissions(hidden, 0x3f3f0000);
        keys.add("user", "other", SECRET, root);
        eventually("it is watched", () -> kernel.queue().watches().containsKey(hidden));
    }

    @Test
    void aRevokedKeyringKeepsItsName() {
        KeyId inner = keys.addKeyring("inner", root);
        keys.add("user", "token", SECRET, inner);
        Followed followed = follow(1000, 512);
        keys.revoke(inner);
        kernel.queue().postLoss();
        eventually("the tree is told", () -> followed.trees() == 2);
        Node node = followed.tree().members().get(0);
        assertThat(node.description()).isEqualTo("inner");
        assertThat(node.complete()).isFalse();
        assertThat(node.members()).isEmpty();
    }
}
