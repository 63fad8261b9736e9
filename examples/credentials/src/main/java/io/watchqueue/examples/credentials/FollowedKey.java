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
package io.watchqueue.examples.credentials;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Watch;
import io.watchqueue.examples.credentials.CredentialUnavailableException.Reason;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.NotificationOperators;
import io.watchqueue.reactor.ReactiveWatchQueue;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A keyring and the key in it, watched by one queue.
 *
 * <p><b>Ownership:</b> the queue is this one's, from when it is built, and closed by {@link
 * #close()}; it owns the watches. Nothing is open before {@link #reasonsToLook()}.
 *
 * <p>Each notification is a reason to look, a loss included, and the look finds the truth. As the
 * watches are placed before it, a change after a look leads to another one.
 */
final class FollowedKey {

    /** Less than the kernel's most: to lose some costs no more than a look. */
    private static final int CAPACITY = 32;

    private static final int PREFETCH = 8;

    /** A key may be replaced between two system calls, but not time and again. */
    private static final int ATTEMPTS = 5;

    private static final int KEYRING_TAG = 0;
    private static final int TAGS = 256;

    private final Keyctl keys;
    private final SecretName name;
    private final KeyId keyring;
    private final ReactiveWatchQueue queue;
    private int tag = KEYRING_TAG;

    private FollowedKey(Keyctl keys, SecretName name, KeyId keyring, ReactiveWatchQueue queue) {
        this.keys = keys;
        this.name = name;
        this.keyring = keyring;
        this.queue = queue;
    }

    /** Opens nothing yet. */
    static FollowedKey of(Keyctl keys, SecretName name, KeyId keyring) {
        return new FollowedKey(
                keys,
                name,
                keyring,
                NotificationFlux.builder().capacity(CAPACITY).watch(keyring, KEYRING_TAG).queue());
    }

    /**
     * Opens the queue, with a watch on the keyring, on the subscribing thread. Emits when the queue
     * is received, and whenever something may have changed; fails when the queue does.
     */
    Flux<FollowedKey> reasonsToLook() {
        return queue.receive()
                .transform(NotificationOperators.resyncOnLoss(Mono.just(this)))
                .publishOn(Schedulers.boundedElastic(), PREFETCH)
                .map(anything -> this);
    }

    /** Closes the queue, and completes when it is closed. */
    Mono<Void> close() {
        queue.dispose();
        return queue.onDispose();
    }

    /** A key and its payload. */
    @SuppressWarnings("ArrayRecordComponent") // of which no two are compared
    record Found(KeyId key, byte[] payload) {}

    /**
     * Finds the key, moves the watch to it, and then reads it. To be called by one thread at a
     * time.
     *
     * @throws CredentialUnavailableException if there is none to be read; the kernel reports when
     *     there is
     * @throws io.watchqueue.WatchQueueException for any other reason, whose end nothing reports
     */
    Found look() {
        for (int attempt = 1; ; attempt++) {
            CredentialUnavailableException replaced;
            KeyId key = find();
            try {
                // The search goes on in the keyrings that are in this one; those are not watched.
                if (keys.list(keyring).contains(key)) {
                    watch(key);
                    return new Found(key, keys.read(key));
                }
                replaced =
                        new CredentialUnavailableException(
                                name, Reason.ABSENT, key + " is in a keyring that is in it");
            } catch (KeyUnavailableException e) {
                replaced = CredentialUnavailableException.of(name, e);
            }
            // Since it was found, most likely: then another one is.
            if (attempt == ATTEMPTS) {
                throw replaced;
            }
        }
    }

    private KeyId find() {
        try {
            return keys.search(keyring, name.type(), name.description())
                    .orElseThrow(() -> new CredentialUnavailableException(name, Reason.ABSENT));
        } catch (KeyUnavailableException e) {
            keys.list(keyring); // which fails if it is the keyring that is gone
            throw CredentialUnavailableException.of(name, e);
        }
    }

    private void watch(KeyId key) {
        boolean watched = false;
        for (Watch watch : queue.watches()) {
            if (watch.key().equals(key)) {
                watched = true;
            } else if (watch.tag() != KEYRING_TAG) {
                watch.close();
            }
        }
        if (!watched) {
            // A tag of its own: a watch is not placed again while its predecessor's removal is
            // unread.
            tag = tag % (TAGS - 1) + 1;
            queue.watch(key, tag).block();
        }
    }
}
