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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.NotificationFilter;
import io.watchqueue.WatchQueueException;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.NotificationOperators;
import io.watchqueue.reactor.ReactiveWatchQueue;
import io.watchqueue.reactor.Resynced;

import org.jspecify.annotations.Nullable;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

import java.util.EnumSet;
import java.util.Set;

/**
 * One keyring of the configuration. One kernel queue follows it for all browsers. The queue is
 * opened for the first browser and closed a while after the last.
 */
final class KeyringFeed implements Disposable {

    /** The events that the tree is made of. */
    private static final Set<KeyEvent> LINKS =
            EnumSet.of(KeyEvent.LINKED, KeyEvent.UNLINKED, KeyEvent.CLEARED);

    /** Special keyrings that are the same for all threads of the process. */
    private static final Set<KeyId> OF_USER = Set.of(Keyring.USER, Keyring.USER_SESSION);

    private final Keyctl keys = Keyctl.system();
    private final String reference;
    private final @Nullable KeyId ofStartingThread;
    private final WatchqueueProperties properties;
    private final FeedMeters meters;
    private final Mono<FollowedKeyring> followed;
    private final Disposable.Swap opened = Disposables.swap();

    /**
     * @param reference the keyring, as the configuration writes it
     */
    KeyringFeed(String reference, WatchqueueProperties properties, FeedMeters meters) {
        this.reference = reference;
        this.properties = properties;
        this.meters = meters;
        KeyId keyring = reference.startsWith("@") ? keys.find(reference) : null;
        this.ofStartingThread =
                keyring == null || OF_USER.contains(keyring) ? null : keys.resolve(keyring, true);
        this.followed =
                Mono.fromCallable(this::open)
                        .subscribeOn(Schedulers.boundedElastic())
                        .cacheInvalidateWhen(FollowedKeyring::ended);
    }

    /**
     * Returns the serial of the keyring. A named keyring, or the user's, can have another serial
     * later.
     *
     * @throws io.watchqueue.KeyUnavailableException if there is no such keyring
     * @throws KeyringRefusedException if only a keyring of another user has that name
     */
    private KeyId keyring() {
        if (ofStartingThread != null) {
            return ofStartingThread;
        }
        KeyId keyring = keys.find(reference);
        if (keyring.isSpecial()) {
            return keys.resolve(keyring, true);
        }
        if (reference.startsWith("%")) {
            refuseAnotherUsers(keys.describe(keyring));
        }
        return keyring;
    }

    /** Any user can create a keyring of any name, and make it visible to all. */
    private void refuseAnotherUsers(KeyDescription keyring) {
        int user = keys.describe(keys.resolve(Keyring.USER, true)).uid();
        if (keyring.uid() != user && !keys.possesses(keyring.key())) {
            throw KeyringRefusedException.ofAnotherUser(reference, keyring);
        }
    }

    /** The serial of the keyring, or the reason why there is none. */
    String state() {
        try {
            return keyring().toString();
        } catch (WatchQueueException e) {
            return String.valueOf(e.getMessage());
        } catch (KeyringRefusedException e) {
            return String.valueOf(e.getBody().getDetail());
        }
    }

    FeedMeters meters() {
        return meters;
    }

    /**
     * Looks at the keyring.
     *
     * @return the tree, or an error if it may not be watched
     */
    Mono<Node> tree() {
        return followed.map(keyring -> keyring.mirror().tree());
    }

    /**
     * Emits the keyring, its changes, and the keyring again after each loss.
     *
     * @param buffer how many notifications are kept for a slow subscriber
     * @return a cold stream. All its subscribers get the same mirror. It fails if the keyring may
     *     not be watched or the queue fails, and completes if the keyring is destroyed
     */
    Flux<Resynced<KeyringMirror>> changes(int buffer) {
        return followed.flatMapMany(
                        keyring ->
                                keyring.changes()
                                        .transform(NotificationOperators.boundedWithLoss(buffer))
                                        .transform(
                                                NotificationOperators.resyncOnLoss(
                                                        Mono.just(keyring.mirror()))))
                .retryWhen(FollowedKeyring.WHEN_TOO_LATE);
    }

    private FollowedKeyring open() {
        ReactiveWatchQueue queue =
                NotificationFlux.builder()
                        .capacity(properties.capacity())
                        .prefetch(properties.prefetch())
                        .filter(filter())
                        .recorder(meters)
                        .queue();
        opened.update(queue);
        try {
            KeyringMirror mirror =
                    new KeyringMirror(keys, queue, keyring().value(), properties.keys());
            return new FollowedKeyring(reference, queue, mirror, properties.linger());
        } catch (RuntimeException e) {
            queue.dispose();
            throw e;
        }
    }

    /** Completes the changes, and closes the queue. */
    @Override
    public void dispose() {
        opened.dispose();
    }

    private @Nullable NotificationFilter filter() {
        Set<KeyEvent> events = properties.filter().events();
        if (events.isEmpty()) {
            return null;
        }
        Set<KeyEvent> queued = EnumSet.copyOf(LINKS);
        queued.addAll(events);
        return NotificationFilter.of(NotificationFilter.events(queued.toArray(KeyEvent[]::new)));
    }
}
