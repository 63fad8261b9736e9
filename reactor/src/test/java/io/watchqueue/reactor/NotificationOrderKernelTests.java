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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.internal.Background;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The promise, on the real kernel: for demand of any pattern, each event is received once and in
 * order, or covered by a loss that stands where it is missing.
 */
@Timeout(600)
class NotificationOrderKernelTests {

    private static final int KEYS = 499;
    private static final int LAST_TAG = 1;
    private static final long SEED = 20261123;

    private final TestKeys test = new TestKeys();

    @AfterEach
    void removeKeys() {
        test.close();
    }

    /** The change of an event's key: random, but known to the poster and the checker. */
    private static KeyEvent kind(int event) {
        return (new SplittableRandom(SEED + event).nextInt() & 7) == 0
                ? KeyEvent.UPDATED
                : KeyEvent.SETATTR;
    }

    @ParameterizedTest(name = "from within onNext: {0}, capacity {1}, prefetch {2}")
    @CsvSource({"true, 512, 0", "false, 512, 0", "false, 32, 0", "false, 512, 2000"})
    void eachEventIsReceivedOnceAndInOrderOrCoveredByALoss(
            boolean fromOnNext, int capacity, int prefetch) throws Exception {
        receive(20_000, fromOnNext, capacity, prefetch);
    }

    @ParameterizedTest(name = "from within onNext: {0}, capacity {1}, prefetch {2}")
    @CsvSource({"true, 512, 0", "false, 512, 0", "false, 32, 0", "false, 512, 2000"})
    @Tag("proof")
    void eachOfAMillionEventsIsReceivedOnceAndInOrderOrCoveredByALoss(
            boolean fromOnNext, int capacity, int prefetch) throws Exception {
        receive(270_000, fromOnNext, capacity, prefetch);
    }

    private void receive(int events, boolean fromOnNext, int capacity, int prefetch)
            throws Exception {
        List<KeyId> keys = test.add(KEYS);
        KeyId last = test.add("last");
        Checker checker = new Checker(keys);
        RandomDemand subscriber = new RandomDemand(checker, fromOnNext);
        NotificationFlux.Builder builder =
                NotificationFlux.builder()
                        .capacity(capacity)
                        .prefetch(prefetch)
                        .watch(last, LAST_TAG);
        keys.forEach(builder::watch);
        NotificationFlux flux = builder.build();
        flux.subscribe(subscriber);
        CompletableFuture<Void> requesting = Background.run(subscriber::requestUntilTheEnd);
        for (int event = 0; event < events; event++) {
            KeyId key = keys.get(event % KEYS);
            if (kind(event) == KeyEvent.UPDATED) {
                test.update(key);
            } else {
                test.post(key, 1);
            }
            checker.posted = event + 1;
        }
        do {
            // More than once, because it may be dropped itself.
            test.post(last, 1);
        } while (!subscriber.ended.await(20, TimeUnit.MILLISECONDS));
        requesting.get(60, TimeUnit.SECONDS);
        flux.dispose();
        flux.onDispose().block();
        assertThat(checker.mistakes).isEmpty();
        assertThat(checker.received).isGreaterThan(KEYS);
    }

    /**
     * Requests some now and then, so that the kernel's queue is full at times and empty at others.
     */
    private static final class RandomDemand extends BaseSubscriber<Notification> {
        final CountDownLatch ended = new CountDownLatch(1);
        private final Checker checker;
        private final boolean fromOnNext;
        private final Random random = new Random(SEED);
        private final AtomicLong outstanding = new AtomicLong();

        RandomDemand(Checker checker, boolean fromOnNext) {
            this.checker = checker;
            this.fromOnNext = fromOnNext;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            if (fromOnNext) {
                requestSome();
            }
        }

        @Override
        protected void hookOnError(Throwable error) {
            checker.mistakes.add(error.toString());
            ended.countDown();
        }

        void requestUntilTheEnd() {
            while (!fromOnNext && ended.getCount() > 0) {
                requestSome();
                LockSupport.parkNanos(random.nextInt(3_000_000));
            }
        }

        private void requestSome() {
            int more = random.nextInt(4) == 0 ? 1 : 1 + random.nextInt(600);
            outstanding.addAndGet(more);
            request(more);
        }

        @Override
        protected void hookOnNext(Notification notification) {
            long left = outstanding.decrementAndGet();
            if (left < 0) {
                checker.mistakes.add("more than was requested: " + -left);
            }
            if (notification.watchTag() == LAST_TAG) {
                checker.end();
                ended.countDown();
                cancel();
                return;
            }
            checker.next(notification);
            if (fromOnNext && left == 0) {
                if (random.nextInt(20) == 0) {
                    LockSupport.parkNanos(random.nextInt(5_000_000));
                }
                requestSome();
            }
        }
    }

    /**
     * Knows which event comes next. After a loss several are possible, until later events decide.
     */
    private static final class Checker {
        final List<String> mistakes = new ArrayList<>();
        private final Map<Integer, Integer> indexes = new HashMap<>();

        /** How many were posted, of which the last may not be counted yet. */
        volatile int posted;

        int received;

        /** The possible indexes of the last event. */
        private List<Integer> candidates = List.of(-1);

        private boolean lost;

        Checker(List<KeyId> keys) {
            for (KeyId key : keys) {
                indexes.put(key.value(), indexes.size());
            }
        }

        void next(Notification notification) {
            if (notification instanceof LossNotification) {
                if (lost) {
                    mistakes.add("two losses in one place, after one of " + candidates);
                }
                lost = true;
                return;
            }
            received++;
            KeyNotification change = (KeyNotification) notification;
            List<Integer> possible = new ArrayList<>();
            if (lost) {
                int first = candidates.get(0) + 2;
                int ahead = Math.floorMod(indexes.get(change.serial()) - first, KEYS);
                for (int event = first + ahead; event <= posted; event += KEYS) {
                    add(event, change, possible);
                }
            } else {
                for (int before : candidates) {
                    add(before + 1, change, possible);
                }
            }
            if (possible.isEmpty() && mistakes.size() < 10) {
                mistakes.add(change + " after " + candidates + (lost ? " and a loss" : ""));
            }
            lost = possible.isEmpty();
            candidates = lost ? candidates : possible;
        }

        private void add(int event, KeyNotification change, List<Integer> possible) {
            if (event % KEYS == indexes.get(change.serial()) && kind(event) == change.event()) {
                possible.add(event);
            }
        }

        void end() {
            if (!lost && !candidates.contains(posted - 1)) {
                mistakes.add("the end is missing after one of " + candidates);
            }
        }
    }
}
