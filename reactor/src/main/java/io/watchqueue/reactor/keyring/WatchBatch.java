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

import io.watchqueue.KeyId;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.Watch;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Watches many keys on another thread, one after the other, so that a key under construction holds
 * that thread and not the follower's. Keys whose watch is refused are left out.
 */
final class WatchBatch implements Runnable {

    private final List<KeyId> keys;
    private final Function<KeyId, Watch> place;

    // Under the lock of this.
    private final List<Watch> placed = new ArrayList<>();
    private int begun = -1;
    private CompletableFuture<Watch> current = new CompletableFuture<>();
    private boolean ended;
    private boolean abandoned;

    /**
     * @param place places the watch, and may wait
     */
    WatchBatch(List<KeyId> keys, Function<KeyId, Watch> place) {
        this.keys = keys;
        this.place = place;
    }

    @Override
    public void run() {
        boolean room = true;
        for (int next = 0; room && next < keys.size(); next++) {
            CompletableFuture<Watch> placing = begin(next);
            if (placing == null) {
                return;
            }
            try {
                Watch watch = place.apply(keys.get(next));
                placed(watch);
                placing.complete(watch);
            } catch (Throwable e) {
                placing.completeExceptionally(e);
                room = !(e instanceof ResourceLimitException);
            }
        }
        end();
    }

    private synchronized @Nullable CompletableFuture<Watch> begin(int key) {
        if (abandoned) {
            return null;
        }
        begun = key;
        current = new CompletableFuture<>();
        return current;
    }

    private synchronized void placed(Watch watch) {
        if (!abandoned) {
            placed.add(watch);
        }
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    /** A key whose watch is still being placed. */
    record Stuck(int index, CompletableFuture<Watch> placing) {}

    /**
     * Waits until all are placed, or one takes longer than that. The others after it are not placed
     * then.
     *
     * @return null if all are placed
     */
    synchronized @Nullable Stuck await(long millis) throws InterruptedException {
        int before = begun;
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (!ended) {
            long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
            if (left > 0) {
                wait(left);
            } else if (begun == before) {
                abandoned = true;
                return new Stuck(begun, current);
            } else {
                before = begun;
                deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            }
        }
        return null;
    }

    synchronized List<Watch> placed() {
        return List.copyOf(placed);
    }
}
