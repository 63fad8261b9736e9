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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The loop of a reader's thread: it waits for the kernel and gives many subscriptions their turns.
 * It registers their queues with the selector, and arms, disarms and forgets them.
 *
 * <p>It waits in epoll(7) for the queues of subscriptions with demand, and for a signal. Its idle
 * time costs nothing: no timeout, no wakeup.
 */
final class ReaderLoop implements Runnable {

    private final WatchQueueSelector selector;
    private final NotificationReader owner;
    private final FloodPause pause;
    private final Consumer<WatchQueueSelector.Registration> ready = this::wokenUp;

    /**
     * Subscriptions that ask to be served, newest first, linked by their {@code next}: a signal
     * allocates nothing.
     */
    private final AtomicReference<@Nullable Attachment> signalled = new AtomicReference<>();

    /** Whether the thread is, or is about to be, in the kernel, where only a wakeup reaches it. */
    private volatile boolean waiting;

    private volatile @Nullable Throwable failure;

    // From here on for the reader thread only.

    /** The oldest of those taken from {@link #signalled} and not served yet. */
    private @Nullable Attachment taken;

    /** Subscriptions that have their turn next. */
    private final ArrayDeque<Attachment> unfinished = new ArrayDeque<>();

    /** All subscriptions that this serves. */
    private final Set<Attachment> attached = new HashSet<>();

    /** Whether the subscription that was served last leaves time for a pause. */
    private boolean pausing;

    /** Whether the last subscription has ended, so that the thread ends too. */
    private boolean unused;

    ReaderLoop(WatchQueueSelector selector, NotificationReader owner, FloodPause pause) {
        this.selector = selector;
        this.owner = owner;
        this.pause = pause;
    }

    /** A subscription that this reader serves, from its first signal to its end. */
    final class Attachment {

        private final NotificationSubscription.Delivery delivery;

        /** Whether this is among the reader's signalled ones. */
        private final AtomicBoolean isSignalled = new AtomicBoolean();

        /**
         * The next of the reader's signalled ones. Written by the thread that has set {@link
         * #isSignalled}, and then by the reader.
         */
        private @Nullable Attachment next;

        // From here on for the reader thread only.

        /** Whether this waits for its turn. */
        private boolean enqueued;

        /** Null as long as the reader never had to wait for the queue. */
        private WatchQueueSelector.@Nullable Registration registration;

        private Attachment(NotificationSubscription.Delivery delivery) {
            this.delivery = delivery;
        }

        /** From any thread: the subscription is to be served. */
        void signal() {
            if (isSignalled.compareAndSet(false, true)) {
                ReaderLoop.this.signal(this);
            }
        }
    }

    boolean accepts(WatchQueue queue) {
        return selector.accepts(queue);
    }

    /** From any thread. Nothing happens before the first signal. */
    Attachment attach(NotificationSubscription.Delivery delivery) {
        return new Attachment(delivery);
    }

    private void signal(Attachment attachment) {
        Attachment head;
        do {
            head = signalled.get();
            attachment.next = head;
        } while (!signalled.compareAndSet(head, attachment));
        // Either this sees that the reader waits or failed, or the reader, which says so before it
        // looks a last time, sees this.
        Throwable failed = failure;
        if (failed != null) {
            failAll(takeSignalled(), failed);
        } else if (waiting) {
            try {
                wakeup();
            } catch (Throwable e) {
                // The caller cannot do anything about it. The reader looks at its next wakeup.
                Uncaught.report(e);
            }
        } else {
            pause.end();
        }
    }

