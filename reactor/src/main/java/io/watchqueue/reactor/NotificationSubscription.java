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
 * One subscriber's queue. Any thread may request, cancel or dispose, which only leaves word and
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

    /**
     * The most that one subscription is given before the others have their turn: what a full kernel
     * queue holds.
     */
    private static final int TURN = WatchQueue.MAX_CAPACITY;

    // In the order in which one may follow the other.
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
            // It may be the end, without anything that the reader is woken up for.
            queue.onWatchesChanged(this::signal);
        }
        settings.recorder().recordOpened(this);
        Log.debug("opened {}, watching {}", queue, queue.watches());
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
        // Also for what came before there was a reader: demand, cancellation.
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
        // Whoever raises the demand from nothing signals; while there is some, the reader looks by
        // itself.
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
     * The reader's part. Only its thread comes here; before there is a reader, the subscribing one,
     * and after the reader has failed, whoever signals.
     */
    final class Delivery implements Predicate<Notification> {

        /** Null before there is one and once closed, as §3.13 of Reactive Streams has it. */
        private @Nullable CoreSubscriber<? super Notification> actual;

        /**
         * Read once, when the subscriber is there: whoever throws from it ends before it is served.
         */
        private Context context = Context.empty();

        /** What was read without demand, as far as that is allowed, the oldest first. */
        private final ArrayDeque<Notification> prefetched = new ArrayDeque<>(0);

        /** What is still to be emitted in this turn. */
        private long owed;

        /** How many this turn took from the queue. */
        private int found;

        /** The queue is closed: what was prefetched is all there is. */
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

        /** Delivers what is demanded and there, and prefetches what may be. */
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

        /** Returns true if there is nothing more in the queue now. */
        private boolean turn() {
            long demand = Math.min(requested, TURN);
            owed = demand;
            found = 0;
            boolean drained = false;
            try {
                while (owed > 0 && !prefetched.isEmpty() && state == RUNNING) {
                    emit(prefetched.remove());
                }
                drained = !ended && drain();
            } catch (Throwable e) {
                end(e);
            }
            Operators.produced(REQUESTED, NotificationSubscription.this, demand - owed);
            prefetchedCount = prefetched.size();
            return drained;
        }

        /** Takes from the queue what is wanted; returns true if there is nothing more in it now. */
        private boolean drain() {
            int wanted = (int) Math.min(owed + settings.prefetch() - prefetched.size(), TURN);
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
            if (owed > 0 && prefetched.isEmpty()) {
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
            owed--;
            CoreSubscriber<? super Notification> subscriber = actual;
            if (subscriber == null) {
                return;
            }
            try {
                subscriber.onNext(notification);
            } catch (Throwable e) {
                // Against §2.13, so it is told nothing any more; the other subscriptions of this
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

        /**
         * Nothing more comes from the queue, for that reason; the prefetched are still delivered.
         */
        void end(Throwable reason) {
            ended = true;
            failure = reason;
            closeQueue();
        }

        /** Ends this with an error at once, unless it has ended. */
        void fail(Throwable error) {
            if (state != CLOSED) {
                end(error);
                finish();
            }
        }

        /** Tells the subscriber how it ended, when all that was opened is closed. */
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

        /** Reactor throws what is fatal to the JVM at once; but nobody shall wait in vain. */
        private static Throwable hooked(Throwable error, Context context) {
            try {
                return Operators.onOperatorError(error, context);
            } catch (Throwable fatal) {
                return fatal;
            }
        }

        /** Closes what was opened, once. Returns the state before. */
        private int release() {
            int before = STATE.getAndSet(NotificationSubscription.this, CLOSED);
            if (before == CLOSED) {
                return before;
            }
            actual = null;
            cancelled = before == CANCELLED;
            // Whatever goes wrong from here on, this thread's other subscriptions go on.
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

        private void closeQueue() {
            if (!queue.isClosed()) {
                Throwable error = failure;
                Log.debug(
                        "closing {}: {}",
                        queue,
                        error != null ? error : cancelled ? "cancelled" : "completed");
                queue.close();
                settings.recorder().recordClosed(NotificationSubscription.this);
            }
        }
    }
}
