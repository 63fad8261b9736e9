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
package io.watchqueue.reactor.keyring;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.reactor.keyring.FollowedKey.State;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Keeps a table of the keys below a keyring, from notifications and from looks at the keys, and
 * says what has changed. One thread at a time calls it.
 *
 * <p>A key is watched before it is looked at, so that what happens after the look is notified. The
 * table may be ahead of the notifications that wait in the queue. Applied to it, each of these
 * leads to the state that follows, because the last one that concerns a link decides.
 */
final class KeyringFollower {

    static final Predicate<KeyDescription> ALL_KEYS = key -> true;

    private static final String NEVER = "perm";
    private static final String EXPIRED = "expd";

    private final Keyctl keys;
    private final KeyId root;
    private final KeyringSettings settings;
    private final KeyWatches watches;
    private final KeyringStore store;

    /** The one of the store; or a copy of it while all keys are looked at. */
    private KeyTable table;

    /** The keyrings whose members are followed, with their distance from the root. */
    private final Map<KeyId, Integer> levels = new HashMap<>();

    /** Keyrings that could not be listed. */
    private final Set<KeyId> unlisted = new HashSet<>();

    /** Keys that are not watched, or that may expire: what happens to them is not notified. */
    private final Set<KeyId> uncertain = new LinkedHashSet<>();

    /** Links that were found, and are not in the table yet. */
    private final Deque<Link> found = new ArrayDeque<>();

    private List<KeyringEvent> events = new ArrayList<>();

    private record Link(KeyId key, KeyId keyring) {}

    KeyringFollower(Keyctl keys, KeyId root, KeyringSettings settings, KeyWatches watches) {
        this.keys = keys;
        this.root = root;
        this.settings = settings;
        this.watches = watches;
        this.store = new KeyringStore(root);
        this.table = store.table();
    }

    KeyringStore store() {
        return store;
    }

    /**
     * Watches and looks at everything.
     *
     * @return the snapshot
     * @throws io.watchqueue.WatchQueueException if the keyring cannot be watched
     * @throws IllegalArgumentException if it is not a keyring
     */
    List<KeyringEvent> begin() {
        watches.placeRoot(root);
        FollowedKey keyring = look(root, null);
        if (keyring == null) {
            keyring = new FollowedKey(root, keys.describe(root), State.VALID, true); // it throws
        }
        KeyDescription description = keyring.description();
        if (description != null && !description.isKeyring()) {
            throw new IllegalArgumentException(
                    "follow key "
                            + root
                            + ": it is of the type "
                            + description.type()
                            + ", and only a keyring has members; watch it by NotificationFlux");
        }
        table.put(keyring);
        uncertain.add(root); // it may expire
        expand(root, 0);
        takeEvents();
        return snapshot();
    }

    /** The whole as it is known now; none before the {@linkplain #begin beginning}. */
    List<KeyringEvent> snapshot() {
        FollowedKey keyring = table.get(root);
        return keyring == null
                ? List.of()
                : List.of(new KeyringEvent.Snapshot(keyring, links(), store));
    }

    /** All links, each keyring before its members. */
    private List<KeyringEvent.Linked> links() {
        List<KeyringEvent.Linked> links = new ArrayList<>();
        Set<KeyId> seen = new HashSet<>(Set.of(root));
        Deque<KeyId> next = new ArrayDeque<>(seen);
        for (KeyId keyring = next.poll(); keyring != null; keyring = next.poll()) {
            for (KeyId member : table.members(keyring)) {
                links.add(new KeyringEvent.Linked(known(member), keyring));
                if (seen.add(member)) {
                    next.add(member);
                }
            }
        }
        return links;
    }

    /** A key that is in the table, because it is linked there. */
    private FollowedKey known(KeyId member) {
        return Objects.requireNonNull(table.get(member));
    }

    /** Applies a notification. */
    List<KeyringEvent> apply(Notification notification) {
        if (notification instanceof LossNotification loss) {
            lookAtEverything(loss);
        } else if (notification instanceof RemovalNotification removal) {
            removal.key().filter(key -> watches.isPresent(key, removal)).ifPresent(this::removed);
        } else if (notification instanceof KeyNotification change
                && watches.isPresent(change.key(), change)) {
            apply(change);
        }
        return takeEvents();
    }