    /** From any thread: ends the wait of the reader, or else its next one at once. */
    void wakeup() {
        selector.wakeup();
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
            Attachment attachment = unfinished.remove();
            attachment.enqueued = false;
            serve(attachment);
        }
        await();
    }

    private void await() {
        if (!unfinished.isEmpty()) {
            // If all have a turn already, the kernel has none to report.
            if (unfinished.size() < attached.size()) {
                selector.selectNow(ready);
            }
            return;
        }
        if (pausing && attached.size() == 1) {
            pausing = false;
            pause.sleep(signalled);
        }
        waiting = true;
        if (signalled.get() == null && !unused) {
            selector.select(ready);
        }
        waiting = false;
    }

    private void serveSignalled() {
        taken = takeSignalled();
        Attachment oldest;
        while ((oldest = nextTaken()) != null) {
            // From here on a new signal puts it among the signalled ones again, so the reason for
            // that signal is looked at after this.
            oldest.isSignalled.set(false);
            serve(oldest);
        }
    }

    private @Nullable Attachment nextTaken() {
        Attachment oldest = taken;
        if (oldest != null) {
            taken = oldest.next;
            oldest.next = null;
        }
        return oldest;
    }

    /** Takes all signalled subscriptions, in the order in which they were. */
    private @Nullable Attachment takeSignalled() {
        Attachment newest = signalled.getAndSet(null);
        Attachment oldest = null;
        while (newest != null) {
            Attachment next = newest.next;
            newest.next = oldest;
            oldest = newest;
            newest = next;
        }
        return oldest;
    }

    private void serve(Attachment attachment) {
        NotificationSubscription.Delivery delivery = attachment.delivery;
        // Signals may come late, and must not bring back one that has ended.
        if (delivery.isClosed()) {
            return;
        }
        try {
            attached.add(attachment);
            NextTurn next = delivery.serve();
            pausing = next == NextTurn.AFTER_PAUSE;
            switch (next) {
                case AT_ONCE -> enqueue(attachment);
                case WHEN_READABLE, AFTER_PAUSE -> awaitReadable(attachment, true);
                case WHEN_SIGNALLED -> awaitReadable(attachment, false);
                case NEVER -> {
                    // Before the queue is closed: the kernel would go on reporting it if a forked
                    // child keeps it open.
                    cancel(attachment);
                    delivery.finish();
                }
            }
        } catch (Throwable e) {
            // The other subscriptions go on.
            delivery.fail(e);
        }
        if (delivery.isClosed()) {
            forget(attachment);
        }
    }

    /** Arms the queue, so that it ends the wait when it can be read, or disarms it. */
    private void awaitReadable(Attachment attachment, boolean wanted) {
        WatchQueueSelector.Registration registration = attachment.registration;
        try {
            if (wanted) {
                if (registration == null) {
                    registration = selector.register(attachment.delivery.queue(), attachment);
                    attachment.registration = registration;
                }
                registration.arm();
            } else if (registration != null) {
                registration.disarm();
            }
        } catch (Throwable e) {
            // The queue is no longer of use, but prefetched notifications are still delivered.
            attachment.delivery.end(e);
            enqueue(attachment);
        }
    }

    private static void cancel(Attachment attachment) {
        WatchQueueSelector.Registration registration = attachment.registration;
        attachment.registration = null;
        if (registration != null) {
            Uncaught.run(registration::cancel);
        }
    }

    private void forget(Attachment attachment) {
        cancel(attachment);
        attached.remove(attachment);
        unused = owner.detach(this);
    }

    private void wokenUp(WatchQueueSelector.Registration registration) {
        Attachment attachment = (Attachment) registration.attachment();
        attachment.delivery.wokenUp();
        enqueue(attachment);
    }

    private void enqueue(Attachment attachment) {
        if (!attachment.enqueued) {
            attachment.enqueued = true;
            unfinished.add(attachment);
        }
    }

    /**
     * Waiting itself has failed: all subscriptions get the error, including those that come later.
     */
    private void fail(Throwable error) {
        owner.failed(this);
        List.copyOf(attached).forEach(attachment -> attachment.delivery.fail(error));
        failAll(taken, error);
        // Only now may other threads end the subscriptions that they signal: all that this thread
        // has touched have ended.
        failure = error;
        failAll(takeSignalled(), error);
    }

    private static void failAll(@Nullable Attachment first, Throwable error) {
        Attachment attachment = first;
        while (attachment != null) {
            Attachment next = attachment.next;
            attachment.delivery.fail(error);
            attachment = next;
        }
    }
}
