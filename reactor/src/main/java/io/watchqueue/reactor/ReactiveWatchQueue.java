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
package io.watchqueue.reactor;

import io.watchqueue.KeyId;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.Watch;
import io.watchqueue.WatchQueue;

import org.jspecify.annotations.Nullable;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One kernel queue whose watches and filter can change while its notifications are received.
 *
 * <pre>{@code
 * Flux.usingWhen(
 *         NotificationFlux.builder().watch(Keyring.USER, 1).open(),
 *         queue -> queue.receive().concatMap(notification ->
 *                 notification instanceof KeyNotification change && change.event() == KeyEvent.LINKED
 *                         ? queue.watch(KeyId.of(change.aux()), 2)
 *                                 .subscribeOn(Schedulers.boundedElastic())
 *                                 .onErrorComplete()
 *                                 .thenReturn(notification)
 *                         : Mono.just(notification)),
 *         queue -> {
 *             queue.dispose();
 *             return queue.onDispose();
 *         });
 * }</pre>
 *
 * <p>The queue is open, and keeps what the kernel posts, from the start: what happens between
 * {@code open} and {@link #receive()} is not missed. It is closed by {@link #dispose()}, and by the
 * end of what was received, whatever that is.
 *
 * <p><b>Threads:</b> all methods may be called from any thread. The monos work on the thread that
 * subscribes, whose permissions are those that count, and each time they are subscribed to. Each is
 * one or two short system calls, but for a {@link #watch} on a key under construction, which waits
 * for it: do not subscribe to that on a reader's thread, where notifications come.
 */
public final class ReactiveWatchQueue implements Disposable {

    private enum Phase {
        OPEN,
        RECEIVING,
        ABANDONED
    }

    private final WatchQueue queue;
    private final NotificationSubscription subscription;
    private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.OPEN);
    private final Sinks.Empty<Void> gone = Sinks.empty();
    private final Flux<Notification> received = new Received();

    ReactiveWatchQueue(WatchQueue queue, NotificationSettings settings) {
        this.queue = queue;
        this.subscription =
                new NotificationSubscription(queue, settings, ended -> gone.tryEmitEmpty());
    }

    /**
     * Returns what the kernel posts, from when the queue was opened.
     *
     * <p><b>Hot</b>, for one subscriber: a second one gets an {@link IllegalStateException}, also
     * after the first has ended. Demand, threading, termination and loss are those of {@link
     * NotificationFlux}; when it ends, in whatever way, this queue is closed.
     *
     * @return the notifications
     */
    public Flux<Notification> receive() {
        return received;
    }

    /**
     * Watches a key or keyring, with the tag 0.
     *
     * @param key a key that grants View
     * @return the watch, as of {@link #watch(KeyId, int)}
     */
    public Mono<Watch> watch(KeyId key) {
        return watch(key, 0);
    }

    /**
     * Watches a key or keyring, {@link WatchQueue#watch}.
     *
     * <p><b>Cold.</b> Placed on the subscribing thread, which waits while the key is under
     * construction, and up to 100 ms where the user has too many watches. Once it has been placed,
     * everything that happens to the key is received.
     *
     * @param key a key that grants View
     * @param tag what its notifications are to carry, 0 to 255
     * @return the watch when it is placed, or an error as of {@link WatchQueue#watch}
     */
    public Mono<Watch> watch(KeyId key, int tag) {
        return Mono.fromCallable(() -> queue.watch(key, tag));
    }

    /**
     * Removes the watch on a key, {@link WatchQueue#unwatch}. What was posted before is still
     * received, and then the removal.
     *
     * <p><b>Cold.</b> Removed on the subscribing thread.
     *
     * @param key the key
     * @return completes empty when the kernel has removed it, and also if it was not watched, as it
     *     may have been destroyed; or an error as of {@link WatchQueue#unwatch}
     */
    public Mono<Void> unwatch(KeyId key) {
        return Mono.fromRunnable(() -> queue.unwatch(key));
    }

    /**
     * Sets, replaces or removes the filter, for everything posted from then on; what is queued
     * stays.
     *
     * <p><b>Cold.</b> Set on the subscribing thread.
     *
     * @param filter what is to pass, or null for everything
     * @return completes empty when it is set, or an error as of {@link WatchQueue#filter}
     */
    public Mono<Void> filter(@Nullable NotificationFilter filter) {
        return Mono.fromRunnable(
                () -> {
                    if (filter == null) {
                        queue.clearFilter();
                    } else {
                        queue.filter(filter);
                    }
                });
    }

    /**
     * Returns the watches of this queue, {@link WatchQueue#watches()}: after a loss, what is to be
     * looked at anew.
     *
     * @return a copy, in the order in which they were placed
     */
    public List<Watch> watches() {
        return queue.watches();
    }

    /**
     * Returns how many notifications the kernel keeps before it drops, {@link
     * WatchQueue#capacity()}.
     *
     * @return 1 to 512
     */
    public int capacity() {
        return queue.capacity();
    }

    /** Completes the receiver, and closes the queue and its watches. Returns without waiting. */
    @Override
    public void dispose() {
        if (phase.compareAndSet(Phase.OPEN, Phase.ABANDONED)) {
            subscription.abandon();
        } else {
            subscription.dispose();
        }
    }

    @Override
    public boolean isDisposed() {
        return subscription.isDisposed();
    }

    /**
     * Tells when the queue, its watches and its descriptors are gone: after {@link #dispose()}, or
     * when the receiver has ended or cancelled.
     *
     * <p><b>Hot</b>, and remembers: it completes at once for those who come late. Needs no demand.
     * Comes on the reader's thread, or on the disposing one if nobody received. Never fails.
     *
     * @return completes then, empty
     */
    public Mono<Void> onDispose() {
        return gone.asMono();
    }

    @Override
    public String toString() {
        return "ReactiveWatchQueue[" + queue + "]";
    }

    private final class Received extends Flux<Notification> implements Scannable {

        @Override
        public void subscribe(CoreSubscriber<? super Notification> actual) {
            if (phase.compareAndSet(Phase.OPEN, Phase.RECEIVING)) {
                subscription.start(actual);
            } else if (phase.get() == Phase.ABANDONED) {
                Operators.complete(actual);
            } else {
                Operators.error(
                        actual,
                        new IllegalStateException(
                                "receive notifications: "
                                        + queue
                                        + " has, or had, its one receiver; share that one with"
                                        + " publish(..), or build() a NotificationFlux, which opens a"
                                        + " queue for each subscriber"));
            }
        }

        @Override
        @SuppressWarnings("rawtypes") // the signature is Scannable's
        public @Nullable Object scanUnsafe(Attr key) {
            return key == Attr.RUN_STYLE ? Attr.RunStyle.ASYNC : null;
        }
    }
}
