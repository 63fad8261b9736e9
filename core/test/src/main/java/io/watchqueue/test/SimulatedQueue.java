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
package io.watchqueue.test;

import io.watchqueue.KeyId;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;

import org.jspecify.annotations.Nullable;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The kernel's side of a queue that was opened on a {@link SimulatedKernel}. After it is closed, it
 * can still be inspected, but nothing can be posted or dropped.
 */
public final class SimulatedQueue {

    private final Simulation simulation;
    private final NotificationPipe pipe;

    SimulatedQueue(Simulation simulation, NotificationPipe pipe) {
        this.simulation = simulation;
        this.pipe = pipe;
    }

    /**
     * Returns how many notifications the queue holds before it drops.
     *
     * @return the requested number, rounded up to whole pages
     */
    public int capacity() {
        return simulation.change(pipe::capacity);
    }

    /**
     * Returns the watches.
     *
     * @return the watched keys with the tags of their watches, in the order in which they were
     *     placed; empty once the queue is closed
     */
    public Map<KeyId, Integer> watches() {
        return simulation.change(
                () -> {
                    Map<KeyId, Integer> tags = new LinkedHashMap<>();
                    pipe.watchList()
                            .forEach(watch -> tags.put(KeyId.of(watch.key().serial), watch.tag()));
                    return tags;
                });
    }

    /**
     * Returns the filter.
     *
     * @return a filter that equals the one that was set; null if everything passes
     */
    public @Nullable NotificationFilter filter() {
        return simulation.<@Nullable NotificationFilter>change(
                () -> {
                    KernelFilter filter = pipe.filter();
                    return filter == null ? null : filter.asGiven();
                });
    }

    /**
     * Returns whether the queue is closed.
     *
     * @return true if both ends of its pipe are closed
     */
    public boolean isClosed() {
        return simulation.change(pipe::isClosed);
    }

    /**
     * Returns how many notifications wait in the queue.
     *
     * @return at most {@link #capacity()}; losses are not counted
     */
    public int queued() {
        return simulation.change(pipe::queued);
    }

    /**
     * Posts a notification, which needs no watch and passes every filter. A full queue drops it.
     *
     * @param notification a notification of any type but a loss
     * @throws IllegalArgumentException if it is a loss; use {@link #postLoss()}
     * @throws IllegalStateException if the queue is closed
     */
    public void post(Notification notification) {
        byte[] message = Messages.of(notification);
        change("post a notification", () -> pipe.put(message));
    }

    /**
     * Posts bytes as a message, to test the handling of a message that no kernel should post.
     *
     * @param message 1 to 127 bytes, not checked
     * @throws IllegalArgumentException if there are none, or more than 127
     * @throws IllegalStateException if the queue is closed
     */
    public void post(byte[] message) {
        if (message.length < 1 || message.length > Messages.LENGTH_MASK) {
            throw new IllegalArgumentException(
                    "post a message: "
                            + message.length
                            + " bytes are not from 1 to "
                            + Messages.LENGTH_MASK);
        }
        byte[] copy = message.clone();
        change("post a message", () -> pipe.put(copy));
    }

    /**
     * Posts a loss, as if the kernel had dropped a notification at this moment. The loss comes
     * after all queued notifications, and wakes a reader that waits. A real kernel drops only while
     * the queue is full; this queue need not be. See {@link #dropNext} to drop the next
     * notifications.
     *
     * @throws IllegalStateException if the queue is closed
     */
    public void postLoss() {
        change("post a loss", pipe::postLoss);
    }

    /**
     * Drops the next notifications of this queue, whatever posts them. The reader gets a loss in
     * their place, as by {@link #postLoss()}, when the last of them is dropped: if it looks at the
     * keys then, it sees them as they are after all these changes.
     *
     * @param notifications how many, 0 or more
     * @throws IllegalArgumentException if the number is negative
     * @throws IllegalStateException if the queue is closed
     */
    public void dropNext(int notifications) {
        if (notifications < 0) {
            throw new IllegalArgumentException(
                    "drop notifications: " + notifications + " is negative");
        }
        change("drop notifications", () -> pipe.dropNext(notifications));
    }

    /**
     * Removes a watch and posts a removal, as the kernel does when the key is destroyed. The key
     * stays.
     *
     * @param key a watched key
     * @throws IllegalArgumentException if the queue does not watch it
     * @throws IllegalStateException if the queue is closed
     */
    public void removeWatch(KeyId key) {
        change(
                "remove the watch on key " + key,
                () -> {
                    SimulatedWatch watch =
                            pipe.watchList().stream()
                                    .filter(one -> one.key().serial == key.value())
                                    .findFirst()
                                    .orElseThrow(
                                            () ->
                                                    new IllegalArgumentException(
                                                            "remove the watch on key "
                                                                    + key
                                                                    + ": this queue watches "
                                                                    + pipe.watchList().stream()
                                                                            .map(
                                                                                    w ->
                                                                                            w.key()
                                                                                                    .serial)
                                                                            .toList()));
                    watch.key().remove(watch);
                });
    }

    private void change(String operation, Runnable action) {
        simulation.change(
                () -> {
                    if (pipe.isClosed()) {
                        throw new IllegalStateException(
                                operation
                                        + ": this queue is closed, and has no reader; use"
                                        + " SimulatedKernel.queue(), which returns an open one");
                    }
                    action.run();
                    return this;
                });
    }

    @Override
    public String toString() {
        return "SimulatedQueue[watches=" + watches() + (isClosed() ? ", closed]" : "]");
    }
}
