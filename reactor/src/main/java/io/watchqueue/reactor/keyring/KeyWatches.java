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
package io.watchqueue.reactor.keyring;

import io.watchqueue.AlreadyWatchedException;
import io.watchqueue.KeyId;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Notification;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.Watch;
import io.watchqueue.reactor.ReactiveWatchQueue;
import io.watchqueue.reactor.internal.Log;

import org.jspecify.annotations.Nullable;

import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The watches of a follower on one queue, each with its tag. Notifications with another tag are of
 * an earlier watch on that key. For the follower's thread only.
 */
final class KeyWatches {

    /** The result of an attempt to watch a key. */
    enum Outcome {
        WATCHED,
        /** The key grants no View, or is revoked, expired or gone. */
        REFUSED,
        /** There is no room for another watch. */
        FULL,
        /** The key is under construction; it is watched when it has been instantiated. */
        PENDING
    }

    private static final Log LOG = Log.of(KeyWatches.class);
    private static final int LAST_TAG = 255;

    /**
     * How long the follower waits for the kernel to place a watch, which it does at once unless the
     * key is under construction or there is no room.
     */
    private static final int PATIENCE_MILLIS = 200;

    private final ReactiveWatchQueue queue;
    private final int limit;
    private final Consumer<KeyId> instantiated;
    private final Map<KeyId, Watch> present = new HashMap<>();
    private final Map<KeyId, CompletableFuture<Watch>> pending = new HashMap<>();

    /** A stuck batch may still take one. */
    private final AtomicInteger tags = new AtomicInteger();

    private boolean full;
    private boolean reported;

    /**
     * @param instantiated is called, on another thread, when a key that was under construction is
     *     so no longer
     */
    KeyWatches(ReactiveWatchQueue queue, int limit, Consumer<KeyId> instantiated) {
        this.queue = queue;
        this.limit = limit;
        this.instantiated = instantiated;
    }

    boolean has(KeyId key) {
        return present.containsKey(key);
    }

    /** Whether a notification of a key comes from its present watch. */
    boolean isPresent(KeyId key, Notification notification) {
        Watch watch = present.get(key);
        return watch != null && watch.tag() == notification.watchTag();
    }

    /** The removal of the present watch has arrived. */
    void removed(KeyId key) {
        present.remove(key);
    }

    /** Tries again to place watches for which there was no room. */
    void tryAgain() {
        full = false;
    }

    /**
     * Watches a key whose state is known: the call returns at once.
     *
     * @throws KeyPermissionException if it grants no View
     * @throws KeyUnavailableException if it does not exist, or is revoked or expired
     * @throws ResourceLimitException if there is no room
     */
    void placeRoot(KeyId key) {
        present.put(key, queue.watch(key, nextTag()).block());
    }

