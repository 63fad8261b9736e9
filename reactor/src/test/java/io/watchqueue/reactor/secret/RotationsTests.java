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
package io.watchqueue.reactor.secret;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;

import org.junit.jupiter.api.Test;
import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.test.subscriber.TestSubscriber;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;

/** The stream of reports, on a scheduler that works when a test lets it. */
class RotationsTests {

    private final Queue<Runnable> work = new ArrayDeque<>();
    private final Scheduler scheduler = Schedulers.fromExecutor(work::add);
    private final Rotations rotations = new Rotations(scheduler);

    private void report(long version) {
        rotations.report(loaded(version));
        rotations.signal();
    }

    private static Rotation loaded(long version) {
        return new Rotation.Loaded(KeyId.of(1), version);
    }

    private void work() {
        for (Runnable next = work.poll(); next != null; next = work.poll()) {
            next.run();
        }
    }

    private TestSubscriber<Rotation> subscribe(long demand) {
        TestSubscriber<Rotation> subscriber =
                demand == Long.MAX_VALUE
                        ? TestSubscriber.builder().initialRequestUnbounded().build()
                        : TestSubscriber.builder().initialRequest(demand).build();
        rotations.subscribe(subscriber);
        return subscriber;
    }

    @Test
    void signalsOnTheSchedulerOnly() {
        report(1);
        TestSubscriber<Rotation> subscriber = subscribe(Long.MAX_VALUE);
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(1));
        report(2);
        assertThat(subscriber.getReceivedOnNext()).hasSize(1);
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(1), loaded(2));
    }

    @Test
    void emitsEachReportOnceAndNothingBeforeTheFirst() {
        TestSubscriber<Rotation> subscriber = subscribe(Long.MAX_VALUE);
        work();
        rotations.signal();
        work();
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        report(1);
        rotations.signal();
        work();
        rotations.signal();
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(1));
    }

    @Test
    void emitsAsMuchAsIsRequestedAndTheLatest() {
        TestSubscriber<Rotation> subscriber = subscribe(0);
        report(1);
        work();
        report(2);
        work();
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        subscriber.request(2);
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(2));
        report(3);
        work();
        report(4);
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(2), loaded(3));
        subscriber.request(Long.MAX_VALUE);
        work();
        assertThat(subscriber.getReceivedOnNext()).containsExactly(loaded(2), loaded(3), loaded(4));
    }

    @Test
    void schedulesOneLookForManySignals() {
        subscribe(Long.MAX_VALUE);
        for (int version = 1; version <= 100; version++) {
            report(version);
        }
        assertThat(work).hasSize(1);
    }

    @Test
    void completesWithoutDemand() {
        TestSubscriber<Rotation> subscriber = subscribe(0);
        work();
        report(1);
        rotations.complete();
        rotations.signal();
        work();
        assertThat(subscriber.isTerminatedComplete()).isTrue();
        TestSubscriber<Rotation> late = subscribe(0);
        work();
        assertThat(late.isTerminatedComplete()).isTrue();
    }

    @Test
    void signalsNothingAfterACancel() {
        TestSubscriber<Rotation> subscriber = subscribe(Long.MAX_VALUE);
        work();
        report(1);
        subscriber.cancel();
        rotations.complete();
        rotations.signal();
        work();
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        assertThat(subscriber.isTerminated()).isFalse();
        report(2);
        assertThat(work).isEmpty();
    }

    @Test
    void forgetsASubscriberThatCancelsWhenItSubscribes() {
        rotations.subscribe(
                new BaseSubscriber<Rotation>() {
                    @Override
                    protected void hookOnSubscribe(Subscription subscription) {
                        subscription.request(1);
                        subscription.cancel();
                    }
                });
        work();
        report(1);
        assertThat(work).isEmpty();
    }

    @Test
    void aSubscriberThatThrowsEndsAlone() {
        List<Throwable> thrown = new ArrayList<>();
        Thread here = Thread.currentThread();
        Thread.UncaughtExceptionHandler before = here.getUncaughtExceptionHandler();
        here.setUncaughtExceptionHandler((thread, e) -> thrown.add(e));
        try {
            List<Rotation> received = new ArrayList<>();
            rotations.subscribe(
                    new BaseSubscriber<Rotation>() {
                        @Override
                        protected void hookOnNext(Rotation rotation) {
                            received.add(rotation);
                            throw new OutOfMemoryError("of the subscriber");
                        }
                    });
            TestSubscriber<Rotation> other = subscribe(Long.MAX_VALUE);
            report(1);
            work();
            report(2);
            work();
            assertThat(received).containsExactly(loaded(1));
            assertThat(other.getReceivedOnNext()).containsExactly(loaded(1), loaded(2));
            assertThat(thrown).singleElement().isInstanceOf(OutOfMemoryError.class);
        } finally {
            here.setUncaughtExceptionHandler(before);
        }
    }

    @Test
    void completesIfTheSchedulerIsDisposedOf() {
        TestSubscriber<Rotation> subscriber = subscribe(Long.MAX_VALUE);
        work();
        scheduler.dispose();
        report(1);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
        report(2);
    }

    @Test
    void failsIfTheSchedulerHasNoRoom() {
        Scheduler full = Schedulers.newBoundedElastic(1, 1, "full");
        CountDownLatch begin = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        try {
            full.schedule(
                    () -> {
                        begin.countDown();
                        await(end);
                    });
            await(begin);
            Rotations refused = new Rotations(full);
            TestSubscriber<Rotation> first = TestSubscriber.create();
            refused.subscribe(first);
            TestSubscriber<Rotation> second = TestSubscriber.create();
            refused.subscribe(second);
            assertThat(second.expectTerminalError()).isInstanceOf(RejectedExecutionException.class);
            assertThat(first.isTerminated()).isFalse();
        } finally {
            end.countDown();
            full.dispose();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void signalsNothingIfItWasCancelledBeforeTheSchedulerRefusesWork() {
        AtomicReference<Subscription> subscription = new AtomicReference<>();
        List<String> signals = new ArrayList<>();
        rotations.subscribe(
                new BaseSubscriber<Rotation>() {
                    @Override
                    protected void hookOnSubscribe(Subscription upstream) {
                        subscription.set(upstream);
                    }

                    @Override
                    protected void hookFinally(SignalType type) {
                        signals.add(type.toString());
                    }
                });
        work();
        scheduler.dispose();
        subscription.get().cancel();
        subscription.get().request(1);
        report(1);
        assertThat(signals).isEmpty();
    }
}
