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

import io.watchqueue.AlreadyWatchedException;
import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.reactor.ReactiveWatchQueue;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The state of a keyring and of all keys below it. One queue watches all of them, and a
 * notification of a key leads to a new look at it. One thread at a time writes, the one that
 * delivers the notifications; any thread reads.
 *
 * <p>A key is always watched before it is looked at, and looked at before its notification is
 * passed on. A subscriber that takes the tree after it has subscribed therefore misses nothing.
 */
final class KeyringMirror {

    private static final Logger LOG = LoggerFactory.getLogger(KeyringMirror.class);
    private static final int LAST_TAG = 255;

    private final Keyctl keys;
    private final ReactiveWatchQueue queue;
    private final int root;
    private final int limit;

    /**
     * The tag of each key's present watch. Notifications with another tag are of an earlier watch.
     */
    private final Map<Integer, Integer> tags = new HashMap<>();

    private int nextTag;
    private boolean full;

    /** Replaced as a whole after a loss, so that no reader sees half of it. */
    private volatile Map<Integer, KnownKey> known = new ConcurrentHashMap<>();

    /**
     * Watches and looks at the keyring and all keys below it.
     *
     * @param queue a queue without watches
     * @param root the keyring's serial
     * @param limit the largest number of keys that are watched and looked at
     */
    KeyringMirror(Keyctl keys, ReactiveWatchQueue queue, int root, int limit) {
        this.keys = keys;
        this.queue = queue;
        this.root = root;
        this.limit = limit;
        watchRoot();
        lookAtEverything();
    }

    /**
     * Updates the state after a notification.
     *
     * @return whether to show the notification: false for a key that is no longer in the tree
     */
    boolean apply(Notification notification) {
        if (notification instanceof LossNotification) {
            lookAtEverything();
            return true;
        }
        if (notification instanceof RemovalNotification removal) {
            return isOfPresentWatch((int) removal.id(), removal.watchTag())
                    && forget((int) removal.id());
        }
        if (notification instanceof KeyNotification change) {
            if (!isOfPresentWatch(change.serial(), change.watchTag())) {
                return false;
            }
            KnownKey before = known.get(change.serial());
            lookAt(List.of(change.serial()), known);
            KnownKey after = known.get(change.serial());
            if (before == null || after == null || !before.members().equals(after.members())) {
                dropWhatIsNotLinked();
            }
        }
        return true;
    }

    /**
     * Whether the keyring is revoked or gone, so that nothing more will happen in it. Call {@link
     * #apply} first.
     */
    boolean isEndedBy(Notification notification) {
        if (notification instanceof RemovalNotification removal) {
            return removal.id() == root;
        }
        KnownKey key = known.get(root);
        // The removal of a destroyed keyring follows, unless it was dropped.
        return key != null
                && (key.isRevoked() || (key.isGone() && notification instanceof LossNotification));
    }

    /** The keyring, and all keys below it. */
    Node tree() {
        return node(root);
    }

    /** A key, and all keys below it. */
    Node node(int serial) {
        return new KeyringPicture(known::get, limit).of(serial);
    }

    /** The members of a keyring; null if they are not known, or the key is not a keyring. */
    @Nullable List<Integer> members(int serial) {
        KnownKey key = known.get(serial);
        return key == null || !key.isKeyring() ? null : key.members();
    }

    private boolean isOfPresentWatch(int serial, int tag) {
        Integer present = tags.get(serial);
        return present != null && present == tag;
    }

    private boolean forget(int serial) {
        tags.remove(serial);
        known.remove(serial);
        unlink(serial, known);
        dropWhatIsNotLinked();
        return true;
    }

    private static void unlink(int serial, Map<Integer, KnownKey> keyrings) {
        keyrings.replaceAll(
                (keyring, key) -> key.members().contains(serial) ? key.without(serial) : key);
    }

    private void lookAtEverything() {
        Map<Integer, KnownKey> fresh = new ConcurrentHashMap<>();
        lookAt(List.of(root), fresh);
        known = fresh;
        dropWhatIsNotLinked();
    }

