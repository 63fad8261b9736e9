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
 * The kernel's side of a queue that was opened on a {@link SimulatedKernel}. It can be looked at
 * when it is closed, but nothing can happen in it any more.
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
     * @return what was asked for, rounded up to whole pages
     */
    public int capacity() {
        return simulation.change(pipe::capacity);
    }

    /**
     * Returns what is watched.
     *
     * @return the keys and the tags of their watches, in the order in which they were placed; empty
     *     once the queue is closed
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
     * Tells whether the queue is closed: both ends of its pipe.
     *
     * @return true if nothing of it is open
     */
    public boolean isClosed() {
        return simulation.change(pipe::isClosed);
    }

    /**
     * Returns what waits in the queue.
     *
     * @return the number of notifications, at most {@link #capacity()}; losses are not counted
     */
    public int queued() {
        return simulation.change(pipe::queued);
    }

    /**
     * Posts a notification as it is, whatever is watched and filtered; dropped if the queue is
     * full.
     *
     * @param notification a notification of any type but a loss
     * @throws IllegalArgumentException if it is a loss, for which there is {@link #overflow()}
     * @throws IllegalStateException if the queue is closed
     */
    public void post(Notification notification) {
        byte[] message = Messages.of(notification);
        change("post a notification", () -> pipe.put(message));
    }

    /**
     * Posts bytes, for what no kernel should ever do.
     *
     * @param message 1 to 127 bytes, of which nothing is checked
     * @throws IllegalArgumentException if there are none, or too many
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
     * Has something be lost here and now: a loss stands behind what is queued, and a reader that
     * has taken that, and waits, is woken for it. The real kernel gets there only by a queue that
     * was full.
     *
     * @throws IllegalStateException if the queue is closed
     */
    public void overflow() {
        change("overflow", pipe::overflow);
    }

    /**
     * Drops the next notifications. A loss stands where they were, and a reader that waits is woken
     * for it, as by {@link #overflow()}, with the last of them: what it finds out then is how
     * things are after all of it.
     *
     * @param notifications how many, at least 0
     * @throws IllegalArgumentException if the number is negative
     * @throws IllegalStateException if the queue is closed
     */
    public void drop(int notifications) {
        if (notifications < 0) {
            throw new IllegalArgumentException(
                    "drop notifications: " + notifications + " is negative");
        }
        change("drop notifications", () -> pipe.drop(notifications));
    }

    /**
     * Removes a watch, as the kernel does when the key is destroyed: a removal is posted.
     *
     * @param key a serial
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
                                        + ": this queue is closed, and nobody would learn of it; use"
                                        + " SimulatedKernel.queue(), which is one that is open");
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
