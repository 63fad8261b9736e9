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

import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueClosedException;
import io.watchqueue.reactor.internal.Log;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

import java.util.ArrayDeque;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One subscriber's queue. Any thread may request, cancel or dispose, which only records that and
 * signals the reader. Everything else is its {@link Delivery}, on the reader thread alone, so that
 * signals are serial and the thread that reads the descriptor is the one that closes it.
 *
 * <pre>
 *           cancel()
 *   RUNNING ----------&gt; CANCELLED --.
 *     |  \                 ^        |
 *     |   \  dispose()     |        |  on the reader thread
 *     |    `---------&gt; DISPOSED ----+------------------------&gt; CLOSED
 *     |                             |
 *     `-- the queue has ended, ------'
 *         and all is delivered
 * </pre>
 */
final class NotificationSubscription
        implements Subscription, Disposable, Scannable, NotificationRecorder.QueueGauges {

    private static final Log LOG = Log.of(NotificationSubscription.class);

    /**
     * The most notifications that one subscription gets before the others have their turn: as many
     * as a full kernel queue holds.
     */
    private static final int TURN = WatchQueue.MAX_CAPACITY;

    // A state may follow only a lower one.
    private static final int RUNNING = 0;
    private static final int DISPOSED = 1;
    private static final int CANCELLED = 2;
    private static final int CLOSED = 3;

    private final WatchQueue queue;
    private final NotificationSettings settings;
    private final Consumer<NotificationSubscription> onClose;

    private final Delivery delivery = new Delivery();

    private volatile ReaderLoop.@Nullable Attachment reader;

    private volatile long requested;

    private static final AtomicLongFieldUpdater<NotificationSubscription> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(NotificationSubscription.class, "requested");

    private volatile int state;

    private static final AtomicIntegerFieldUpdater<NotificationSubscription> STATE =
            AtomicIntegerFieldUpdater.newUpdater(NotificationSubscription.class, "state");

    // Written by the reader thread.
    private volatile int prefetchedCount;
    private volatile boolean cancelled;
    private volatile @Nullable Throwable failure;

    NotificationSubscription(
            WatchQueue queue,
            NotificationSettings settings,
            Consumer<NotificationSubscription> onClose) {
        this.queue = queue;
        this.settings = settings;
        this.onClose = onClose;
        if (settings.completeWhenUnwatched()) {
            // A change may end the stream without a notification that would wake the reader.
            queue.onWatchesChanged(this::signal);
        }
        settings.recorder().recordOpened(this);
        LOG.debug(() -> "opened " + queue + ", watching " + queue.watches());
    }

    /**
     * Gives the subscriber its subscription, and only then the reader its work: nothing can
     * overtake onSubscribe.
     */
    void start(CoreSubscriber<? super Notification> subscriber) {
        delivery.actual = subscriber;
        try {
            subscriber.onSubscribe(this);
            delivery.context =
                    Objects.requireNonNull(subscriber.currentContext(), "currentContext");
            reader = settings.reader().attach(delivery);
        } catch (Throwable e) {
            delivery.fail(e);
            return;
        }
        // Also for a demand or cancellation that came before there was a reader.
        signal();
    }

    WatchQueue queue() {
        return queue;
    }

    /** Closes the queue if nobody has subscribed, and nobody will. */
    void abandon() {
        delivery.release();
    }

    @Override
    public void request(long n) {
        // The thread that raises the demand from zero signals. While there is demand, the reader
        // looks by itself.
        if (Operators.validate(n) && Operators.addCap(REQUESTED, this, n) == 0) {
            signal();
        }
    }

    @Override
    public void cancel() {
        if (become(CANCELLED)) {
            signal();
        }
    }

    @Override
    public void dispose() {
        if (become(DISPOSED)) {
            signal();
        }
    }

    private boolean become(int wanted) {
        while (true) {
            int current = state;
            if (current >= wanted) {
                return false;
            }
            if (STATE.compareAndSet(this, current, wanted)) {
                return true;
            }
        }
    }

    private void signal() {
        ReaderLoop.Attachment current = reader;
        if (current != null) {
            current.signal();
        }
    }

    @Override
    public boolean isDisposed() {
        return state != RUNNING;
    }

    @Override
    public int capacity() {
        return queue.capacity();
    }

    @Override
    public int queuedBytes() {
        try {
            return queue.queuedBytes();
        } catch (WatchQueueClosedException e) {
            return 0;
        }
    }

    @Override
    public int bufferedBytes() {
        return queue.bufferedBytes();
    }

    @Override
    public int prefetched() {
        return prefetchedCount;
    }

    @Override
    public long demand() {
        return requested;
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Scannable's
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.ACTUAL) {
            return delivery.actual;
        }
        if (key == Attr.REQUESTED_FROM_DOWNSTREAM) {
            return requested;
        }
        if (key == Attr.PREFETCH) {
            return settings.prefetch();
        }
        if (key == Attr.BUFFERED) {
            return prefetchedCount;
        }
        if (key == Attr.CAPACITY) {
            return queue.capacity();
        }
        if (key == Attr.CANCELLED) {
            return cancelled || state == CANCELLED;
        }
        if (key == Attr.TERMINATED) {
            return state == CLOSED && !cancelled;
        }
        if (key == Attr.ERROR) {
            return failure;
        }
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.ASYNC;
        }
        return null;
    }

    @Override
    public String toString() {
        return "NotificationSubscription[" + queue + "]";
    }

    /**
     * The reader's part. Only the reader thread runs it. Before there is a reader, the subscribing
     * thread does, and after the reader has failed, any thread that signals.
     */
    final class Delivery implements Predicate<Notification> {

        /** Null before there is one and after the end, as §3.13 of Reactive Streams requires. */
        private @Nullable CoreSubscriber<? super Notification> actual;

        /** Read once, before the first turn: a subscriber that throws from it ends at once. */
        private Context context = Context.empty();

        /** The prefetched notifications, the oldest first. */
        private final ArrayDeque<Notification> prefetched = new ArrayDeque<>(0);

        /** The part of this turn's demand that is not met yet. */
        private long demandLeft;

        /** How many notifications this turn took from the queue. */
        private int found;

        /** The queue has ended: only prefetched notifications are left. */
        private boolean ended;

        private Delivery() {}

        WatchQueue queue() {
            return queue;
        }

        boolean isClosed() {
            return state == CLOSED;
        }

        void wokenUp() {
            settings.recorder().recordWakeup(NotificationSubscription.this);
        }

        /** Delivers up to the demand, and prefetches up to the limit. */
        NextTurn serve() {
            boolean drained = state == RUNNING && turn();
            if (state != RUNNING || ended && prefetched.isEmpty()) {
                return NextTurn.NEVER;
            }
            boolean demand = requested > 0;
            if (demand && !prefetched.isEmpty()) {
                return NextTurn.AT_ONCE;
            }
            if (ended || !demand && prefetched.size() >= settings.prefetch()) {
                return NextTurn.WHEN_SIGNALLED;
            }
            if (!drained) {
                return NextTurn.AT_ONCE;
            }
            return !prefetched.isEmpty() && FloodPause.leavesRoom(found, queue.capacity())
                    ? NextTurn.AFTER_PAUSE
                    : NextTurn.WHEN_READABLE;
        }

        /** Returns true if the queue is empty now. */
        private boolean turn() {
            long demand = Math.min(requested, TURN);
            demandLeft = demand;
            found = 0;
            boolean drained = false;
            try {
                while (demandLeft > 0 && !prefetched.isEmpty() && state == RUNNING) {
                    emit(prefetched.remove());
                }
                drained = !ended && drain();
            } catch (Throwable e) {
                end(e);
            }
            Operators.produced(REQUESTED, NotificationSubscription.this, demand - demandLeft);
            prefetchedCount = prefetched.size();
            return drained;
        }

        /** Takes the wanted notifications from the queue; returns true if it is empty now. */
        private boolean drain() {
            int wanted = (int) Math.min(demandLeft + settings.prefetch() - prefetched.size(), TURN);
            if (wanted == 0 || state != RUNNING) {
                return false;
            }
            long readsBefore = queue.readCalls();
            int received;
            try {
                received = queue.poll(wanted, this);
            } finally {
                long reads = queue.readCalls() - readsBefore;
                if (reads > 0) {
                    settings.recorder().recordReads(NotificationSubscription.this, reads);
                }
            }
            if (received > 0) {
                settings.recorder().recordReceived(NotificationSubscription.this, received);
                found = received;
            }
            boolean drained = received < wanted;
            if (drained) {
                // The removal of a watch that was closed may have been lost.
                endIfUnwatched();
            }
            if (ended) {
                closeQueue();
            }
            return drained;
        }

        /** Takes a notification out of the queue; returns whether to go on. */
        @Override
        public boolean test(Notification notification) {
            if (notification instanceof LossNotification loss) {
                settings.recorder().recordLoss(NotificationSubscription.this, loss);
            }
            if (demandLeft > 0 && prefetched.isEmpty()) {
                emit(notification);
            } else {
                prefetched.add(notification);
            }
            if (notification instanceof RemovalNotification) {
                endIfUnwatched();
            }
            return state == RUNNING && !ended;
        }

        private void emit(Notification notification) {
            demandLeft--;
            CoreSubscriber<? super Notification> subscriber = actual;
            if (subscriber == null) {
                return;
            }
            try {
                subscriber.onNext(notification);
            } catch (Throwable e) {
                // Against §2.13, so it gets no further signal; the other subscriptions of this
                // thread go on.
                become(CANCELLED);
                Uncaught.report(e);
            }
        }

        private void endIfUnwatched() {
            if (settings.completeWhenUnwatched() && queue.isUnwatched()) {
                ended = true;
            }
        }

        /** Ends the queue, for that reason; prefetched notifications are still delivered. */
        void end(Throwable reason) {
            ended = true;
            failure = reason;
            closeQueue();
        }

        /** Ends the subscription with an error at once, unless it has ended. */
        void fail(Throwable error) {
            if (state != CLOSED) {
                end(error);
                finish();
            }
        }

        /** Closes everything that was opened, and then signals the end to the subscriber. */
        void finish() {
            CoreSubscriber<? super Notification> subscriber = actual;
            int before = release();
            if (before == CLOSED || subscriber == null) {
                return;
            }
            Uncaught.run(() -> Operators.onDiscardQueueWithClear(prefetched, context, null));
            Throwable error = failure;
            if (error == null) {
                if (before != CANCELLED) {
                    Uncaught.run(subscriber::onComplete);
                }
                return;
            }
            Throwable reported = hooked(error, context);
            if (before == CANCELLED) {
                Uncaught.run(() -> Operators.onErrorDropped(reported, context));
            } else {
                Uncaught.run(() -> subscriber.onError(reported));
            }
        }

        /**
         * Reactor throws errors that are fatal to the JVM at once; the subscriber must get them as
         * a signal.
         */
        private static Throwable hooked(Throwable error, Context context) {
            try {
                return Operators.onOperatorError(error, context);
            } catch (Throwable fatal) {
                return fatal;
            }
        }

        /** Closes everything that was opened, once. Returns the state before. */
        private int release() {
            int before = STATE.getAndSet(NotificationSubscription.this, CLOSED);
            if (before == CLOSED) {
                return before;
            }
            actual = null;
            cancelled = before == CANCELLED;
            // If anything fails from here on, this thread's other subscriptions go on.
            Uncaught.run(this::closeQueue);
            // At once, unless another thread is in a system call on the queue: that one closes it
            // then.
            queue.onClose()
                    .thenRun(
                            () ->
                                    Uncaught.run(
                                            () -> onClose.accept(NotificationSubscription.this)));
            reader = null;
            return before;
        }

        private Object outcome() {
            Throwable error = failure;
            return error != null ? error : cancelled ? "cancelled" : "completed";
        }

        private void closeQueue() {
            if (!queue.isClosed()) {
                LOG.debug(() -> "closing " + queue + ": " + outcome());
                queue.close();
                settings.recorder().recordClosed(NotificationSubscription.this);
            }
        }
    }
}
