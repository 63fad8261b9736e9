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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.WatchQueue;

import org.jspecify.annotations.Nullable;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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
 * it. A slow subscriber costs the others nothing. Special keyrings are resolved on the subscribing
 * thread, with the permissions of that thread; on a virtual thread they are the carrier's, see
 * {@link io.watchqueue.Keyring}. If a step fails, the queue is closed and the subscriber gets the
 * error.
 *
 * <p>The first subscription of a process waits until JNA's native library is loaded, which reads
 * files. If it is made on a thread that must not block, use the library before, with {@link
 * io.watchqueue.WatchQueueSupport#probe()} or {@link #warmup()} at startup. The first notifications
 * of a process are read by code that is not compiled yet, as in any Java program; see {@link
 * #warmup()}.
 *
 * <p><b>Ownership:</b> a subscription owns its queue and its watches, and the reader closes them
 * when it ends. {@link #dispose()} ends all subscriptions, including those that are being opened.
 *
 * <p><b>Demand:</b> the kernel's queue is the buffer. Without demand nothing is read. Notifications
 * wait in the kernel up to the {@linkplain Builder#capacity capacity}; beyond it the kernel drops
 * them and marks the place. With a demand of <i>n</i>, at most <i>n</i> notifications are
 * delivered; one small read may return a few more, which are {@linkplain
 * io.watchqueue.WatchQueue#bufferedBytes() buffered}. If the kernel's queue is too small, set a
 * {@linkplain Builder#prefetch prefetch}.
 *
 * <p><b>Threading:</b> signals come on the thread of a {@link NotificationReader}, one after the
 * other; by default on a shared daemon named {@code watchqueue-reader}. A slow subscriber delays
 * all others of that reader: use {@link Flux#publishOn(reactor.core.scheduler.Scheduler, int)}, or
 * a {@linkplain Builder#reader reader} of its own.
 *
 * <p><b>Termination:</b> {@link #dispose()} completes all subscribers, and so does the removal of
 * the last watch {@linkplain Builder#completeWhenUnwatched if the stream is built so}. Cancelling
 * ends a subscription without a signal. An unexpected failure of the queue is an error. In each
 * case the reader thread first closes the queue, and with it the watches. Notifications in the
 * queue are discarded; on {@code dispose} and cancellation, so are prefetched ones. {@link
 * #onDispose()} completes when that is done.
 *
 * <p><b>Faults:</b> a subscriber that throws from {@code onNext} is cancelled. The exception goes
 * to the reader thread's uncaught exception handler, even if it is an {@link OutOfMemoryError} or
 * another that Reactor considers fatal to the JVM and throws through its operators; if no handler
 * is set, it is logged. Exceptions of {@code onError} and {@code onComplete} go there too. An
 * exception of {@code onSubscribe} or {@code currentContext} ends the subscription with {@code
 * onError}. The context is read once. Other streams of the reader go on in each case. If the reader
 * itself can no longer wait, all its streams end with an error, and the next subscription starts a
 * new thread.
 *
 * <p><b>Loss:</b> a {@link io.watchqueue.LossNotification} stands in the stream between the last
 * notification before the gap and the first one after it. It comes even if nothing follows.
 */
public final class NotificationFlux extends Flux<Notification> implements Disposable, Scannable {

    private final Supplier<WatchQueue> opener;
    private final NotificationSettings settings;
    private final Sinks.Empty<Void> gone = Sinks.empty();

    // Under the lock of the set.
    private final Set<NotificationSubscription> subscriptions = new HashSet<>();
    private int subscribers;
    private boolean disposed;

    NotificationFlux(Supplier<WatchQueue> opener, NotificationSettings settings) {
        this.opener = opener;
        this.settings = settings;
    }

    /**
     * Begins a stream.
     *
     * @return a builder with a capacity of 512, no filter, no watch, no prefetch, and the shared
     *     reader
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Warms up the JIT: the JVM compiles the path of a notification, from the kernel to a
     * subscriber, before there is one. It also loads JNA's native library. Use it if a flood may
     * begin as soon as the first key is watched, because interpreted code loses more of it. It
     * takes about 0.8 s, and longer on a busy machine.
     *
     * <pre>{@code
     * NotificationFlux.warmup().onErrorComplete().block(); // at startup
     * }</pre>
     *
     * <p><b>Cold</b>, and shared: nothing is done before somebody subscribes. Subscribers that come
     * while it is under way wait for the same warm-up; after it has succeeded, it completes at once
     * for the rest of the process. Cancelling ends the wait, not the warm-up. Needs no demand.
     *
     * <p><b>Threading:</b> runs and completes on a thread of its own, a daemon named {@code
     * watchqueue-warmup}. Subscriptions to streams neither wait for it nor are held up by it.
     *
     * <p><b>Descriptors:</b> 8, owned by that thread, which closes them before the warm-up
     * completes or fails. It passes made-up notifications through ordinary pipes: no key is
     * watched, and the kernel needs no watch queues.
     *
     * <p><b>Errors:</b> if a step fails, the whole warm-up fails, with nothing left open, and may
     * be tried again: {@link io.watchqueue.ResourceLimitException} if there are too few
     * descriptors, {@link io.watchqueue.WatchQueueUnsupportedException} if this is not a Linux that
     * this library knows, {@link IllegalStateException} if it has not ended after 60 seconds.
     * Streams work without it, so {@code onErrorComplete()} is a fair answer.
     *
     * @return completes when it is done, empty
     */
    public static Mono<Void> warmup() {
        return WarmUp.once();
    }

    @Override
    public void subscribe(CoreSubscriber<? super Notification> actual) {
        if (!enter()) {
            Operators.complete(actual);
            return;
        }
        NotificationSubscription subscription;
        try {
            subscription = subscriptionThatOwns(opener.get());
        } catch (Throwable e) {
            leave();
            Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
            return;
        }
        if (!add(subscription)) {
            subscription.dispose();
        }
        subscription.start(actual);
    }

    private NotificationSubscription subscriptionThatOwns(WatchQueue queue) {
        try {
            return new NotificationSubscription(queue, settings, this::ended);
        } catch (Throwable e) {
            queue.close(); // nobody else owns it yet
            throw e;
        }
    }

    private boolean enter() {
        synchronized (subscriptions) {
            if (!disposed) {
                subscribers++;
            }
            return !disposed;
        }
    }

    /** Returns false if this was disposed of while the queue was being opened. */
    private boolean add(NotificationSubscription subscription) {
        synchronized (subscriptions) {
            subscriptions.add(subscription);
            return !disposed;
        }
    }

    private void ended(NotificationSubscription subscription) {
        synchronized (subscriptions) {
            subscriptions.remove(subscription);
        }
        leave();
    }

    private void leave() {
        boolean last;
        synchronized (subscriptions) {
            subscribers--;
            last = disposed && subscribers == 0;
        }
        if (last) {
            gone.tryEmitEmpty();
        }
    }

    /**
     * Lets through the events of one kind or several, and all losses and removals: {@link
     * NotificationOperators#events}. If no subscriber wants the others, {@link Builder#filter}
     * saves the kernel from queueing them.
     *
     * @param events which; none named means all
     * @return the stream of these events
     */
    public Flux<Notification> events(KeyEvent... events) {
        return transform(NotificationOperators.events(events));
    }

    /**
     * Lets through the notifications with one of these tags, and all losses and removals: {@link
     * NotificationOperators#tags}.
     *
     * @param tags the tags, 0 to 255
     * @return the stream of these tags
     * @throws IllegalArgumentException if none is named, or one is out of range
     */
    public Flux<Notification> tags(int... tags) {
        return transform(NotificationOperators.tags(tags));
    }

    /**
     * Makes a loss the end of the stream: {@link NotificationOperators#failOnLoss}.
     *
     * @return the stream, which fails with a {@link NotificationLossException} at the first loss
     */
    public Flux<Notification> failOnLoss() {
        return transform(NotificationOperators.failOnLoss());
    }

    /**
     * Begins with a snapshot, goes on with the changes, and emits a snapshot again after each loss:
     * {@link NotificationOperators#resyncOnLoss}.
     *
     * @param <S> the type of a snapshot's state
     * @param snapshot takes a snapshot each time it is subscribed to, and emits one value
     * @return the stream of snapshots and changes
     */
    public <S> Flux<Resynced<S>> resyncOnLoss(Mono<? extends S> snapshot) {
        return transform(NotificationOperators.resyncOnLoss(snapshot));
    }

    /**
     * Emits the members of a keyring, and emits them again whenever they have changed: {@link
     * NotificationOperators#keyringView}.
     *
     * @param keyring a keyring that this stream watches, and that grants Read
     * @return the stream of members; its sets cannot be changed
     */
    public Flux<Set<KeyId>> keyringView(KeyId keyring) {
        return transform(NotificationOperators.keyringView(keyring));
    }

    /**
     * Completes all subscribers, and from now on every new one at once. Returns without waiting for
     * them.
     */
    @Override
    public void dispose() {
        List<NotificationSubscription> current;
        boolean last;
        synchronized (subscriptions) {
            disposed = true;
            current = List.copyOf(subscriptions);
            last = subscribers == 0;
        }
        if (last) {
            gone.tryEmitEmpty();
        }
        current.forEach(NotificationSubscription::dispose);
    }

    @Override
    public boolean isDisposed() {
        synchronized (subscriptions) {
            return disposed;
        }
    }

    /**
     * Completes when {@link #dispose()} has done its work: no queue, watch or descriptor of this
     * stream is left, including those of subscribers that cancelled before.
     *
     * <p><b>Hot</b>, and remembers: it completes at once for late subscribers. Needs no demand. The
     * signal comes on the thread that closed the last descriptor: the reader's, or that of a call
     * that was under way, such as one of a {@linkplain NotificationRecorder.QueueGauges gauge}. If
     * there was nothing to close, it comes on the disposing or the subscribing thread. Never fails.
     *
     * @return completes then, empty
     */
    public Mono<Void> onDispose() {
        return gone.asMono();
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Scannable's
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.ASYNC;
        }
        if (key == Attr.PREFETCH) {
            return settings.prefetch();
        }
        return null;
    }

    /** Describes a stream. A stream that was built is independent of its builder. */
    public static final class Builder {

        private final WatchQueue.Builder queues;
        private boolean watching;
        private int prefetch;
        private boolean completeWhenUnwatched;
        private NotificationReader reader = NotificationReader.shared();
        private NotificationRecorder recorder = NotificationRecorder.NONE;

        private Builder() {
            this.queues = WatchQueue.builder();
        }

        private Builder(Builder other) {
            this.queues = other.queues.copy();
            this.watching = other.watching;
            this.prefetch = other.prefetch;
            this.completeWhenUnwatched = other.completeWhenUnwatched;
            this.reader = other.reader;
            this.recorder = other.recorder;
        }

        /**
         * Sets how many notifications the kernel queues for a subscriber without demand. Defaults
         * to 512, the maximum.
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
         * Sets which notifications the kernel queues. Defaults to all. Removals and losses always
         * pass.
         *
         * @param filter the filter, or null for all notifications
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
         * @param tag the tag of its notifications, 0 to 255
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
         * Sets how many notifications are read without demand and wait in this process, besides
         * those that wait in the kernel: room for floods that the kernel's queue does not hold.
         * When that room is used up, the kernel's queue fills, and then the kernel drops. The order
         * and the place of a loss stay as they are. Defaults to 0.
         *
         * <p>While some wait for demand, the reader may take those that follow in batches, so that
         * it is not woken up for each.
         *
         * @param notifications 0 or more, for each subscriber; each takes some 50 bytes of heap
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder prefetch(int notifications) {
            if (notifications < 0) {
                throw new IllegalArgumentException(
                        "prefetch "
                                + notifications
                                + " is negative; 0 leaves everything in the kernel until it is asked for");
            }
            this.prefetch = notifications;
            return this;
        }

        /**
         * Completes the stream after the removal of its last watch: when all watched keys are gone,
         * or are no longer watched, and everything posted before was delivered. By default the
         * stream stays open in silence.
         *
         * <p>A removal can be lost like any notification. Then a stream whose keys are gone does
         * not complete. After a loss, check which of the {@linkplain ReactiveWatchQueue#watches()
         * watched} keys still exist, and {@linkplain ReactiveWatchQueue#unwatch unwatch} the
         * others. If none is left, the stream completes as soon as there is demand.
         *
         * @return this
         */
        public Builder completeWhenUnwatched() {
            this.completeWhenUnwatched = true;
            return this;
        }

        /**
         * Sets the reader whose thread reads and emits. Defaults to {@link
         * NotificationReader#shared()}.
         *
         * @param reader a reader, which may serve other streams as well
         * @return this
         */
        public Builder reader(NotificationReader reader) {
            this.reader = Objects.requireNonNull(reader, "reader");
            return this;
        }

        /**
         * Sets a recorder. Defaults to {@link NotificationRecorder#NONE}.
         *
         * @param recorder counts and measures the stream's queues
         * @return this
         */
        public Builder recorder(NotificationRecorder recorder) {
            this.recorder = Objects.requireNonNull(recorder, "recorder");
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
                        "NotificationFlux: no key to watch, so nothing would ever come; call watch(..)"
                                + " first, or take a queue() whose watches come later");
            }
            return new NotificationFlux(opener(), settings());
        }

        /**
         * Builds one queue whose watches can change while it is received. It begins with the
         * watches named here. Nothing is opened yet.
         *
         * @return the queue, which the caller has to {@linkplain ReactiveWatchQueue#dispose()
         *     dispose} of, as {@link Flux#using} does
         */
        public ReactiveWatchQueue queue() {
            return new ReactiveWatchQueue(opener(), settings());
        }

        /**
         * Copies this builder.
         *
         * @return one that may be changed independently
         */
        public Builder copy() {
            return new Builder(this);
        }

        private Supplier<WatchQueue> opener() {
            return queues.copy()::open;
        }

        private NotificationSettings settings() {
            return new NotificationSettings(reader, prefetch, completeWhenUnwatched, recorder);
        }
    }
}