    private void apply(KeyNotification change) {
        KeyId key = change.key();
        switch (change.event()) {
            case LINKED -> change.linkedKey().ifPresent(linked -> linked(linked, key));
            case UNLINKED -> change.linkedKey().ifPresent(unlinked -> unlink(unlinked, key));
            case CLEARED -> unlinkAll(key);
            case REVOKED -> {
                unlinkAll(key); // which the kernel does with a keyring, in silence
                lookAgain(key, change.event());
            }
            case SETATTR -> {
                uncertain.add(key); // it may expire now
                lookAgain(key, change.event());
                if (unlisted.contains(key)) {
                    list(key);
                }
            }
            case INSTANTIATED, UPDATED, INVALIDATED -> lookAgain(key, change.event());
        }
    }

    private void linked(KeyId key, KeyId keyring) {
        boolean seen = link(key, keyring);
        linkFound();
        if (!seen || table.hasUnnamed(keyring)) {
            // It may have displaced a key, and names do not tell which.
            list(keyring);
        }
    }

    /** The kernel says that a watch is gone. */
    private void removed(KeyId key) {
        watches.removed(key);
        FollowedKey known = table.get(key);
        if (known != null) {
            // It is still there if this was the removal of an earlier watch, with the same tag.
            lookAgainUnnotified(known);
        }
    }

    private void gone(FollowedKey key) {
        unlinkAll(key.key());
        for (KeyId keyring : Set.copyOf(table.keyrings(key.key()))) {
            table.unlink(key.key(), keyring);
        }
        forget(key.key());
        events.add(new KeyringEvent.Gone(key));
    }

    private void lookAtEverything(LossNotification loss) {
        events.add(new KeyringEvent.Lost(loss));
        watches.tryAgain();
        table = table.copy();
        for (FollowedKey key : List.copyOf(table.keys())) {
            FollowedKey known = table.get(key.key());
            if (known != null) {
                lookAgainUnnotified(known);
            }
        }
        for (KeyId keyring : List.copyOf(levels.keySet())) {
            if (levels.containsKey(keyring)) {
                list(keyring);
            }
        }
        linkFound();
        watches.retain(key -> table.get(key) != null); // a removal may be lost
        store.replace(table);
    }

    /** Looks at those keys again of which the kernel does not notify. */
    List<KeyringEvent> lookAgain() {
        watches.tryAgain();
        // Not for the others: it reads all of /proc/keys.
        boolean anyWatched = uncertain.stream().anyMatch(watches::has);
        Map<KeyId, String> timeouts = anyWatched ? keys.timeouts() : Map.of();
        for (KeyId key : List.copyOf(uncertain)) {
            FollowedKey known = table.get(key);
            if (known == null) {
                uncertain.remove(key);
            } else if (!known.watched() || mayHaveExpired(known, timeouts)) {
                lookAgainUnnotified(known);
                if (!known.watched() && levels.containsKey(key)) {
                    list(key);
                }
            }
        }
        return takeEvents();
    }

    private boolean mayHaveExpired(FollowedKey key, Map<KeyId, String> timeouts) {
        String timeout = timeouts.get(key.key());
        if (timeout == null) {
            return true; // /proc/keys is masked, or does not have it because it has expired
        }
        if (timeout.equals(NEVER)) {
            uncertain.remove(key.key());
        }
        return timeout.equals(EXPIRED);
    }

    /** A key that was under construction may have been instantiated. */
    List<KeyringEvent> instantiated(KeyId key) {
        FollowedKey known = table.get(key);
        if (known == null) {
            watches.dropPlaced(key);
        } else {
            lookAgainUnnotified(known);
        }
        return takeEvents();
    }

    /** Whether there are keys that have to be looked at, because the kernel does not notify. */
    boolean isUncertain() {
        return !uncertain.isEmpty();
    }

    private void lookAgainUnnotified(FollowedKey known) {
        FollowedKey now = look(known.key(), known);
        if (now == null) {
            gone(known);
        } else {
            changed(known, now, null);
        }
    }

    private void lookAgain(KeyId key, KeyEvent event) {
        FollowedKey known = table.get(key);
        if (known != null) {
            FollowedKey now = look(key, known);
            // If it is gone by now, its removal follows.
            changed(known, now == null ? known : now, event);
        }
    }

    private void changed(FollowedKey before, FollowedKey now, @Nullable KeyEvent event) {
        table.put(now);
        if (isDead(now)) {
            unlinkAll(now.key()); // nobody can use a keyring in that state
        }
        boolean reported = event != null && settings.events().contains(event);
        if (reported || !before.equals(now)) {
            events.add(new KeyringEvent.Changed(before, now, event));
        }
        if (before.description() == null && now.description() != null) {
            described(now);
        }
    }

