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
package io.watchqueue.reactor.secret;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Watch;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.NotificationOperators;
import io.watchqueue.reactor.ReactiveWatchQueue;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * A keyring and the key in it, watched by one queue.
 *
 * <p><b>Ownership:</b> this object owns the queue, and the queue owns the watches. {@link
 * #lookWhenever} opens the queue, and {@link #close()} closes it.
 *
 * <p>Each notification, a loss included, leads to a look at the key. The watches are placed before
 * the look, so a change after it leads to another one.
 */
final class FollowedKey {

    /** Less than the kernel's maximum, because a loss costs only one look. */
    private static final int CAPACITY = 32;

    private static final int PREFETCH = 8;

    /** A key can be replaced between two system calls, but hardly this often. */
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

    /** Creates it without opening the queue. */
    static FollowedKey of(Keyctl keys, SecretName name, KeyId keyring, SecretSettings settings) {
        return new FollowedKey(
                keys,
                name,
                keyring,
                NotificationFlux.builder()
                        .capacity(CAPACITY)
                        .watch(keyring, KEYRING_TAG)
                        .reader(settings.reader())
                        .recorder(settings.recorder())
                        .queue());
    }

    /**
     * Opens the queue, with a watch on the keyring, on the subscribing thread. Subscribes to a look
     * once the queue is being received, and whenever something may have changed, one after the
     * other. Fails if the queue or a look fails.
     */
    <T> Flux<T> lookWhenever(Mono<T> look) {
        return queue.receive()
                .transform(NotificationOperators.resyncOnLoss(Mono.just(this)))
                .concatMap(reason -> look, PREFETCH);
    }

    /** Closes the queue, and completes when it is closed. */
    Mono<Void> close() {
        queue.dispose();
        return queue.onDispose();
    }

    /** A key and its payload. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Found(KeyId key, byte[] payload) {}

    /**
     * Finds the key, moves the watch to it, and then reads it. Only one thread at a time may call
     * it. Waits if the key is under construction.
     *
     * @return the key; the caller owns the payload
     * @throws SecretUnavailableException if there is no key to read; a notification will report
     *     that there is
     * @throws io.watchqueue.WatchQueueException for any other reason; no notification will report
     *     that it is over
     */
    Found look() {
        if (Schedulers.isInNonBlockingThread()) {
            throw new SecretUnavailableException(
                    name,
                    Reason.NOT_FOLLOWED,
                    "a look at it may block, and thread "
                            + Thread.currentThread().getName()
                            + " must not: give the builder a scheduler whose threads may, such as"
                            + " Schedulers.boundedElastic()");
        }
        for (int attempt = 1; ; attempt++) {
            SecretUnavailableException replaced;
            KeyId key = find();
            try {
                // The search includes nested keyrings, which are not watched.
                if (keys.list(keyring).contains(key)) {
                    watch(key);
                    return new Found(key, keys.read(key));
                }
                replaced =
                        new SecretUnavailableException(
                                name, Reason.ABSENT, "key " + key + " is in a nested keyring");
            } catch (KeyUnavailableException e) {
                replaced = SecretUnavailableException.of(name, e);
            }
            // The key was most likely replaced after it was found. Look for the next one.
            if (attempt == ATTEMPTS) {
                throw replaced;
            }
        }
    }

    private KeyId find() {
        try {
            return keys.search(keyring, name.type(), name.description())
                    .orElseThrow(() -> new SecretUnavailableException(name, Reason.ABSENT));
        } catch (KeyUnavailableException e) {
            keys.list(keyring); // fails if the keyring is gone
            throw SecretUnavailableException.of(name, e);
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
            // A new tag: a watch is not placed again with the same tag while the removal of an
            // earlier one is unread.
            tag = tag % (TAGS - 1) + 1;
            queue.watch(key, tag).block();
        }
    }
}
