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

import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueSelector;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Scannable;
import reactor.core.publisher.Operators;

import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * One subscriber's queue. Any thread may ask for more, cancel or dispose, which only leaves word
 * and signals the reader; everything else is done by the reader thread alone, so that signals are
 * serial and the thread that reads the descriptor is the one that closes it.
 *
 * <pre>
 *           cancel()
 *   RUNNING ----------&gt; CANCELLED --.
 *     |  \                 ^        |
 *     |   \  dispose()     |        |  on the reader thread
 *     |    `---------&gt; DISPOSED ----+------------------------&gt; CLOSED
 *     |                             |
 *     `---------- failure ----------'
 * </pre>
 */
final class NotificationSubscription implements Subscription, Disposable, Scannable {

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
    private final Consumer<NotificationSubscription> onClose;
    private final Predicate<Notification> emitter = this::emit;

    /** Null once closed, as §3.13 of Reactive Streams has it. */
    private @Nullable CoreSubscriber<? super Notification> actual;

    private volatile @Nullable NotificationReader reader;
    private WatchQueueSelector.@Nullable Registration registration;

    private volatile long requested;

    private static final AtomicLongFieldUpdater<NotificationSubscription> REQUESTED =
            AtomicLongFieldUpdater.newUpdater(NotificationSubscription.class, "requested");

    private volatile int state;

    private static final AtomicIntegerFieldUpdater<NotificationSubscription> STATE =
            AtomicIntegerFieldUpdater.newUpdater(NotificationSubscription.class, "state");

    /** 1 while this is among the reader's signalled ones. */
    private volatile int signalled;

    private static final AtomicIntegerFieldUpdater<NotificationSubscription> SIGNALLED =
            AtomicIntegerFieldUpdater.newUpdater(NotificationSubscription.class, "signalled");

    /**
     * The next of the reader's signalled ones: for whoever set {@link #signalled}, then for the
     * reader.
     */
    @Nullable NotificationSubscription next;

    /** Whether this waits for its turn. For the reader only. */
    boolean enqueued;

    NotificationSubscription(
            CoreSubscriber<? super Notification> actual,
            WatchQueue queue,
            Consumer<NotificationSubscription> onClose) {
        this.actual = actual;
        this.queue = queue;
        this.onClose = onClose;
    }

    /**
     * Gives the subscriber its subscription, and only then the reader its work: nothing can
     * overtake onSubscribe.
     */
    void subscribe(CoreSubscriber<? super Notification> subscriber, SharedReader shared) {
        try {
            subscriber.onSubscribe(this);
            reader = shared.attach();
        } catch (Throwable e) {
            fail(e);
            return;
        }
        // Also for what came before there was a reader: demand, cancellation.
        signal();
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
        NotificationReader current = reader;
        if (current != null && SIGNALLED.compareAndSet(this, 0, 1)) {
            current.signal(this);
        }
    }

    /**
     * From here on a new signal puts this among the signalled ones again, so what it is about is
     * looked at after this.
     */
    void unsignal() {
        signalled = 0;
    }

    /**
     * Delivers what is demanded and there. On the reader thread.
     *
     * @return true if there may be more to deliver at once
     */
    boolean serve(WatchQueueSelector selector) {
        try {
            return deliver(selector);
        } catch (Throwable e) {
            fail(e);
            return false;
        }
    }

    private boolean deliver(WatchQueueSelector selector) {
        if (state == CLOSED) {
            return false;
        }
        WatchQueueSelector.Registration registered = registration;
        if (registered == null) {
            registered = selector.register(queue, this);
            registration = registered;
        }
        int turn = state == RUNNING ? (int) Math.min(requested, TURN) : 0;
        int delivered = turn > 0 ? queue.poll(turn, emitter) : 0;
        if (delivered > 0) {
            Operators.produced(REQUESTED, this, delivered);
        }
        if (state != RUNNING) {
            end();
            return false;
        }
        if (requested == 0) {
            // Nothing may wake the reader for this queue now; the next request will.
            registered.disarm();
            return false;
        }
        if (turn > 0 && delivered < turn) {
            registered.arm();
            return false;
        }
        return true;
    }

    private boolean emit(Notification notification) {
        CoreSubscriber<? super Notification> subscriber = actual;
        if (subscriber == null) {
            return false;
        }
        try {
            subscriber.onNext(notification);
        } catch (Throwable e) {
            // Against §2.13, so it is told nothing any more; the other subscriptions of this thread
            // go on.
            become(CANCELLED);
            NotificationReader.report(e);
        }
        return state == RUNNING;
    }

    /** Ends what was cancelled or disposed. */
    private void end() {
        CoreSubscriber<? super Notification> subscriber = actual;
        if (release() == DISPOSED && subscriber != null) {
            tell(subscriber::onComplete);
        }
    }

    /**
     * Ends this with an error, unless it has ended. On the reader thread, or on any other if there
     * is no reader.
     */
    void fail(Throwable error) {
        CoreSubscriber<? super Notification> subscriber = actual;
        int before = release();
        if (before == CLOSED || subscriber == null) {
            return;
        }
        Throwable reported = Operators.onOperatorError(error, subscriber.currentContext());
        if (before == CANCELLED) {
            Operators.onErrorDropped(reported, subscriber.currentContext());
        } else {
            tell(() -> subscriber.onError(reported));
        }
    }

    private static void tell(Runnable terminalSignal) {
        try {
            terminalSignal.run();
        } catch (Throwable e) {
            NotificationReader.report(e);
        }
    }

    /** Closes what was opened, once. Returns the state before. */
    private int release() {
        int before = STATE.getAndSet(this, CLOSED);
        if (before == CLOSED) {
            return before;
        }
        actual = null;
        WatchQueueSelector.Registration registered = registration;
        registration = null;
        if (registered != null) {
            registered.cancel();
        }
        queue.close();
        onClose.accept(this);
        NotificationReader current = reader;
        if (current != null) {
            current.detach(this);
        }
        return before;
    }

    @Override
    public boolean isDisposed() {
        return state != RUNNING;
    }

    @Override
    @SuppressWarnings("rawtypes") // the signature is Scannable's
    public @Nullable Object scanUnsafe(Attr key) {
        if (key == Attr.ACTUAL) {
            return actual;
        }
        if (key == Attr.REQUESTED_FROM_DOWNSTREAM) {
            return requested;
        }
        if (key == Attr.CANCELLED) {
            return state == CANCELLED;
        }
        if (key == Attr.TERMINATED) {
            return state == CLOSED;
        }
        if (key == Attr.CAPACITY) {
            return queue.capacity();
        }
        if (key == Attr.RUN_STYLE) {
            return Attr.RunStyle.ASYNC;
        }
        return null;
    }
}
