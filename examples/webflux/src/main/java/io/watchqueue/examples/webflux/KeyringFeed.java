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
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.WatchQueueException;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.ReactiveWatchQueue;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

import java.util.EnumSet;
import java.util.Set;

/**
 * One keyring, followed for all browsers by one kernel queue, which is open while there are any,
 * and a little longer.
 */
final class KeyringFeed {

    private static final Logger LOG = LoggerFactory.getLogger(KeyringFeed.class);

    /** Without these the tree could not be followed. */
    private static final Set<KeyEvent> LINKS =
            EnumSet.of(KeyEvent.LINKED, KeyEvent.UNLINKED, KeyEvent.CLEARED);

    /** Half of what the kernel keeps may be under way here. */
    private static final int UNDER_WAY = 128;

    private final Keyctl keys = Keyctl.system();
    private final String reference;
    private final @Nullable KeyId fixed;
    private final WatchqueueProperties properties;
    private final FeedMeters meters;
    private final Flux<Notification> changes;
    private volatile Mono<KeyringMirror> mirror = Mono.never();

    /**
     * @param reference as it is written in the configuration
     */
    KeyringFeed(String reference, WatchqueueProperties properties, FeedMeters meters) {
        this.reference = reference;
        this.properties = properties;
        this.meters = meters;
        this.fixed = special();
        this.changes =
                Flux.defer(this::connect).publish(UNDER_WAY).refCount(1, properties.linger());
    }

    /** What a special keyring is depends on the thread that asks: here the one that starts. */
    private @Nullable KeyId special() {
        return reference.startsWith("@") ? keys.resolve(keys.find(reference), true) : null;
    }

    /**
     * Tells which keyring it is now: one that is named may be another tomorrow.
     *
     * @throws io.watchqueue.KeyUnavailableException if there is none
     */
    private KeyId keyring() {
        return fixed != null ? fixed : keys.find(reference);
    }

    /** Which keyring it is now, or why it is none. */
    String state() {
        try {
            return keyring().toString();
        } catch (WatchQueueException e) {
            return e.getMessage();
        }
    }

    FeedMeters meters() {
        return meters;
    }

    /**
     * What happens in the keyring. Hot, shared by all; none of them may be slow, so each puts a
     * {@code boundedWithLoss} behind it.
     */
    Flux<Notification> changes() {
        return changes;
    }

    /** What the keyring looks like, for those who have subscribed to the {@link #changes()}. */
    Mono<KeyringMirror> mirror() {
        return Mono.defer(() -> mirror);
    }

    private Flux<Notification> connect() {
        Sinks.One<KeyringMirror> opened = Sinks.one();
        mirror = opened.asMono();
        return Flux.usingWhen(
                        open().subscribeOn(Schedulers.boundedElastic()),
                        queue -> follow(queue, opened),
                        KeyringFeed::close)
                .doOnError(
                        e -> {
                            if (opened.tryEmitError(e).isFailure()) {
                                LOG.error("Keyring {} is not followed any more", reference, e);
                            }
                        });
    }

    private Mono<ReactiveWatchQueue> open() {
        return NotificationFlux.builder()
                .capacity(properties.capacity())
                .prefetch(properties.prefetch())
                .filter(filter())
                .recorder(meters)
                .open();
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

    private Flux<Notification> follow(ReactiveWatchQueue queue, Sinks.One<KeyringMirror> opened) {
        KeyId keyring = keyring();
        KeyringMirror mirrored = new KeyringMirror(keys, queue, keyring.value(), properties.keys());
        opened.tryEmitValue(mirrored);
        return queue.receive()
                .publishOn(Schedulers.boundedElastic(), UNDER_WAY)
                .filter(mirrored::apply)
                .takeUntil(
                        notification ->
                                notification instanceof RemovalNotification removal
                                        && (int) removal.id() == keyring.value());
    }

    private static Mono<Void> close(ReactiveWatchQueue queue) {
        queue.dispose();
        return queue.onDispose();
    }
}