    /** The description of a key that was linked without one has become known. */
    private void described(FollowedKey key) {
        if (!isFollowed(key)) {
            Set.copyOf(table.keyrings(key.key())).forEach(keyring -> unlink(key.key(), keyring));
        } else if (key.isKeyring()) {
            relevel();
        }
    }

    /**
     * Watches a key, and then looks at it.
     *
     * @return null if it does not exist
     */
    private @Nullable FollowedKey look(KeyId key, @Nullable FollowedKey known) {
        KeyWatches.Outcome watch = watches.place(key);
        FollowedKey now = describe(key, known, watch);
        if (watch != KeyWatches.Outcome.WATCHED) {
            uncertain.add(key);
        } else if (now != null && isDead(now)) {
            uncertain.remove(key); // its removal is notified
        }
        return now;
    }

    private static boolean isDead(FollowedKey key) {
        return key.state() == State.REVOKED || key.state() == State.EXPIRED;
    }

    private @Nullable FollowedKey describe(
            KeyId key, @Nullable FollowedKey known, KeyWatches.Outcome watch) {
        boolean watched = watch == KeyWatches.Outcome.WATCHED;
        KeyDescription description = known == null ? null : known.description();
        State state;
        try {
            description = keys.describe(key);
            state =
                    switch (watch) {
                        case WATCHED, FULL -> State.VALID;
                        case PENDING -> State.UNDER_CONSTRUCTION;
                        case REFUSED -> State.NEGATIVE; // nothing else refuses a key that is seen
                    };
        } catch (KeyPermissionException e) {
            state = State.HIDDEN;
        } catch (KeyUnavailableException e) {
            switch (e.errnoName()) {
                case "EKEYREVOKED" -> state = State.REVOKED;
                case "EKEYEXPIRED" -> state = State.EXPIRED;
                default -> {
                    return null;
                }
            }
        }
        return new FollowedKey(key, description, state, watched);
    }

    /** Begins to follow the members of a keyring. */
    private void expand(KeyId keyring, int level) {
        levels.put(keyring, level);
        found(membersOf(keyring), keyring);
    }

    private void found(Set<KeyId> members, KeyId keyring) {
        watches.placeAll(members.stream().filter(this::isNewAndWanted).toList());
        members.forEach(member -> found.add(new Link(member, keyring)));
    }

    private boolean isNewAndWanted(KeyId key) {
        return table.get(key) == null && (!isFiltered() || isWanted(key));
    }

    private boolean isFiltered() {
        return settings.keys() != ALL_KEYS;
    }

    /** Whether to watch a key, before it is looked at. */
    private boolean isWanted(KeyId key) {
        FollowedKey seen = describe(key, null, KeyWatches.Outcome.FULL);
        return seen != null && isFollowed(seen);
    }

    /** Makes the links of a keyring what they are in the kernel. */
    private void list(KeyId keyring) {
        Set<KeyId> members = membersOf(keyring);
        if (unlisted.contains(keyring)) {
            return; // its links are still notified
        }
        found(members, keyring);
        linkFound();
        for (KeyId linked : List.copyOf(table.members(keyring))) {
            if (!members.contains(linked)) {
                unlink(linked, keyring);
            }
        }
    }

    private Set<KeyId> membersOf(KeyId keyring) {
        unlisted.remove(keyring);
        try {
            return new LinkedHashSet<>(keys.list(keyring));
        } catch (KeyPermissionException e) {
            unlisted.add(keyring);
            return Set.of();
        } catch (KeyUnavailableException e) {
            return Set.of(); // it is gone, revoked or expired
        }
    }

    private void linkFound() {
        for (Link link = found.poll(); link != null; link = found.poll()) {
            link(link.key(), link.keyring());
        }
    }

    /**
     * Adds a link.
     *
     * @return false if the key was destroyed before its name became known
     */
    private boolean link(KeyId key, KeyId keyring) {
        Integer level = levels.get(keyring);
        FollowedKey known = table.get(key);
        if (level == null || table.isLinked(key, keyring)) {
            if (known == null) {
                watches.remove(key); // the keyring was dropped since it was listed
            }
            return true;
        }
        // A key that is watched already was found to be wanted.
        if (known == null && isFiltered() && !watches.has(key)) {
            FollowedKey seen = describe(key, null, KeyWatches.Outcome.FULL);
            if (seen != null && !isFollowed(seen)) {
                FollowedKey displaced = namesake(seen, keyring);
                if (displaced != null) {
                    unlink(displaced.key(), keyring);
                }
                return true;
            }
        }
        FollowedKey linked = known != null ? known : look(key, null);
        if (linked == null) {
            return false; // destroyed meanwhile
        }
        FollowedKey displaced = namesake(linked, keyring);
        table.put(linked);
        table.link(key, keyring);
        if (known == null) {
            uncertain.add(key); // it may expire
        }
        if (displaced == null) {
            events.add(new KeyringEvent.Linked(linked, keyring));
        } else {
            table.unlink(displaced.key(), keyring);
            events.add(new KeyringEvent.Replaced(displaced, linked, keyring));
            dropIfNotLinked(displaced);
        }
        if (linked.isKeyring()) {
            linkedKeyring(key, level + 1);
        }
        return true;
    }

