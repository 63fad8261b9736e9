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
import io.watchqueue.WatchQueue;

import org.jspecify.annotations.Nullable;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * The changes of keys and keyrings, straight from a queue in the kernel.
 *
 * <pre>{@code
 * NotificationFlux.builder().watch(Keyring.USER, 1).build()
 *         .subscribe(notification -> System.out.println(notification));
 * }</pre>
 *
 * <p><b>Cold:</b> each subscription opens a kernel queue of its own and places its own watches on
 * it, so that a slow subscriber makes no other one lose anything. Special keyrings are resolved on
 * the subscribing thread. If anything of this fails, what was opened is closed and the subscriber
 * gets the error.
 *
 * <p><b>Demand:</b> the kernel's queue is the buffer, and there is no other. Without demand nothing
 * is read; notifications wait in the kernel up to the {@linkplain Builder#capacity capacity}, and
 * beyond it the kernel drops and marks the place. With a demand of <i>n</i>, at most <i>n</i>
 * notifications are delivered, and at most one read of 128 bytes is taken from the kernel beyond
 * that.
 *
 * <p><b>Threading:</b> signals come on a daemon thread named {@code watchqueue-reader}, one after
 * the other. It serves all subscriptions, is {@linkplain reactor.core.scheduler.NonBlocking not to
 * be blocked}, and ends with the last of them. A subscriber that takes its time there delays the
 * others: use {@link Flux#publishOn(reactor.core.scheduler.Scheduler, int)}.
 *
 * <p><b>Termination:</b> never by itself. {@link #dispose()} completes all subscribers; cancelling
 * is silent; an unexpected failure of the queue is an error. In each case the reader thread then
 * closes the queue, and with it the watches; what it held is discarded. A subscriber that throws
 * from {@code onNext} is cancelled, and the exception goes to the reader thread's uncaught
 * exception handler.
 *
 * <p><b>Loss:</b> is a {@link io.watchqueue.LossNotification} in the stream, between the last
 * notification before the gap and the first one behind it. It also comes when nothing follows.
 */
public final class NotificationFlux extends Flux<Notification> implements Disposable, Scannable {

    private final Supplier<WatchQueue> opener;
    private final Set<NotificationSubscription> subscriptions = ConcurrentHashMap.newKeySet();
    private final SharedReader reader;
    private volatile boolean disposed;

    NotificationFlux(Supplier<WatchQueue> opener, SharedReader reader) {
        this.opener = opener;
        this.reader = reader;
    }

    /**
     * Begins a stream.
     *
     * @return a builder with a capacity of 512, no filter and no watch
     */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public void subscribe(CoreSubscriber<? super Notification> actual) {
        if (disposed) {
            Operators.complete(actual);
            return;
        }
        WatchQueue queue;
        try {
            queue = opener.get();
        } catch (Throwable e) {
            Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
            return;
        }
        NotificationSubscription subscription =
                new NotificationSubscription(actual, queue, subscriptions::remove);
        subscriptions.add(subscription);
        if (disposed) {
            // dispose() may have run before this one was in the set.
            subscription.dispose();
        }
        subscription.subscribe(actual, reader);
    }

    /**
     * Completes all subscribers, and from now on every new one at once. Returns without waiting for
     * them.
     */
    @Override
    public void dispose() {
        disposed = true;
        subscriptions.forEach(NotificationSubscription::dispose);
    }

    @Override
    public boolean isDisposed() {
        return disposed;
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Scannable's
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.ASYNC;
        }
        if (key == Attr.PREFETCH) {
            return 0;
        }
        if (key == Attr.CANCELLED) {
            return disposed;
        }
        return null;
    }

    /** Describes a stream. What was built does not change any more when the builder does. */
    public static final class Builder {

        private final WatchQueue.Builder queues = WatchQueue.builder();
        private boolean watching;

        private Builder() {}

        /**
         * Sets how many notifications the kernel keeps for a subscriber that does not ask for them.
         * Defaults to 512, the most.
         *
         * @param capacity 1 to 512; rounded up to whole pages, see {@link WatchQueue#capacity()}
         * @return this
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder capacity(int capacity) {
            queues.capacity(capacity);
            return this;
        }

        /**
         * Sets what is queued at all, in the kernel. Defaults to everything. Removals and losses
         * always pass.
         *
         * @param filter the filter, or null for everything
         * @return this
         */
        public Builder filter(@Nullable NotificationFilter filter) {
            queues.filter(filter);
            return this;
        }

        /**
         * Watches a key or keyring, with the tag 0.
         *
         * @param key the key, which must grant View when somebody subscribes
         * @return this
         * @throws IllegalArgumentException if the key has been named before
         */
        public Builder watch(KeyId key) {
            return watch(key, 0);
        }

        /**
         * Watches a key or keyring.
         *
         * @param key the key, which must grant View when somebody subscribes
         * @param tag what its notifications carry, 0 to 255
         * @return this
         * @throws IllegalArgumentException if the tag is out of range, or the key has been named
         *     before
         */
        public Builder watch(KeyId key, int tag) {
            queues.watch(key, tag);
            watching = true;
            return this;
        }

        /**
         * Builds the stream. Nothing is opened until somebody subscribes.
         *
         * @return the stream
         * @throws IllegalStateException if no key is to be watched
         */
        public NotificationFlux build() {
            if (!watching) {
                throw new IllegalStateException(
                        "NotificationFlux: no key to watch, so nothing would ever come; call watch(..) first");
            }
            return new NotificationFlux(queues.copy()::open, SharedReader.SYSTEM);
        }
    }
}
