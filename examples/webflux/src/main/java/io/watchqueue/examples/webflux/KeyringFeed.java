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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueueException;
import io.watchqueue.reactor.keyring.KeyringFlux;
import io.watchqueue.reactor.keyring.SharedKeyringFlux;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import reactor.core.Disposable;
import reactor.core.publisher.Flux;

import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One keyring of the configuration. One kernel queue follows it for all browsers. The queue is
 * opened for the first browser and closed a while after the last.
 */
final class KeyringFeed implements Disposable {

    private static final Logger LOG = LoggerFactory.getLogger(KeyringFeed.class);

    /** Special keyrings that are the same for all threads of the process. */
    private static final Set<KeyId> OF_USER = Set.of(Keyring.USER, Keyring.USER_SESSION);

    private final Keyctl keys = Keyctl.system();
    private final String reference;
    private final @Nullable KeyId ofStartingThread;
    private final FeedMeters meters;
    private final SharedKeyringFlux<KeyringUpdate> updates;

    /** All browsers get the same error, and one of them logs it. */
    private final AtomicReference<@Nullable Throwable> logged = new AtomicReference<>();

    /**
     * @param reference the keyring, as the configuration writes it
     */
    KeyringFeed(String reference, WatchqueueProperties properties, FeedMeters meters) {
        this.reference = reference;
        this.meters = meters;
        KeyId keyring = reference.startsWith("@") ? keys.find(reference) : null;
        this.ofStartingThread =
                keyring == null || OF_USER.contains(keyring) ? null : keys.resolve(keyring, true);
        KeyringFlux.Builder builder =
                (ofStartingThread == null
                                ? KeyringFlux.builder(reference)
                                : KeyringFlux.builder(ofStartingThread))
                        .capacity(properties.capacity())
                        .prefetch(properties.prefetch())
                        .watches(properties.keys())
                        .recorder(meters);
        Set<KeyEvent> events = properties.filter().events();
        if (!events.isEmpty()) {
            builder.events(events.toArray(KeyEvent[]::new));
        }
        this.updates =
                builder.build()
                        .shared(
                                properties.streams().buffer(),
                                properties.linger(),
                                new KeyringUpdate.Encoder()::encode);
    }

    /** The serial of the keyring, or the reason why there is none. */
    String state() {
        try {
            KeyId keyring = ofStartingThread == null ? keys.find(reference) : ofStartingThread;
            return keys.serial(keyring).toString();
        } catch (WatchQueueException e) {
            return String.valueOf(e.getMessage());
        }
    }

    FeedMeters meters() {
        return meters;
    }

    /**
     * Emits the keyring and then its changes. A slow subscriber gets a loss, and the keyring again.
     *
     * @return hot; all subscribers share a queue. It fails if the keyring may not be watched or the
     *     queue fails, and completes if the keyring is destroyed or revoked
     */
    Flux<KeyringUpdate> updates() {
        return updates.doOnError(this::log);
    }

    private void log(Throwable error) {
        if (logged.getAndSet(error) != error) {
            LOG.warn("{} is not followed", reference, error);
        }
    }

    /** Completes the updates, and closes the queue. */
    @Override
    public void dispose() {
        updates.dispose();
    }
}
