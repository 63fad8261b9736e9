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

import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueSelector;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * What a reader's thread does: waits for the kernel and emits, for many subscriptions.
 *
 * <p>It waits in epoll(7) for the queues of subscriptions with demand, and for a signal. Its idle
 * time costs nothing: no timeout, no wakeup.
 */
final class ReaderLoop implements Runnable {

    private final WatchQueueSelector selector;
    private final NotificationReader owner;
    private final Consumer<WatchQueueSelector.Registration> ready = this::wokenUp;

    /**
     * Subscriptions that ask to be served, newest first, linked by their {@code next}: a signal
     * allocates nothing.
     */
    private final AtomicReference<@Nullable NotificationSubscription> signalled =
            new AtomicReference<>();

    /** The oldest of those taken from {@link #signalled} and not served yet. Only this thread's. */
    private @Nullable NotificationSubscription taken;

    /** Subscriptions that have their turn next. Only this thread's. */
    private final ArrayDeque<NotificationSubscription> unfinished = new ArrayDeque<>();

    /** All that this serves, to be told if it fails. Only this thread's. */
    private final Set<NotificationSubscription> served = new HashSet<>();

    /** Whether the thread is, or is about to be, in the kernel, where only a wakeup reaches it. */
    private volatile boolean waiting;

    /** The thread while it pauses, or is about to. */
    private volatile @Nullable Thread paused;

    private final long pauseNanos;

    /** Whether the subscription that was served last has enough to go on with. */
    private boolean patient;

    private volatile boolean unused;
    private volatile @Nullable Throwable failure;

    ReaderLoop(WatchQueueSelector selector, NotificationReader owner, long pauseNanos) {
        this.selector = selector;
        this.owner = owner;
        this.pauseNanos = pauseNanos;
    }

    boolean accepts(WatchQueue queue) {
        return selector.accepts(queue);
    }

    /** On the reader thread, or on any once this failed: the subscription has ended. */
    void detach(NotificationSubscription subscription) {
        if (failure == null) {
            served.remove(subscription);
        }
        if (owner.detach(this)) {
            unused = true;
        }
    }

    /** From any thread: the subscription is to be served. */
    void signal(NotificationSubscription subscription) {
        NotificationSubscription head;
        do {
            head = signalled.get();
            subscription.next = head;
        } while (!signalled.compareAndSet(head, subscription));
        // Either this sees that the reader waits or failed, or the reader, which says so before it
        // looks a last time, sees this.
        Throwable failed = failure;
        if (failed != null) {
            failAll(takeSignalled(), failed);
        } else if (waiting) {
            wakeup();
        } else {
            LockSupport.unpark(paused);
        }
    }

    /**
     * If the kernel refuses it, which the caller cannot help, the signal is looked at when
     * something else wakes the reader.
     *
     * @return false if the kernel refuses it
     */
    boolean wakeup() {
        try {
            selector.wakeup();
            return true;
        } catch (Throwable e) {
            Uncaught.report(e);
            return false;
        }
    }

    @Override
    public void run() {
        try (selector) {
            while (!unused) {
                round();
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    /** Gives each its turn, and waits if there is nothing left to do. */
    void round() {
        serveSignalled();
        for (int turns = unfinished.size(); turns > 0; turns--) {
            NotificationSubscription subscription = unfinished.remove();
            subscription.enqueued = false;
            serve(subscription);
        }
        await();
    }

    private void await() {
        if (!unfinished.isEmpty()) {
            // When all are under way already, the kernel knows of no other.
            if (unfinished.size() < served.size()) {
                selector.selectNow(ready);
            }
            return;
        }
        if (patient && served.size() == 1) {
            pause();
        }
        waiting = true;
        if (signalled.get() == null && !unused) {
            selector.select(ready);
        }
        waiting = false;
    }

    /**
     * For a subscriber that is behind, a flood is read some at a time: to be woken up for each
     * notification would take the processor from the subscriber, and the thread its place with the
     * scheduler when the queue fills.
     *
     * <p>An interrupt does not end it, and is kept.
     */
    private void pause() {
        patient = false;
        boolean interrupted = false;
        long deadline = System.nanoTime() + pauseNanos;
        paused = Thread.currentThread();
        for (long left = pauseNanos;
                left > 0 && signalled.get() == null && !unused;
                left = deadline - System.nanoTime()) {
            // While it is set, no thread is parked.
            interrupted |= Thread.interrupted();
            LockSupport.parkNanos(left);
        }
        paused = null;
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void serveSignalled() {
        taken = takeSignalled();
        NotificationSubscription oldest;
        while ((oldest = nextTaken()) != null) {
            oldest.unsignal();
            serve(oldest);
        }
    }

    private @Nullable NotificationSubscription nextTaken() {
        NotificationSubscription oldest = taken;
        if (oldest != null) {
            taken = oldest.next;
            oldest.next = null;
        }
        return oldest;
    }

    /** Takes all signalled subscriptions, in the order in which they were. */
    private @Nullable NotificationSubscription takeSignalled() {
        NotificationSubscription newest = signalled.getAndSet(null);
        NotificationSubscription oldest = null;
        while (newest != null) {
            NotificationSubscription next = newest.next;
            newest.next = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

    private void serve(NotificationSubscription subscription) {
        // Signals may come in late, and must not bring back one that has ended.
        if (subscription.isClosed()) {
            return;
        }
        try {
            served.add(subscription);
            if (subscription.serve(selector)) {
                enqueue(subscription);
            }
            patient = subscription.isPatient();
        } catch (Throwable e) {
            // None of the others' business.
            subscription.fail(e);
        }
    }

    private void wokenUp(WatchQueueSelector.Registration registration) {
        NotificationSubscription subscription =
                (NotificationSubscription) registration.attachment();
        subscription.wokenUp();
        enqueue(subscription);
    }

    private void enqueue(NotificationSubscription subscription) {
        if (!subscription.enqueued) {
            subscription.enqueued = true;
            unfinished.add(subscription);
        }
    }

    /**
     * Waiting itself has failed. Nobody is left to wait in vain: all get the error, also those who
     * come after this.
     */
    private void fail(Throwable error) {
        owner.failed(this);
        List.copyOf(served).forEach(subscription -> subscription.fail(error));
        failAll(taken, error);
        // Only now may others end what they signal: all that this thread has touched has ended.
        failure = error;
        failAll(takeSignalled(), error);
    }

    private static void failAll(@Nullable NotificationSubscription first, Throwable error) {
        NotificationSubscription subscription = first;
        while (subscription != null) {
            NotificationSubscription next = subscription.next;
            subscription.fail(error);
            subscription = next;
        }
    }
}