    /** Looks at these keys, and at all keys below them that were not looked at before. */
    private void lookAt(Collection<Integer> serials, Map<Integer, KnownKey> result) {
        Map<Integer, String> expiries = KeyExpiries.now(keys);
        Deque<Integer> next = new ArrayDeque<>(serials);
        boolean mayWatch = true;
        while (!next.isEmpty()) {
            int serial = next.remove();
            if (!result.containsKey(serial) && result.size() >= limit) {
                continue;
            }
            // After one refusal for lack of room, do not try the others: each try waits for room.
            mayWatch = mayWatch && watch(serial);
            KnownKey key = lookAt(serial, expiries.get(serial));
            if (key.isGone() && !tags.containsKey(serial)) {
                // It was gone before it was watched, so no removal will come.
                unlink(serial, result);
                continue;
            }
            result.put(serial, key);
            key.members().stream()
                    .filter(member -> isToBeLookedAt(member, result.get(member)))
                    .forEach(next::add);
        }
    }

    /** A key that could not be watched may grant View by now. */
    private boolean isToBeLookedAt(int serial, @Nullable KnownKey key) {
        return key == null || (key.isHidden() && !tags.containsKey(serial));
    }

    private KnownKey lookAt(int serial, @Nullable String expiry) {
        KeyId key = KeyId.of(serial);
        KnownKey before = known.get(serial);
        KeyDescription description = before == null ? null : before.description();
        try {
            description = keys.describe(key);
            List<Integer> members =
                    description.isKeyring()
                            ? keys.list(key).stream().map(KeyId::value).toList()
                            : List.of();
            return new KnownKey(description, expiry, members, KnownKey.State.SEEN);
        } catch (KeyPermissionException e) {
            return new KnownKey(description, expiry, List.of(), KnownKey.State.HIDDEN);
        } catch (KeyUnavailableException e) {
            KnownKey.State state =
                    switch (e.errnoName()) {
                        case "ENOKEY" -> KnownKey.State.GONE;
                        case "EKEYREVOKED" -> KnownKey.State.REVOKED;
                        default -> KnownKey.State.HIDDEN;
                    };
            return new KnownKey(description, expiry, List.of(), state);
        }
    }

    private void watchRoot() {
        int tag = nextTag++;
        queue.watch(KeyId.of(root), tag).block();
        tags.put(root, tag);
    }

    /**
     * @return whether there is room for another watch
     */
    private boolean watch(int serial) {
        // The second tag is for a key that was unlinked and linked again: the removal of its first
        // watch may still wait in the queue.
        for (int attempt = 1; attempt <= 2 && !tags.containsKey(serial); attempt++) {
            int tag = nextTag++ & LAST_TAG;
            try {
                queue.watch(KeyId.of(serial), tag).block();
                tags.put(serial, tag);
                full = false;
            } catch (AlreadyWatchedException e) {
                LOG.debug("Tag {} is not free for key {}", tag, serial);
                takeUpKeptWatch(serial);
            } catch (KeyPermissionException | KeyUnavailableException e) {
                takeUpKeptWatch(serial);
                return true;
            } catch (ResourceLimitException e) {
                if (!full) {
                    LOG.warn("Not all keys that are shown can be followed: {}", e.getMessage());
                }
                full = true;
                return false;
            }
        }
        return true;
    }

    /**
     * A key that grants no View, is revoked or has expired cannot be unwatched. If it was unlinked
     * in that state and is linked again, it still has its earlier watch and tag.
     */
    private void takeUpKeptWatch(int serial) {
        queue.watches().stream()
                .filter(watch -> watch.key().value() == serial)
                .forEach(watch -> tags.put(serial, watch.tag()));
    }

    private void dropWhatIsNotLinked() {
        Set<Integer> linked = new HashSet<>();
        Deque<Integer> next = new ArrayDeque<>(List.of(root));
        while (!next.isEmpty()) {
            int serial = next.remove();
            KnownKey key = known.get(serial);
            if (linked.add(serial) && key != null) {
                next.addAll(key.members());
            }
        }
        known.keySet().retainAll(linked);
        for (int serial : List.copyOf(tags.keySet())) {
            if (!linked.contains(serial)) {
                tags.remove(serial);
                queue.unwatch(KeyId.of(serial)).block();
            }
        }
    }
}
