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

import static io.watchqueue.reactor.FakeStreams.QUIET;
import static io.watchqueue.reactor.FakeStreams.SOON;
import static io.watchqueue.reactor.FakeStreams.eventually;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.TestPublisher;
import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.RaceTestUtils;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(300)
class BoundedWithLossTests {

    private final TestPublisher<Notification> source = TestPublisher.create();

    private Flux<Notification> bounded(int capacity) {
        return source.flux().transform(NotificationOperators.boundedWithLoss(capacity));
    }

    private static Notification event(int number) {
        return new KeyNotification(KeyEvent.UPDATED, number, 0, 0);
    }

    private static LossNotification loss(long dropped) {
        return new LossNotification(LossNotification.Origin.SUBSCRIBER, dropped);
    }

    private void emit(int from, int to) {
        for (int number = from; number <= to; number++) {
            source.next(event(number));
        }
    }

    @Test
    void passesOnWhileThereIsDemand() {
        StepVerifier.create(bounded(1))
                .then(() -> source.assertMinRequested(Long.MAX_VALUE))
                .then(() -> emit(1, 3))
                .expectNext(event(1), event(2), event(3))
                .then(source::complete)
                .verifyComplete();
    }

    @Test
    void countsDroppedNotificationsInTheirPlace() {
        StepVerifier.create(bounded(2), 0)
                .then(() -> emit(1, 5))
                .thenRequest(1)
                .expectNext(event(1))
                .then(() -> emit(6, 7))
                .expectNoEvent(QUIET)
                .thenRequest(2)
                .expectNext(event(2), loss(3))
                .thenRequest(2)
                .expectNext(event(6))
                .expectNext(loss(1))
                .then(() -> emit(8, 8))
                .thenRequest(1)
                .expectNext(event(8))
                .thenCancel()
                .verify(SOON);
        source.assertCancelled();
    }

    @Test
    void aLossAtTheEndNeedsNoFurtherEvent() {
        StepVerifier.create(bounded(1), 0)
                .then(() -> emit(1, 10))
                .then(source::complete)
                .thenRequest(1)
                .expectNext(event(1))
                .expectNoEvent(QUIET)
                .thenRequest(1)
                .expectNext(loss(9))
                .verifyComplete();
    }

