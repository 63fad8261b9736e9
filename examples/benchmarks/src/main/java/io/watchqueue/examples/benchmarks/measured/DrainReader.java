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
package io.watchqueue.examples.benchmarks.measured;

import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyctl;
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;

/**
 * Empties a full queue, again and again, and prints the time of each round. The reader's own thread
 * fills the queue between two rounds, as in twin.c. Nothing else runs while it reads, and no round
 * begins with waking a thread.
 */
final class DrainReader implements CoreSubscriber<Notification> {

    private final Keyctl keys = Keyctl.system();
    private final ByteBuffer payload = ByteBuffer.allocate(Integer.BYTES);
    private final KeyId key;
    private final int posts;
    private final int each;
    private final int notifications;
    private final long[] nanos;
    private final long[] bytes;
    private final CountDownLatch done = new CountDownLatch(1);
    private int round = -1;
    private int left;
    private long startedAt;
    private long allocatedAtStart;

    /** Stands for the work of a program with a change. */
    private long checksum;

    DrainReader(KeyId key, int posts, int each, int rounds) {
        this.key = key;
        this.posts = posts;
        this.each = each;
        this.notifications = posts * each;
        this.nanos = new long[rounds];
        this.bytes = new long[rounds];
    }

    void run() throws InterruptedException {
        left = each;
        NotificationFlux changes = NotificationFlux.builder().watch(key, 1).build();
        changes.subscribe(this);
        keys.update(key, payload);
        done.await();
        changes.dispose();
        for (int i = 0; i < nanos.length; i++) {
            System.out.println(nanos[i] + " " + bytes[i]);
        }
        if (checksum != (long) key.value() * (each + (long) nanos.length * notifications)) {
            throw new IllegalStateException("received other notifications than were posted");
        }
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onError(Throwable error) {
        throw new IllegalStateException(error);
    }

    @Override
    public void onComplete() {
        // The rounds are over.
    }

    @Override
    public void onNext(Notification notification) {
        checksum += ((KeyNotification) notification).serial();
        if (--left == 0) {
            endRound();
        }
    }

    private void endRound() {
        long now = System.nanoTime();
        if (round >= 0) {
            nanos[round] = now - startedAt;
            bytes[round] = ThreadTimes.allocatedBytes() - allocatedAtStart;
        }
        if (++round == nanos.length) {
            done.countDown();
            return;
        }
        for (int i = 0; i < posts; i++) {
            keys.update(key, payload.rewind());
        }
        left = notifications;
        allocatedAtStart = ThreadTimes.allocatedBytes();
        startedAt = System.nanoTime();
    }
}