    /** Watches many keys, faster than one by one. Those that are refused are left out. */
    void placeAll(Collection<KeyId> keys) {
        List<KeyId> left =
                keys.stream()
                        .filter(key -> !present.containsKey(key) && !pending.containsKey(key))
                        .limit(Math.max(0, room()))
                        .toList();
        while (left.size() > 1 && !full) {
            WatchBatch batch =
                    new WatchBatch(
                            left,
                            key -> Objects.requireNonNull(queue.watch(key, nextTag()).block()));
            Disposable running = Schedulers.boundedElastic().schedule(batch);
            try {
                WatchBatch.Stuck stuck = batch.await(PATIENCE_MILLIS);
                batch.placed().forEach(watch -> present.put(watch.key(), watch));
                if (stuck == null) {
                    return;
                }
                // It had not begun, or its key is under construction.
                if (stuck.index() >= 0) {
                    await(left.get(stuck.index()), stuck.placing());
                }
                left = left.subList(stuck.index() + 1, left.size());
            } catch (InterruptedException e) {
                // The follower is being cancelled, and closes the queue with the watches.
                running.dispose();
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Watches a key, unless it is watched. */
    Outcome place(KeyId key) {
        if (present.containsKey(key)) {
            return Outcome.WATCHED;
        }
        CompletableFuture<Watch> begun = pending.get(key);
        if (begun != null && !begun.isDone()) {
            return Outcome.PENDING;
        }
        // After one refusal for lack of room, do not try the others: each try waits for room.
        if (begun == null && (full || room() <= 0)) {
            reportFull("the limit is " + limit + " watches");
            return Outcome.FULL;
        }
        // The removal of an earlier watch on the key may wait in the queue with the first tag.
        for (int attempt = 1; attempt <= 2; attempt++) {
            begun = pending.remove(key);
            if (begun == null) {
                begun = begin(key);
            }
            try {
                present.put(key, begun.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS));
                return Outcome.WATCHED;
            } catch (TimeoutException e) {
                await(key, begun);
                return Outcome.PENDING;
            } catch (InterruptedException e) {
                // The follower is being cancelled, and closes the queue with the watch.
                Thread.currentThread().interrupt();
                return Outcome.REFUSED;
            } catch (ExecutionException e) {
                Outcome refused = refused(key, e.getCause());
                if (refused != null) {
                    return refused;
                }
            }
        }
        return has(key) ? Outcome.WATCHED : Outcome.REFUSED;
    }

    /** A key under construction takes its watch as soon as it is instantiated. */
    private int room() {
        return limit - present.size() - pending.size();
    }

    private CompletableFuture<Watch> begin(KeyId key) {
        CompletableFuture<Watch> begun = new CompletableFuture<>();
        queue.watch(key, nextTag())
                .subscribeOn(Schedulers.boundedElastic())
                .subscribe(begun::complete, begun::completeExceptionally);
        return begun;
    }

    private void await(KeyId key, CompletableFuture<Watch> begun) {
        pending.put(key, begun);
        CompletableFuture<Watch> unused =
                begun.whenComplete((watch, failure) -> instantiated.accept(key));
    }

    /** Returns null if another tag may do. */
    private @Nullable Outcome refused(KeyId key, @Nullable Throwable cause) {
        if (cause instanceof AlreadyWatchedException) {
            takeUpKept(key);
            return has(key) ? Outcome.WATCHED : null;
        }
        if (cause instanceof KeyPermissionException || cause instanceof KeyUnavailableException) {
            takeUpKept(key);
            return has(key) ? Outcome.WATCHED : Outcome.REFUSED;
        }
        if (cause instanceof ResourceLimitException) {
            reportFull(String.valueOf(cause.getMessage()));
            return Outcome.FULL;
        }
        throw cause instanceof RuntimeException failure
                ? failure
                : new IllegalStateException("watch key " + key, cause);
    }

    /**
     * The kernel does not remove the watch of a key that grants no View, is revoked or has expired.
     * If it was dropped in that state and is linked again, it still has its earlier watch and tag.
     */
    private void takeUpKept(KeyId key) {
        queue.watches().stream()
                .filter(watch -> watch.key().equals(key))
                .forEach(watch -> present.put(key, watch));
    }

    private void reportFull(String reason) {
        full = true;
        if (!reported) {
            reported = true;
            LOG.warn("not all keys can be watched; the others are looked at instead: " + reason);
        }
    }

    /** Removes the watches of all other keys. */
    void retain(Predicate<KeyId> followed) {
        present.keySet().stream().filter(followed.negate()).toList().forEach(this::remove);
    }

    /** Removes the watch of a key that is no longer followed. */
    void remove(KeyId key) {
        Watch watch = present.remove(key);
        if (watch != null) {
            watch.close();
            full = false;
        }
        dropPlaced(key);
    }

    /** Removes a watch that was placed after its key was no longer followed. */
    void dropPlaced(KeyId key) {
        CompletableFuture<Watch> begun = pending.get(key);
        if (begun != null && begun.isDone()) {
            pending.remove(key);
            if (!begun.isCompletedExceptionally()) {
                begun.join().close();
            }
        }
    }

    private int nextTag() {
        return tags.getAndIncrement() & LAST_TAG;
    }
}