    @Test
    void aDroppedLossIsAddedAndOneOfTheKernelMakesTheNumberUnknown() {
        StepVerifier.create(bounded(1), 0)
                .then(() -> source.next(event(1), loss(20), event(2)))
                .thenRequest(2)
                .expectNext(event(1), loss(21))
                .then(() -> source.next(event(3), new LossNotification()))
                .thenRequest(1)
                .expectNext(event(3))
                .then(() -> source.next(event(4)))
                .thenRequest(2)
                .expectNext(loss(LossNotification.UNKNOWN), event(4))
                .then(() -> source.next(event(5), new LossNotification(), event(6)))
                .thenRequest(2)
                .expectNext(event(5), loss(LossNotification.UNKNOWN))
                .then(() -> source.next(event(7), event(8), event(9), new LossNotification()))
                .thenRequest(2)
                .expectNext(event(7), loss(LossNotification.UNKNOWN))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void signalsAnErrorAfterQueuedNotifications() {
        StepVerifier.create(bounded(5), 0)
                .then(() -> emit(1, 2))
                .then(() -> source.error(new IllegalStateException("broken")))
                .expectNoEvent(QUIET)
                .thenRequest(2)
                .expectNext(event(1), event(2))
                .verifyErrorMessage("broken");
    }

    @Test
    void anErrorNeedsNoDemand() {
        StepVerifier.create(bounded(1), 0)
                .then(() -> source.error(new IllegalStateException("broken")))
                .expectErrorMessage("broken")
                .verify(SOON);
    }

    /**
     * Requests one more from within onNext, and, unlike Reactor's own subscribers, hides no mistake
     * of the upstream.
     */
    private static final class Strict implements CoreSubscriber<Notification> {
        final List<Subscription> subscriptions = new ArrayList<>();
        final List<String> calls = new ArrayList<>();

        void request() {
            subscriptions.get(0).request(1);
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscriptions.add(subscription);
        }

        @Override
        public void onNext(Notification notification) {
            calls.add("in");
            request();
            calls.add("out");
        }

        @Override
        public void onError(Throwable error) {
            calls.add("error");
        }

        @Override
        public void onComplete() {
            calls.add("complete");
        }
    }

    private enum Callback {
        ON_SUBSCRIBE,
        ON_NEXT,
        ON_ERROR,
        ON_COMPLETE
    }

    private static final class Throwing implements CoreSubscriber<Notification> {
        final List<Callback> calls = new ArrayList<>();
        private final Callback from;

        Throwing(Callback from) {
            this.from = from;
        }

        private void called(Callback callback) {
            calls.add(callback);
            if (callback == from) {
                throw new IllegalStateException("thrown");
            }
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
            called(Callback.ON_SUBSCRIBE);
        }

        @Override
        public void onNext(Notification notification) {
            called(Callback.ON_NEXT);
        }

        @Override
        public void onError(Throwable error) {
            called(Callback.ON_ERROR);
        }

        @Override
        public void onComplete() {
            called(Callback.ON_COMPLETE);
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void aSubscriberThatThrowsHarmsNobodyThatSharesTheSource(Callback from) {
        Flux<Notification> shared =
                source.flux()
                        .publish(16)
                        .refCount()
                        .transform(NotificationOperators.boundedWithLoss(2));
        List<Throwable> uncaught = new ArrayList<>();
        Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
        try {
            Throwing throwing = new Throwing(from);
            TestSubscriber<Notification> healthy = TestSubscriber.create();
            shared.subscribe(healthy);
            shared.subscribe(throwing);
            emit(1, 3);
            if (from == Callback.ON_ERROR) {
                source.error(new IllegalStateException("broken"));
            } else {
                source.complete();
            }
            assertThat(healthy.getReceivedOnNext()).containsExactly(event(1), event(2), event(3));
            assertThat(healthy.isTerminated()).isTrue();
            assertThat(throwing.calls)
                    .isEqualTo(
                            switch (from) {
                                case ON_SUBSCRIBE -> List.of(from, Callback.ON_ERROR);
                                case ON_NEXT -> List.of(Callback.ON_SUBSCRIBE, from);
                                case ON_ERROR, ON_COMPLETE ->
                                        List.of(
                                                Callback.ON_SUBSCRIBE,
                                                Callback.ON_NEXT,
                                                Callback.ON_NEXT,
                                                Callback.ON_NEXT,
                                                from);
                            });
            assertThat(uncaught).hasSize(from == Callback.ON_SUBSCRIBE ? 0 : 1);
        } finally {
            Thread.currentThread().setUncaughtExceptionHandler(null);
        }
    }

    @Test
    void signalsTheEndOnce() {
        Strict subscriber = new Strict();
        bounded(1).subscribe(subscriber);
        source.complete();
        subscriber.request();
        assertThat(subscriber.calls).containsExactly("complete");
    }

    @Test
    void requestsFromWithinOnNextDoNotNest() {
        Strict subscriber = new Strict();
        bounded(2).subscribe(subscriber);
        emit(1, 2);
        subscriber.request();
        assertThat(subscriber.calls).containsExactly("in", "out", "in", "out");
    }

    @Test
    void dropsSignalsAfterTheEnd() {
        TestPublisher<Notification> careless =
                TestPublisher.createNoncompliant(TestPublisher.Violation.CLEANUP_ON_TERMINATE);
        StepVerifier.create(careless.flux().transform(NotificationOperators.boundedWithLoss(1)))
                .then(careless::complete)
                .then(() -> careless.next(event(1)))
                .then(() -> careless.error(new IllegalStateException("late")))
                .expectComplete()
                .verifyThenAssertThat(SOON)
                .hasDropped(event(1))
                .hasDroppedErrorWithMessage("late");
    }

    @Test
    void aSecondSubscriptionIsCancelled() {
        AtomicBoolean cancelled = new AtomicBoolean();
        Strict strict = new Strict();
        Flux.<Notification>from(
                        subscriber -> {
                            subscriber.onSubscribe(Operators.emptySubscription());
                            subscriber.onSubscribe(
                                    new Subscription() {
                                        @Override
                                        public void request(long n) {}

                                        @Override
                                        public void cancel() {
                                            cancelled.set(true);
                                        }
                                    });
                        })
                .transform(NotificationOperators.boundedWithLoss(1))
                .subscribe(strict);
        assertThat(cancelled).isTrue();
        assertThat(strict.subscriptions).hasSize(1);
    }

    @Test
    void refusesADemandThatIsNotPositive() {
        List<Notification> received = new ArrayList<>();
        bounded(1)
                .subscribe(
                        new BaseSubscriber<>() {
                            @Override
                            protected void hookOnSubscribe(Subscription subscription) {
                                subscription.request(0);
                                subscription.request(-1);
                            }

                            @Override
                            protected void hookOnNext(Notification notification) {
                                received.add(notification);
                            }
                        });
        emit(1, 1);
        assertThat(received).isEmpty();
    }

    @Test
    void discardsDroppedNotificationsAndTheQueueOfACancelledSubscriber() {
        List<Notification> discarded = new CopyOnWriteArrayList<>();
        StepVerifier.create(bounded(2).doOnDiscard(Notification.class, discarded::add), 0)
                .then(() -> emit(1, 3))
                .thenCancel()
                .verify(SOON);
        assertThat(discarded).containsExactly(event(3), event(1), event(2), loss(1));
    }

    @Test
    void cancellingFromWithinOnNextStopsAtOnce() {
        List<Notification> received = new ArrayList<>();
        List<Notification> discarded = new ArrayList<>();
        BaseSubscriber<Notification> subscriber =
                new BaseSubscriber<>() {
                    @Override
                    protected void hookOnSubscribe(Subscription subscription) {}

                    @Override
                    protected void hookOnNext(Notification notification) {
                        received.add(notification);
                        cancel();
                    }
                };
        bounded(10).doOnDiscard(Notification.class, discarded::add).subscribe(subscriber);
        emit(1, 3);
        subscriber.request(10);
        assertThat(received).containsExactly(event(1));
        assertThat(discarded).containsExactly(event(2), event(3));
        source.assertCancelled();
    }

    @Test
    void cancelsTheSourceAtTheLastOfTake() {
        StepVerifier.create(bounded(10).take(2, false))
                .then(() -> emit(1, 2))
                .expectNext(event(1), event(2))
                .verifyComplete();
        source.assertCancelled();
    }

    @Test
    void onlyTheSlowSubscriberOfAShareLosesAndGetsALoss() {
        Sinks.Many<Notification> kernel = Sinks.many().multicast().onBackpressureBuffer(4);
        Flux<Notification> shared = kernel.asFlux().publish(4).refCount(2);
        TestSubscriber<Notification> slow = TestSubscriber.builder().initialRequest(1).build();
        shared.transform(NotificationOperators.boundedWithLoss(3)).subscribe(slow);
        TestSubscriber<Notification> fast = TestSubscriber.create();
        shared.transform(NotificationOperators.boundedWithLoss(3)).subscribe(fast);
        for (int number = 1; number <= 20; number++) {
            assertThat(kernel.tryEmitNext(event(number)).isSuccess()).isTrue();
        }
        assertThat(fast.getReceivedOnNext()).hasSize(20);
        slow.request(10);
        assertThat(slow.getReceivedOnNext())
                .containsExactly(event(1), event(2), event(3), event(4), loss(16));
        slow.cancel();
        fast.cancel();
    }

    @Test
    void canBeScanned() {
        List<Scannable> found = new ArrayList<>();
        TestSubscriber<Notification> subscriber =
                TestSubscriber.builder().initialRequest(0).build();
        Flux<Notification> bounded = bounded(7);
        bounded.doOnSubscribe(s -> found.add(Scannable.from(s))).subscribe(subscriber);
        emit(1, 3);
        Scannable scanned = found.get(0);
        assertThat(scanned.scan(Scannable.Attr.CAPACITY)).isEqualTo(7);
        assertThat(scanned.scan(Scannable.Attr.BUFFERED)).isEqualTo(3);
        assertThat(scanned.scan(Scannable.Attr.REQUESTED_FROM_DOWNSTREAM)).isZero();
        assertThat(scanned.scan(Scannable.Attr.CANCELLED)).isFalse();
        assertThat(scanned.scan(Scannable.Attr.TERMINATED)).isFalse();
        assertThat(scanned.scan(Scannable.Attr.PARENT)).isNotNull();
        assertThat(scanned.scan(Scannable.Attr.ACTUAL)).isNotNull();
        assertThat(Scannable.from(bounded).scan(Scannable.Attr.RUN_STYLE))
                .isEqualTo(Scannable.Attr.RunStyle.SYNC);
        assertThat(Scannable.from(bounded).scan(Scannable.Attr.PARENT)).isNotNull();
        assertThat(scanned.scan(Scannable.Attr.RUN_STYLE)).isEqualTo(Scannable.Attr.RunStyle.SYNC);
        assertThat(scanned.scan(Scannable.Attr.ERROR)).isNull();
        assertThat(scanned.scanUnsafe(Scannable.Attr.DELAY_ERROR)).isNull();
        subscriber.request(7);
        assertThat(scanned.scan(Scannable.Attr.REQUESTED_FROM_DOWNSTREAM)).isEqualTo(4);
        subscriber.cancel();
        assertThat(scanned.scan(Scannable.Attr.CANCELLED)).isTrue();
        assertThat(scanned.scan(Scannable.Attr.BUFFERED)).isZero();
        assertThat(scanned.scan(Scannable.Attr.TERMINATED)).isFalse();
    }

    @Test
    void itsEndCanBeScanned() {
        List<Scannable> found = new ArrayList<>();
        StepVerifier.create(bounded(1).doOnSubscribe(s -> found.add(Scannable.from(s))))
                .then(() -> source.error(new IllegalStateException("broken")))
                .expectErrorMessage("broken")
                .verify(SOON);
        assertThat(found.get(0).scan(Scannable.Attr.TERMINATED)).isTrue();
        assertThat(found.get(0).scan(Scannable.Attr.CANCELLED)).isFalse();
        assertThat(found.get(0).scan(Scannable.Attr.ERROR)).hasMessage("broken");
    }

    @Test
    void refusesACapacityThatIsNotPositive() {
        assertThatThrownBy(() -> NotificationOperators.boundedWithLoss(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("capacity 0");
    }

    /**
     * The received notifications and the numbers of the losses add up to the notifications that
     * were sent, in order.
     */
    @Test
    void countsEveryLossWhileRequestsRace() {
        Random random = new Random(11);
        for (int round = 0; round < 300; round++) {
            TestPublisher<Notification> publisher = TestPublisher.create();
            TestSubscriber<Notification> subscriber =
                    TestSubscriber.builder().initialRequest(0).build();
            publisher
                    .flux()
                    .transform(NotificationOperators.boundedWithLoss(1 + random.nextInt(8)))
                    .subscribe(subscriber);
            int sent = 200;
            RaceTestUtils.race(
                    () -> {
                        for (int number = 1; number <= sent; number++) {
                            publisher.next(event(number));
                        }
                        publisher.complete();
                    },
                    () -> {
                        for (int i = 0; i < 50; i++) {
                            subscriber.request(1 + i % 3);
                        }
                    },
                    () -> {
                        for (int i = 0; i < 50; i++) {
                            subscriber.request(1);
                        }
                    });
            subscriber.request(Long.MAX_VALUE);
            eventually(subscriber::isTerminatedComplete);
            assertThat(subscriber.getProtocolErrors()).isEmpty();
            assertThatItAddsUp(subscriber.getReceivedOnNext(), sent);
        }
    }

    private static void assertThatItAddsUp(List<Notification> received, int sent) {
        int expected = 1;
        for (Notification notification : received) {
            if (notification instanceof LossNotification loss) {
                assertThat(loss.origin()).isEqualTo(LossNotification.Origin.SUBSCRIBER);
                expected += (int) loss.dropped();
            } else {
                assertThat(notification).isEqualTo(event(expected));
                expected++;
            }
        }
        assertThat(expected).isEqualTo(sent + 1);
    }
}
