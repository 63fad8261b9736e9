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
 * it, so that a slow subscriber makes no other one lose anything. Special keyrings are resolved on
 * the subscribing thread, and what that thread possesses is what may be watched; on a virtual
 * thread, that is its carrier, see {@link io.watchqueue.Keyring}. If anything of this fails, what
 * was opened is closed and the subscriber gets the error.
 *
 * <p>The first subscription of a process waits until JNA's native library is loaded, which reads
 * files: if it is made on a thread that must not block, use the library before, by {@link
 * io.watchqueue.WatchQueueSupport#probe()} or {@link #warmup()} at startup. The first notifications
 * of a process are read by code that is not compiled yet, as in any Java program; see {@link
 * #warmup()}.
 *
 * <p><b>Ownership:</b> a subscription owns its queue and its watches, and the reader closes them
 * when it ends. {@link #dispose()} ends all of them, those included that are just being opened.
 *
 * <p><b>Demand:</b> the kernel's queue is the buffer. Without demand nothing is read; notifications
 * wait in the kernel up to the {@linkplain Builder#capacity capacity}, and beyond it the kernel
 * drops and marks the place. With a demand of <i>n</i>, at most <i>n</i> notifications are
 * delivered, and what one small read gives beyond that is carried, see {@link
 * io.watchqueue.WatchQueue#carriedBytes()}. Who needs more room than the kernel gives asks for a
 * {@linkplain Builder#prefetch prefetch}.
 *
 * <p><b>Threading:</b> signals come on the thread of a {@link NotificationReader}, one after the
 * other; by default on the one that all share, a daemon named {@code watchqueue-reader}. A
 * subscriber that takes its time there delays all others of that reader: use {@link
 * Flux#publishOn(reactor.core.scheduler.Scheduler, int)}, or a {@linkplain Builder#reader reader}
 * of its own.
 *
 * <p><b>Termination:</b> {@link #dispose()} completes all subscribers, and so does the removal of
 * the last watch {@linkplain Builder#completeWhenUnwatched if that is asked for}; cancelling is
 * silent; an unexpected failure of the queue is an error. In each case the reader thread first
 * closes the queue, and with it the watches; what it held, and on {@code dispose} and cancellation
 * also what was prefetched, is discarded. {@link #onDispose()} tells when that is done.
 *
 * <p><b>Faults:</b> a subscriber that throws from {@code onNext} is cancelled, and the exception
 * goes to the reader thread's uncaught exception handler, also an {@link OutOfMemoryError} or what
 * else Reactor takes for fatal to the JVM and throws through its operators. What {@code onError} or
 * {@code onComplete} throw goes there too; what {@code onSubscribe} or {@code currentContext}
 * throws ends the subscription with {@code onError}. The context is read once. Other streams of the
 * reader go on in each case. If the reader itself can wait no more, all its streams end with an
 * error, and the next subscription starts a new thread.
 *
 * <p><b>Loss:</b> is a {@link io.watchqueue.LossNotification} in the stream, between the last
 * notification before the gap and the first one behind it. It also comes when nothing follows.
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
     * Has the JVM compile the way of a notification, from the kernel to a subscriber, before there
     * is one: JIT warm-up. Worth it where a flood may begin as soon as the first key is watched, of
     * which an interpreter loses more; and it loads JNA's native library. Without it, the first
     * notifications absorb the time that it takes: half a second of one processor, and more on a
     * busy machine.
     *
     * <pre>{@code
     * NotificationFlux.warmup().onErrorComplete().block(); // at startup
     * }</pre>
     *
     * <p><b>Cold</b>, and shared: nothing is done before somebody subscribes; who subscribes while
     * it is under way waits for the same warm-up, and once it has succeeded, it completes at once
     * in the rest of the process. Cancelling ends the wait, not the warm-up. Needs no demand.
     *
     * <p><b>Threading:</b> runs and completes on a thread of its own, a daemon named {@code
     * watchqueue-warmup}. Subscriptions to streams neither wait for it nor are held up by it.
     *
     * <p><b>Descriptors:</b> it takes 8, owned by that thread, which closes them before it
     * completes or fails. It passes made-up notifications through ordinary pipes: no key is
     * watched, and a kernel without watch queues does.
     *
     * <p><b>Errors:</b> if any step fails it gives up as a whole, with nothing left open, and may
     * be tried again: {@link io.watchqueue.ResourceLimitException} if there are too few
     * descriptors, {@link io.watchqueue.WatchQueueUnsupportedException} if this is no Linux that
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
     * Tells when {@link #dispose()} has done its work: no queue, no watch and no descriptor of this
     * stream is left, those of subscribers included that cancelled before.
     *
     * <p><b>Hot</b>, and remembers: it completes at once for those who come late. Needs no demand.
     * Comes on the thread that closed the last descriptor, which is the reader's, or that of a call
     * that was under way, such as one of a {@linkplain NotificationRecorder.Gauges gauge}; or on
     * the disposing or the subscribing one if there was nothing to close. Never fails.
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

    /** Describes a stream. What was built does not change any more when the builder does. */
    public static final class Builder {

        private final WatchQueue.Builder queues = WatchQueue.builder();
        private boolean watching;
        private int prefetch;
        private boolean completeWhenUnwatched;
        private NotificationReader reader = NotificationReader.shared();
        private NotificationRecorder recorder = NotificationRecorder.NONE;

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
         * Reads on without demand until so many notifications wait in this process, besides those
         * that wait in the kernel: room for floods that the kernel's queue does not hold. When it
         * is used up, the kernel's queue fills again, and beyond it the kernel drops. Order, and
         * the place of a loss, stay as they are. Defaults to 0.
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
         * or are no longer watched, and what was posted before was delivered. Without it, which is
         * the default, the stream goes on in silence.
         *
         * <p>A removal can be lost as anything else. If that of a destroyed key is, its watch is
         * not known to be gone, and the stream does not complete. After a loss, look which of the
         * {@linkplain ReactiveWatchQueue#watches() watched} keys are still there, and {@linkplain
         * ReactiveWatchQueue#unwatch unwatch} the others: if none is left, the stream completes,
         * once something is demanded.
         *
         * @return this
         */
        public Builder completeWhenUnwatched() {
            this.completeWhenUnwatched = true;
            return this;
        }

        /**
         * Sets whose thread reads and emits. Defaults to {@link NotificationReader#shared()}.
         *
         * @param reader a reader, which may serve other streams as well
         * @return this
         */
        public Builder reader(NotificationReader reader) {
            this.reader = Objects.requireNonNull(reader, "reader");
            return this;
        }

        /**
         * Sets who is told what happens. Defaults to nobody.
         *
         * @param recorder counts and measures
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
         * Builds one queue whose watches can change while it is received, with those named here
         * from the start. Nothing is opened yet, so that nothing is lost if nobody takes it.
         *
         * @return the queue, which is the caller's to {@linkplain ReactiveWatchQueue#dispose()
         *     dispose} of: {@link Flux#using} does
         */
        public ReactiveWatchQueue queue() {
            return new ReactiveWatchQueue(opener(), settings());
        }

        private Supplier<WatchQueue> opener() {
            return queues.copy()::open;
        }

        private NotificationSettings settings() {
            return new NotificationSettings(reader, prefetch, completeWhenUnwatched, recorder);
        }
    }
}
