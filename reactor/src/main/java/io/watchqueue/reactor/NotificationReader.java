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

import reactor.core.scheduler.NonBlocking;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;

/**
 * A thread that waits for any number of kernel queues and emits their notifications: the only
 * thread on which their subscribers are called. Queues take turns of at most 512 notifications.
 * Silent queues and queues without demand cost no time, however many there are.
 *
 * <p>The thread is started by the first subscription and ends with the last, and may be started
 * again after that. Do not block it: a slow subscriber delays all that share the reader. Move slow
 * work elsewhere with {@link
 * reactor.core.publisher.Flux#publishOn(reactor.core.scheduler.Scheduler, int)}, or give the stream
 * a reader of its own. Reactor's blocking operators throw on this thread.
 */
public final class NotificationReader {

    private static final NotificationReader SHARED = create("watchqueue-reader");

    private final Consumer<ReaderLoop> starter;
    private final long pauseNanos;

    /**
     * The loops with the number of their users: one for each kernel, which is one unless tests
     * simulate others.
     */
    private final Map<ReaderLoop, Integer> running = new LinkedHashMap<>();

    NotificationReader(Consumer<ReaderLoop> starter) {
        this(starter, FloodPause.NANOS);
    }

    private NotificationReader(Consumer<ReaderLoop> starter, long pauseNanos) {
        this.starter = starter;
        this.pauseNanos = pauseNanos;
    }

    /**
     * Returns the reader of all streams that name none, with a daemon thread named {@code
     * watchqueue-reader}.
     *
     * @return always the same
     */
    public static NotificationReader shared() {
        return SHARED;
    }

    /**
     * Creates a reader with a thread of its own.
     *
     * @param name the name of its thread, which is a daemon
     * @return a reader with no thread yet
     */
    public static NotificationReader create(String name) {
        Objects.requireNonNull(name, "name");
        return create(loop -> ReaderThreads.daemon(loop, name));
    }

    /**
     * Creates a reader with a thread of its own.
     *
     * <p>Because the thread spends its time in the kernel, it must be a platform thread; a virtual
     * one is refused with an {@link IllegalStateException} to the subscriber that needs it. A
     * thread that is not a daemon keeps the JVM running as long as there are subscriptions. Reactor
     * takes the thread for one that must not block, whether or not it is marked as {@link
     * NonBlocking}.
     *
     * @param threads makes the thread, each time one is needed
     * @return a reader with no thread yet
     */
    public static NotificationReader create(ThreadFactory threads) {
        Objects.requireNonNull(threads, "threads");
        return create(threads, FloodPause.NANOS);
    }

    /** For tests, which need other pauses. */
    static NotificationReader create(ThreadFactory threads, long pauseNanos) {
        return new NotificationReader(loop -> ReaderThreads.start(threads, loop), pauseNanos);
    }

    /**
     * Finds the loop that serves such queues, or starts one. The loop {@linkplain #detach detaches}
     * itself when the subscription has ended.
     */
    synchronized ReaderLoop.Attachment attach(NotificationSubscription.Delivery delivery) {
        WatchQueue queue = delivery.queue();
        for (ReaderLoop loop : running.keySet()) {
            if (loop.accepts(queue)) {
                running.merge(loop, 1, Integer::sum);
                return loop.attach(delivery);
            }
        }
        ReaderLoop loop = start(queue);
        running.put(loop, 1);
        return loop.attach(delivery);
    }

    private ReaderLoop start(WatchQueue queue) {
        WatchQueueSelector selector = WatchQueueSelector.openFor(queue);
        try {
            ReaderLoop loop = new ReaderLoop(selector, this, new FloodPause(pauseNanos));
            starter.accept(loop);
            return loop;
        } catch (Throwable e) {
            selector.close();
            throw e;
        }
    }

    /** Returns true if that loop is no longer used, so that it ends. */
    synchronized boolean detach(ReaderLoop loop) {
        // A loop that failed is no longer among them, and has ended.
        return running.computeIfPresent(loop, (any, users) -> users > 1 ? users - 1 : null) == null;
    }

    synchronized void failed(ReaderLoop loop) {
        running.remove(loop);
    }
}
