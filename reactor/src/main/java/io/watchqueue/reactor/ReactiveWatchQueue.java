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
import io.watchqueue.WatchQueueClosedException;
import io.watchqueue.reactor.internal.Log;

import org.jspecify.annotations.Nullable;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One kernel queue whose watches and filter can change while its notifications are received.
 *
 * <pre>{@code
 * Flux.using(
 *         NotificationFlux.builder().watch(Keyring.USER, 1)::queue,
 *         queue -> queue.receive().concatMap(notification ->
 *                 notification instanceof KeyNotification change && change.event() == KeyEvent.LINKED
 *                         ? queue.watch(change.linkedKey().orElseThrow(), 2)
 *                                 .subscribeOn(Schedulers.boundedElastic())
 *                                 .onErrorComplete()
 *                                 .thenReturn(notification)
 *                         : Mono.just(notification)),
 *         ReactiveWatchQueue::dispose);
 * }</pre>
 *
 * <p>The kernel queue is opened by {@link #open()}, or else by the first of {@link #receive()},
 * {@link #watch}, {@link #unwatch} and {@link #filter} that is subscribed to. From then on the
 * kernel queues notifications: those posted between {@code open()} and {@code receive()} are not
 * missed. If opening fails, nothing is left open, and the next call tries again. The queue is
 * closed by {@link #dispose()}, and when {@link #receive()} ends in any way; it is not opened
 * again.
 *
 * <p><b>Ownership:</b> the caller that has built this disposes of it, unless it is received to its
 * end. Dispose of it at any time: a queue or watch that is being opened on another thread is closed
 * as soon as it is open, and {@link #onDispose()} completes after that. No mono emits a resource
 * that leaks if an operator, such as {@code timeout}, drops it: a {@link Watch} belongs to the
 * queue and ends with it, and {@link #watches()} has it even if its mono was cancelled while it was
 * placed.
 *
 * <p><b>Threads:</b> all methods may be called from any thread. The monos work on the subscribing
 * thread, with its permissions, each time they are subscribed to. Each is one or two short system
 * calls. Only {@link #watch} and {@link #open()} may wait, for a key under construction: do not
 * subscribe to these on a reader's thread, where notifications come.
 */
public final class ReactiveWatchQueue implements Disposable {

    private static final Log LOG = Log.of(ReactiveWatchQueue.class);

    private final Supplier<WatchQueue> opener;
    private final NotificationSettings settings;
    private final Sinks.Empty<Void> gone = Sinks.empty();
    private final Flux<Notification> received = new Received();

    /** Held by the thread that opens the queue. */
    private final ReentrantLock opening = new ReentrantLock();

    // Under the lock of this, which no thread holds in a system call.
    private @Nullable NotificationSubscription subscription;
    private boolean beingOpened;
    private boolean receiving;
    private boolean disposed;

    ReactiveWatchQueue(Supplier<WatchQueue> opener, NotificationSettings settings) {
        this.opener = opener;
        this.settings = settings;
    }

    /**
     * Opens the queue, and places the watches that it was built with.
     *
     * <p><b>Cold.</b> Opened on the subscribing thread, with the errors of {@link
     * WatchQueue.Builder#open()}. Completes at once if it is open already. If it is cancelled
     * meanwhile, the queue is opened all the same, and is still to be disposed of.
     *
     * @return completes empty when it is open; or an error, {@link WatchQueueClosedException} if it
     *     is closed
     */
    public Mono<Void> open() {
        String operation = "open a watch queue";
        return Mono.fromRunnable(
                () -> {
                    if (opened(operation).isDisposed()) {
                        throw new WatchQueueClosedException(operation);
                    }
                });
    }

    private NotificationSubscription opened(String operation) {
        NotificationSubscription opened = current();
        return opened != null ? opened : openOrAwait(operation);
    }

    private NotificationSubscription openOrAwait(String operation) {
        opening.lock();
        try {
            NotificationSubscription opened = beginOpening(operation);
            if (opened == null) {
                opened = doOpen();
            }
            if (opened == null) {
                throw new WatchQueueClosedException(operation);
            }
            return opened;
        } finally {
            opening.unlock();
        }
    }

    /** Returns the queue if it is open already. */
    private synchronized @Nullable NotificationSubscription beginOpening(String operation) {
        if (subscription == null) {
            if (disposed) {
                throw new WatchQueueClosedException(operation);
            }
            beingOpened = true;
        }
        return subscription;
    }

    /** Returns null if this was disposed of meanwhile; then the opened queue is closed. */
    private @Nullable NotificationSubscription doOpen() {
        NotificationSubscription opened = null;
        try {
            opened =
                    new NotificationSubscription(
                            opener.get(), settings, ended -> gone.tryEmitEmpty());
        } finally {
            if (!endOpening(opened)) {
                if (opened == null) {
                    gone.tryEmitEmpty();
                } else {
                    opened.abandon();
                    opened = null;
                }
            }
        }
        return opened;
    }

    /** Returns false if this was disposed of meanwhile. */
    private synchronized boolean endOpening(@Nullable NotificationSubscription opened) {
        if (!disposed) {
            beingOpened = false;
            subscription = opened;
        }
        return !disposed;
    }

    /**
     * Returns the notifications since the queue was opened; opens the queue if it is not open yet.
     *
     * <p><b>Hot</b>, for one subscriber: a second one gets an {@link IllegalStateException}, even
     * after the first has ended; but if the first got the error of opening the queue, there may be
     * another. Demand, threading, termination and loss are those of {@link NotificationFlux}; when
     * it ends, in whatever way, this queue is closed. Once this was disposed of, it completes.
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
     * everything that happens to the key is received. If it is cancelled meanwhile, it is placed
     * all the same, and is among the {@link #watches()}.
     *
     * @param key a key that grants View
     * @param tag the tag of its notifications, 0 to 255
     * @return the watch when it is placed, or an error as of {@link WatchQueue#watch}
     */
    public Mono<Watch> watch(KeyId key, int tag) {
        return Mono.fromCallable(
                () -> {
                    Watch watch = opened("watch key " + key).queue().watch(key, tag);
                    LOG.debug(() -> "watching " + watch);
                    return watch;
                });
    }

    /**
     * Removes the watch on a key, {@link WatchQueue#unwatch}. Notifications posted before are still
     * received, and then the removal.
     *
     * <p><b>Cold.</b> Removed on the subscribing thread.
     *
     * @param key the key
     * @return completes empty when the kernel has removed it, or if the key was not watched, for
     *     example because it was destroyed; or an error as of {@link WatchQueue#unwatch}
     */
    public Mono<Void> unwatch(KeyId key) {
        return Mono.fromRunnable(
                () -> {
                    opened("unwatch key " + key).queue().unwatch(key);
                    LOG.debug(() -> "no longer watching " + key);
                });
    }

    /**
     * Sets, replaces or removes the filter, for everything posted from then on. Queued
     * notifications stay.
     *
     * <p><b>Cold.</b> Set on the subscribing thread.
     *
     * @param filter the filter, or null for everything
     * @return completes empty when it is set, or an error as of {@link WatchQueue#filter}
     */
    public Mono<Void> filter(@Nullable NotificationFilter filter) {
        return Mono.fromRunnable(
                () -> {
                    WatchQueue queue = opened("set the filter").queue();
                    if (filter == null) {
                        queue.clearFilter();
                    } else {
                        queue.filter(filter);
                    }
                });
    }

    /**
     * Returns the watches of this queue, {@link WatchQueue#watches()}: the keys to look at again
     * after a loss.
     *
     * @return a copy, in the order in which they were placed; empty before the queue is open
     */
    public List<Watch> watches() {
        NotificationSubscription opened = current();
        return opened == null ? List.of() : opened.queue().watches();
    }

    /**
     * Returns how many notifications the kernel keeps before it drops, {@link
     * WatchQueue#capacity()}.
     *
     * @return 32 to 512, or 0 before the queue is open
     */
    public int capacity() {
        NotificationSubscription opened = current();
        return opened == null ? 0 : opened.capacity();
    }

    private synchronized @Nullable NotificationSubscription current() {
        return subscription;
    }

    /** Completes the receiver, and closes the queue and its watches. Returns without waiting. */
    @Override
    public void dispose() {
        NotificationSubscription opened;
        boolean unused;
        boolean unreceived;
        synchronized (this) {
            disposed = true;
            opened = subscription;
            unused = opened == null && !beingOpened;
            unreceived = !receiving;
        }
        if (unused) {
            gone.tryEmitEmpty();
        } else if (opened != null && unreceived) {
            opened.abandon();
        } else if (opened != null) {
            opened.dispose();
        }
    }

    @Override
    public synchronized boolean isDisposed() {
        return disposed || subscription != null && subscription.isDisposed();
    }

    /**
     * Completes when the queue, its watches and its descriptors are gone: after {@link #dispose()},
     * or after the receiver has ended or cancelled, and after any {@link #open()} or {@link #watch}
     * that was in the kernel then has returned.
     *
     * <p><b>Hot</b>, and remembers: it completes at once for late subscribers. Needs no demand. The
     * signal comes on the thread that closed the last descriptor: the reader's, the disposing one
     * if nobody received, or that of a call that was under way. Never fails.
     *
     * @return completes then, empty
     */
    public Mono<Void> onDispose() {
        return gone.asMono();
    }

    @Override
    public String toString() {
        NotificationSubscription opened = current();
        return "ReactiveWatchQueue[" + (opened == null ? "not open" : opened.queue()) + "]";
    }

    private final class Received extends Flux<Notification> implements Scannable {

        @Override
        public void subscribe(CoreSubscriber<? super Notification> actual) {
            boolean first;
            boolean closed;
            synchronized (ReactiveWatchQueue.this) {
                first = !receiving;
                closed = first && disposed;
                receiving |= !closed;
            }
            if (closed) {
                Operators.complete(actual);
            } else if (first) {
                receive(actual);
            } else {
                Operators.error(
                        actual,
                        new IllegalStateException(
                                "receive notifications: "
                                        + ReactiveWatchQueue.this
                                        + " has, or had, its one receiver; share that one with"
                                        + " publish(..), or build() a NotificationFlux, which opens a"
                                        + " queue for each subscriber"));
            }
        }

        private void receive(CoreSubscriber<? super Notification> actual) {
            NotificationSubscription opened;
            try {
                opened = opened("receive notifications");
            } catch (Throwable e) {
                endReceiving();
                if (isDisposed()) {
                    Operators.complete(actual);
                } else {
                    Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
                }
                return;
            }
            opened.start(actual);
        }

        private void endReceiving() {
            synchronized (ReactiveWatchQueue.this) {
                receiving = false;
            }
        }

        @Override
        @SuppressWarnings("rawtypes") // the signature is Scannable's
        public @Nullable Object scanUnsafe(Attr key) {
            return key == Attr.RUN_STYLE ? Attr.RunStyle.ASYNC : null;
        }
    }
}