    private @Nullable FollowedKey namesake(FollowedKey key, KeyId keyring) {
        KeyDescription name = key.description();
        KeyId namesake =
                name == null ? null : table.named(keyring, name.type(), name.description());
        return namesake == null ? null : table.get(namesake);
    }

    private void linkedKeyring(KeyId keyring, int level) {
        Integer before = levels.get(keyring);
        if (before == null && level < settings.depth()) {
            expand(keyring, level);
        } else if (before != null && level < before && isDepthLimited()) {
            relevel();
        }
    }

    private boolean isFollowed(FollowedKey key) {
        KeyDescription description = key.description();
        return description == null || description.isKeyring() || settings.keys().test(description);
    }

    private void unlink(KeyId key, KeyId keyring) {
        FollowedKey known = table.get(key);
        if (known != null && table.isLinked(key, keyring)) {
            table.unlink(key, keyring);
            events.add(new KeyringEvent.Unlinked(known, keyring));
            dropIfNotLinked(known);
        }
    }

    private void dropIfNotLinked(FollowedKey key) {
        if (isNotLinked(key.key())) {
            forget(key.key());
            unlinkAll(key.key());
        } else if (key.isKeyring()) {
            // It may be linked below itself only, or deeper than before.
            relevel();
        }
    }

    /** A keyring may seem to be below itself, if links between keyrings change meanwhile. */
    private boolean isNotLinked(KeyId key) {
        return !key.equals(root) && table.keyrings(key).isEmpty();
    }

    /** Unlinks all members of a keyring, and those of keyrings that are linked nowhere else. */
    private void unlinkAll(KeyId keyring) {
        Deque<KeyId> emptied = new ArrayDeque<>(List.of(keyring));
        boolean shared = false;
        for (KeyId next = emptied.poll(); next != null; next = emptied.poll()) {
            for (KeyId member : List.copyOf(table.members(next))) {
                FollowedKey known = known(member);
                table.unlink(member, next);
                events.add(new KeyringEvent.Unlinked(known, next));
                if (isNotLinked(member)) {
                    forget(member);
                    emptied.add(member);
                } else {
                    shared |= known.isKeyring();
                }
            }
        }
        if (shared) {
            relevel();
        }
    }

    private void forget(KeyId key) {
        table.remove(key);
        watches.remove(key);
        levels.remove(key);
        unlisted.remove(key);
        uncertain.remove(key);
    }

    private boolean isDepthLimited() {
        return settings.depth() != Integer.MAX_VALUE;
    }

    /**
     * Finds out anew how far from the root each keyring is, after a link between keyrings has
     * changed. Keyrings that have come too far, or cannot be reached, lose their members.
     */
    private void relevel() {
        Map<KeyId, Integer> reached = new LinkedHashMap<>();
        Deque<KeyId> next = new ArrayDeque<>(List.of(root));
        reached.put(root, 0);
        for (KeyId keyring = next.poll(); keyring != null; keyring = next.poll()) {
            int level = Objects.requireNonNull(reached.get(keyring)) + 1;
            for (KeyId member : table.members(keyring)) {
                if (known(member).isKeyring()
                        && level < settings.depth()
                        && reached.putIfAbsent(member, level) == null) {
                    next.add(member);
                }
            }
        }
        Set<KeyId> before = Set.copyOf(levels.keySet());
        levels.clear();
        levels.putAll(reached);
        for (KeyId keyring : before) {
            if (!reached.containsKey(keyring)) {
                unlinkAll(keyring);
            }
        }
        reached.forEach(
                (keyring, level) -> {
                    if (!before.contains(keyring)) {
                        expand(keyring, level);
                    }
                });
    }

    private List<KeyringEvent> takeEvents() {
        linkFound();
        List<KeyringEvent> taken = events;
        events = new ArrayList<>();
        return taken;
    }
}
