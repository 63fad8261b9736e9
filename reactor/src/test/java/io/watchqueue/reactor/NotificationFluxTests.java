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
import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.range;
import static io.watchqueue.reactor.FakeStreams.serial;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.FakeQueues;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFormatException;
import io.watchqueue.RemovalNotification;
import io.watchqueue.WatchQueueException;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.Scannable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.RaceTestUtils;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(300)
class NotificationFluxTests {

    private final FakeStreams streams = new FakeStreams();
    private final FakeKernel kernel = streams.kernel;
    private final NotificationFlux flux = streams.flux();

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        flux.dispose();
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void deliversInOrderWithUnboundedDemand() {
        StepVerifier.create(flux.map(FakeStreams::serial))
                .then(() -> streams.post(1, 32))
                .expectNextSequence(range(1, 32))
                .then(() -> streams.post(33, 40))
                .expectNextSequence(range(33, 40))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void deliversNoMoreThanIsDemanded() {
        StepVerifier.create(flux.map(FakeStreams::serial), 0)
                .expectSubscription()
                .then(() -> streams.post(1, 20))
                .expectNoEvent(QUIET)
                .thenRequest(2)
                .expectNext(1, 2)
                .expectNoEvent(QUIET)
                .thenRequest(1)
                .expectNext(3)
                .thenRequest(100)
                .expectNextSequence(range(4, 20))
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void withoutDemandNothingIsReadAndNothingWakesTheReader() {
        TestSubscriber<Notification> subscriber = subscribe(flux, 0);
        streams.settle();
        int calls = kernel.count();
        streams.post(1, 100);
        streams.settle();
        assertThat(kernel.count()).isEqualTo(calls);
        assertThat(kernel.count(NativeCall.READ)).isZero();
        assertThat(kernel.queued()).isEqualTo(32);
        subscriber.cancel();
    }

    @Test
    void noLongerWakesTheReaderWhenTheDemandIsUsedUp() {
        TestSubscriber<Notification> subscriber = subscribe(flux, 3);
        streams.settle();
        streams.post(1, 3);
        eventually(() -> subscriber.getReceivedOnNext().size() == 3);
        streams.settle();
        int calls = kernel.count();
        streams.post(4, 10);
        streams.settle();
        assertThat(kernel.count()).isEqualTo(calls);
        assertThat(kernel.queued()).isEqualTo(7);
        subscriber.cancel();
    }

    @Test
    void makesNoCallWhileIdle() throws InterruptedException {
        TestSubscriber<Notification> subscriber = subscribe(flux, Long.MAX_VALUE);
        streams.settle();
        int calls = kernel.count();
        Thread.sleep(200);
        assertThat(kernel.count()).isEqualTo(calls);
        subscriber.cancel();
    }

    @Test
    void reportsALossInItsPlaceWithoutAFurtherEvent() {
        StepVerifier.create(flux, 0)
                .then(() -> streams.post(1, 40))
                .thenRequest(32)
                .expectNextCount(32)
                .expectNoEvent(QUIET)
                .thenRequest(1)
                .expectNext(new LossNotification())
                .then(() -> streams.post(50, 50))
                .thenRequest(1)
                .expectNextMatches(n -> serial(n) == 50)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void eachSubscriberHasItsOwnQueue() {
        TestSubscriber<Notification> slow = subscribe(flux, 0);
        TestSubscriber<Notification> fast = subscribe(flux, Long.MAX_VALUE);
        streams.post(1, 10);
        awaitCount(fast, 10);
        assertThat(slow.getReceivedOnNext()).isEmpty();
        slow.request(5);
        awaitCount(slow, 5);
        slow.cancel();
        streams.post(11, 12);
        awaitCount(fast, 12);
        fast.cancel();
    }

    @Test
    void aFloodedQueueDoesNotStarveTheOthers() {
        TestSubscriber<Notification> other = subscribe(flux, Long.MAX_VALUE);
        streams.settle();
        AtomicInteger received = new AtomicInteger();
        ReactiveWatchQueue flooded = streams.queue(512);
        for (int queued = 0; queued < 512; queued++) {
            kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        }
        // Each notification posts the next, so that this queue is full after each turn.
        flooded.receive()
                .doOnNext(any -> received.incrementAndGet())
                .takeUntil(any -> !other.getReceivedOnNext().isEmpty())
                .subscribe(any -> kernel.postToLast(FakeKernel.key(1, 1, 0, 1)));
        eventually(() -> received.get() > 2_000);
        kernel.post(FakeKernel.key(1, 1, 0, 1));
        awaitCount(other, 1);
        flooded.dispose();
        other.cancel();
    }

    @Test
    void aRequestFromWithinOnNextIsHonoured() {
        List<Integer> received = new CopyOnWriteArrayList<>();
        BaseSubscriber<Notification> subscriber =
                new BaseSubscriber<>() {
                    @Override
                    protected void hookOnSubscribe(Subscription subscription) {
                        subscription.request(1);
                    }

                    @Override
                    protected void hookOnNext(Notification notification) {
                        received.add(serial(notification));
                        request(1);
                    }
                };
        flux.subscribe(subscriber);
        streams.post(1, 30);
        eventually(() -> received.size() == 30);
        assertThat(received).isEqualTo(range(1, 30));
        subscriber.cancel();
    }

    @Test
    void cancellingFromWithinOnNextStopsAtOnce() {
        List<Integer> received = new CopyOnWriteArrayList<>();
        // Not a BaseSubscriber, which would hide signals after its cancellation.
        CoreSubscriber<Notification> subscriber =
                new CoreSubscriber<>() {
                    private Subscription subscription;

                    @Override
                    public void onSubscribe(Subscription subscription) {
                        this.subscription = subscription;
                        streams.post(1, 20); // so that they are read in one go
                        subscription.request(Long.MAX_VALUE);
                    }

                    @Override
                    public void onNext(Notification notification) {
                        received.add(serial(notification));
                        if (received.size() == 3) {
                            subscription.cancel();
                        }
                    }

                    @Override
                    public void onError(Throwable error) {
                        received.add(-1);
                    }

                    @Override
                    public void onComplete() {
                        received.add(-2);
                    }
                };
        flux.subscribe(subscriber);
        eventually(() -> kernel.open().isEmpty());
        assertThat(received).containsExactly(1, 2, 3);
    }

    @Test
    void disposingCompletesAllSubscribersAndEveryLaterOne() {
        TestSubscriber<Notification> first = subscribe(flux, 0);
        TestSubscriber<Notification> second = subscribe(flux, 5);
        flux.dispose();
        first.block(SOON);
        second.block(SOON);
        assertThat(first.isTerminatedComplete()).isTrue();
        assertThat(second.isTerminatedComplete()).isTrue();
        StepVerifier.create(flux).expectComplete().verify(SOON);
        assertThat(flux.isDisposed()).isTrue();
        assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(2);
    }

    @Test
    void onDisposeComesWhenNothingIsLeftOfAnySubscriber() {
        TestSubscriber<Notification> cancelled = subscribe(flux, 1);
        TestSubscriber<Notification> disposed = subscribe(flux, 0);
        StepVerifier.create(flux.onDispose())
                .expectSubscription()
                .expectNoEvent(QUIET)
                .then(cancelled::cancel)
                .expectNoEvent(QUIET)
                .then(flux::dispose)
                .expectComplete()
                .verify(SOON);
        // The selector of a reader that is about to end is left.
        assertThat(kernel.open().size()).isLessThanOrEqualTo(2);
        disposed.block(SOON);
        StepVerifier.create(flux.onDispose()).expectComplete().verify(SOON);
        NotificationFlux unused = streams.flux();
        unused.dispose();
        StepVerifier.create(unused.onDispose()).expectComplete().verify(SOON);
    }

    @Test
    void disposedOfWhileAQueueIsOpenedTheSubscriberIsCompleted() {
        AtomicReference<NotificationFlux> opening = new AtomicReference<>();
        opening.set(
                streams.flux(
                        () -> {
                            opening.get().dispose();
                            assertThat(opening.get().onDispose().toFuture()).isNotDone();
                            return streams.open(32);
                        }));
        StepVerifier.create(opening.get()).expectComplete().verify(SOON);
        opening.get().onDispose().block(SOON);
    }

    @Test
    void goesOnWhenTheLastWatchIsRemovedUnlessItIsToComplete() {
        StepVerifier.create(flux)
                .then(() -> kernel.destroy(1))
                .expectNext(new RemovalNotification(1, 1))
                .expectNoEvent(QUIET)
                .thenCancel()
                .verify(SOON);
        StepVerifier.create(streams.completeWhenUnwatched().flux())
                .then(() -> streams.post(1, 2))
                .then(() -> kernel.destroy(1))
                .expectNextCount(2)
                .expectNext(new RemovalNotification(1, 1))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void completesOnlyWhenNoOtherWatchIsLeft() {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        queue.watch(KeyId.of(2), 2).block(SOON);
        StepVerifier.create(queue.receive())
                .then(() -> kernel.destroy(1))
                .expectNext(new RemovalNotification(1, 1))
                .expectNoEvent(QUIET)
                .then(() -> kernel.destroy(2))
                .expectNext(new RemovalNotification(2, 2))
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void completesAfterTheNotificationsOfClosedWatches() {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        queue.watch(KeyId.of(2), 2).block(SOON);
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        queue.unwatch(KeyId.of(1)).block(SOON);
        streams.post(7, 7);
        queue.unwatch(KeyId.of(2)).block(SOON);
        subscriber.request(Long.MAX_VALUE);
        subscriber.block(SOON);
        assertThat(subscriber.getReceivedOnNext())
                .containsExactly(
                        new RemovalNotification(1, 1),
                        new KeyNotification(KeyEvent.UPDATED, 7, 0, 1),
                        new RemovalNotification(2, 2));
    }

    @Test
    void completesEvenIfTheRemovalOfAClosedWatchIsLost() {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        streams.post(1, 32);
        queue.unwatch(KeyId.of(1)).block(SOON);
        subscriber.request(Long.MAX_VALUE);
        subscriber.block(SOON);
        assertThat(subscriber.getReceivedOnNext()).hasSize(33).endsWith(new LossNotification());
        assertThat(subscriber.isTerminatedComplete()).isTrue();
    }

    /** The kernel does not wake the reader for a watch that is gone. */
    @ParameterizedTest(name = "by {0}")
    @ValueSource(strings = {"unwatch", "close"})
    void completesIfTheLastWatchIsRemovedEvenIfTheRemovalOfItsKeyIsLost(String way) {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        streams.post(1, 32);
        kernel.destroy(1);
        subscriber.request(Long.MAX_VALUE);
        awaitCount(subscriber, 33);
        streams.settle();
        assertThat(subscriber.isTerminated()).isFalse();
        if (way.equals("unwatch")) {
            queue.unwatch(KeyId.of(1)).block(SOON);
        } else {
            queue.watches().get(0).close();
        }
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
        assertThat(subscriber.getReceivedOnNext()).endsWith(new LossNotification());
    }

    /** The subscriber does as the documentation advises, when it receives the loss. */
    @Test
    void completesIfTheSubscriberRemovesTheLastWatchWhenItSeesALoss() {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> subscriber =
                subscribe(
                        queue.receive()
                                .doOnNext(
                                        notification -> {
                                            if (notification instanceof LossNotification) {
                                                queue.unwatch(KeyId.of(1)).subscribe();
                                            }
                                        }),
                        0);
        streams.post(1, 32);
        kernel.destroy(1);
        subscriber.request(Long.MAX_VALUE);
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
    }

    @Test
    void completesWithTheNextDemandIfTheLastWatchIsRemovedWithoutAny() {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        streams.post(1, 32);
        kernel.destroy(1);
        subscriber.request(33);
        awaitCount(subscriber, 33);
        queue.unwatch(KeyId.of(1)).block(SOON);
        subscriber.request(1);
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
    }

    /** A watch that is being placed may still post something, until it is refused. */
    @ParameterizedTest(name = "refused: {0}")
    @ValueSource(booleans = {true, false})
    void completesIfAWatchThatWasBeingPlacedIsGone(boolean refused) {
        ReactiveWatchQueue queue = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), Long.MAX_VALUE);
        if (refused) {
            kernel.fail(NativeCall.WATCH_KEY, Errno.ENOKEY);
        }
        kernel.afterWatch(
                () -> {
                    kernel.destroy(1);
                    kernel.destroy(2);
                    awaitCount(subscriber, refused ? 1 : 2);
                    streams.settle();
                });
        queue.watch(KeyId.of(2), 2).onErrorComplete(KeyUnavailableException.class).block(SOON);
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
    }

    @Test
    void completesIfTheFirstWatchIsGoneBeforeItsCallReturns() {
        ReactiveWatchQueue queue =
                streams.completeWhenUnwatched()
                        .queue(() -> FakeQueues.openWithoutWatches(kernel, 32));
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), Long.MAX_VALUE);
        kernel.afterWatch(
                () -> {
                    kernel.destroy(2);
                    awaitCount(subscriber, 1);
                    streams.settle();
                });
        queue.watch(KeyId.of(2), 2).block(SOON);
        subscriber.block(SOON);
        assertThat(subscriber.isTerminatedComplete()).isTrue();
    }

    @Test
    void cancellingIsSilentAndClosesOnTheReaderThread() {
        AtomicReference<String> closer = new AtomicReference<>();
        TestSubscriber<Notification> subscriber = subscribe(flux, Long.MAX_VALUE);
        kernel.onClose(() -> closer.compareAndSet(null, Thread.currentThread().getName()));
        subscriber.cancel();
        subscriber.cancel();
        eventually(() -> kernel.open().isEmpty());
        assertThat(closer.get()).isEqualTo(FakeStreams.THREAD);
        assertThat(subscriber.isTerminated()).isFalse();
        assertThat(subscriber.getReceivedOnNextAfterCancellation()).isEmpty();
    }

    @Test
    void theReaderEndsWithTheLastSubscriptionAndStartsAgain() {
        TestSubscriber<Notification> first = subscribe(flux, 1);
        TestSubscriber<Notification> second = subscribe(flux, 1);
        assertThat(streams.readers()).isEqualTo(1);
        first.cancel();
        streams.post(1, 1);
        awaitCount(second, 1);
        second.cancel();
        eventually(() -> streams.readers() == 0);
        TestSubscriber<Notification> third = subscribe(flux, 1);
        streams.post(2, 2);
        awaitCount(third, 1);
        third.cancel();
    }

    @Test
    void blockingTheReaderIsRefusedWithReactorsOwnMessage() {
        StepVerifier.create(flux.doOnNext(n -> Flux.never().blockFirst()))
                .then(() -> streams.post(1, 1))
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .isInstanceOf(IllegalStateException.class)
                                        .hasMessageContaining(FakeStreams.THREAD))
                .verify(SOON);
    }

    @Test
    void theReaderIsADaemon() {
        AtomicReference<Thread> thread = new AtomicReference<>();
        StepVerifier.create(flux.doOnNext(n -> thread.set(Thread.currentThread())))
                .then(() -> streams.post(1, 1))
                .expectNextCount(1)
                .thenCancel()
                .verify(SOON);
        assertThat(thread.get().isDaemon()).isTrue();
    }

    @ParameterizedTest(name = "{0} fails")
    @EnumSource(
            names = {"PIPE2", "SET_SIZE", "WATCH_KEY", "EPOLL_CREATE", "EVENTFD", "EPOLL_CONTROL"})
    void aFailureToOpenIsAnErrorAndLeavesNothingOpen(NativeCall call) {
        kernel.fail(call, Errno.ENOMEM);
        StepVerifier.create(flux)
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .isInstanceOf(WatchQueueException.class)
                                        .hasMessageContaining("ENOMEM"))
                .verify(SOON);
        eventually(() -> kernel.open().isEmpty());
    }

    @Test
    void aLostWriteEndHarmsNothingUntilThereIsDemand() {
        TestSubscriber<Notification> subscriber = subscribe(flux, 0);
        streams.settle();
        kernel.closeWriteEnds();
        streams.settle();
        int calls = kernel.count();
        streams.settle();
        assertThat(kernel.count()).isEqualTo(calls);
        subscriber.request(1);
        subscriber.block(SOON);
        assertThat(subscriber.expectTerminalError()).hasMessageContaining("closed descriptor");
    }

    @Test
    void aFailureToReadIsAnErrorForThisSubscriberOnly() {
        TestSubscriber<Notification> healthy = subscribe(flux, 0);
        TestSubscriber<Notification> broken = subscribe(flux, 1);
        streams.settle();
        kernel.fail(NativeCall.READ, Errno.EIO);
        streams.post(1, 1);
        broken.block(SOON);
        assertThat(broken.expectTerminalError()).hasMessageContaining("EIO");
        healthy.request(1);
        awaitCount(healthy, 1);
        healthy.cancel();
    }

    @Test
    void malformedBytesAreAnError() {
        StepVerifier.create(flux)
                .then(() -> kernel.post(FakeKernel.message(1, 1, 7)))
                .expectError(NotificationFormatException.class)
                .verify(SOON);
    }

    @Test
    void anUnexpectedEndIsAnErrorAndNotACompletion() {
        StepVerifier.create(flux)
                .then(streams::settle)
                .then(kernel::closeWriteEnds)
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("ended"))
                .verify(SOON);
    }

    @Test
    void signalsToTheThreadDoNotDisturb() {
        StepVerifier.create(flux.map(FakeStreams::serial))
                .then(streams::settle)
                .then(
                        () ->
                                kernel.fail(
                                        NativeCall.EPOLL_WAIT,
                                        Errno.EINTR,
                                        Errno.EINTR,
                                        Errno.EINTR))
                .then(() -> kernel.fail(NativeCall.READ, Errno.EINTR, Errno.EINTR))
                .then(() -> streams.post(1, 5))
                .expectNext(1, 2, 3, 4, 5)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void aFailureToWaitIsAnErrorForAll() {
        TestSubscriber<Notification> first = subscribe(flux, 1);
        TestSubscriber<Notification> second = subscribe(flux, 0);
        streams.settle();
        kernel.fail(NativeCall.EPOLL_WAIT, Errno.EBADF);
        first.block(SOON);
        second.block(SOON);
        assertThat(first.expectTerminalError()).hasMessageContaining("EBADF");
        assertThat(second.expectTerminalError()).hasMessageContaining("EBADF");
        TestSubscriber<Notification> third = subscribe(flux, 1);
        streams.post(1, 1);
        awaitCount(third, 1);
        third.cancel();
    }

    @Test
    void aSubscriberThatThrowsIsCancelledAndTheOthersGoOn() {
        AtomicReference<Throwable> uncaught = new AtomicReference<>();
        TestSubscriber<Notification> healthy = subscribe(flux, Long.MAX_VALUE);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.set(e));
        try {
            flux.subscribe(new Throwing());
            streams.post(1, 2);
            awaitCount(healthy, 2);
            eventually(() -> uncaught.get() != null);
            assertThat(uncaught.get()).hasMessage("against the rules");
            // The queue of the one that threw is closed: the pipe of the other and the selector
            // stay.
            eventually(() -> kernel.open().size() == 4);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        healthy.cancel();
    }

    private static final class Throwing implements CoreSubscriber<Notification> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(10);
        }

        @Override
        public void onNext(Notification notification) {
            throw new AssertionError("against the rules");
        }

        @Override
        public void onError(Throwable error) {
            throw new AssertionError("no signal may follow", error);
        }

        @Override
        public void onComplete() {
            throw new AssertionError("no signal may follow");
        }
    }

    @Test
    void aBadRequestChangesNothing() {
        List<Integer> received = new CopyOnWriteArrayList<>();
        BaseSubscriber<Notification> subscriber =
                new BaseSubscriber<>() {
                    @Override
                    protected void hookOnSubscribe(Subscription subscription) {
                        subscription.request(0);
                        subscription.request(-1);
                        subscription.request(1);
                    }

                    @Override
                    protected void hookOnNext(Notification notification) {
                        received.add(serial(notification));
                    }
                };
        flux.subscribe(subscriber);
        streams.post(1, 2);
        eventually(() -> received.size() == 1);
        streams.settle();
        assertThat(received).containsExactly(1);
        subscriber.cancel();
    }

    @Test
    void racingRequestsAreAllHonoured() {
        for (int round = 0; round < 300; round++) {
            TestSubscriber<Notification> subscriber = subscribe(flux, 0);
            RaceTestUtils.race(
                    () -> subscriber.request(5),
                    () -> subscriber.request(7),
                    () -> streams.post(1, 20));
            awaitCount(subscriber, 12);
            assertThat(subscriber.getReceivedOnNext().stream().map(FakeStreams::serial))
                    .isEqualTo(range(1, 12));
            subscriber.cancel();
            eventually(() -> kernel.open().isEmpty());
        }
    }

    @Test
    void racingCancelsDisposesAndSubscriptionsLeakNothing() {
        for (int round = 0; round < 300; round++) {
            NotificationFlux raced = streams.flux();
            TestSubscriber<Notification> subscriber = subscribe(raced, 1);
            RaceTestUtils.race(
                    subscriber::cancel,
                    raced::dispose,
                    () -> streams.post(1, 5),
                    () -> subscribe(raced, 3));
            raced.dispose();
            eventually(() -> kernel.open().isEmpty());
            assertThat(subscriber.getProtocolErrors()).isEmpty();
        }
    }

    @Test
    void canBeScanned() {
        assertThat(Scannable.from(flux).scan(Scannable.Attr.RUN_STYLE))
                .isEqualTo(Scannable.Attr.RunStyle.ASYNC);
        assertThat(Scannable.from(flux).scan(Scannable.Attr.PREFETCH)).isZero();
        AtomicReference<Subscription> subscription = new AtomicReference<>();
        flux.doOnSubscribe(subscription::set)
                .subscribe(TestSubscriber.builder().initialRequest(9).build());
        Scannable source = FakeStreams.source(subscription.get());
        assertThat(source.scan(Scannable.Attr.REQUESTED_FROM_DOWNSTREAM)).isEqualTo(9);
        assertThat(source.scan(Scannable.Attr.CAPACITY)).isEqualTo(32);
        subscription.get().cancel();
        eventually(() -> kernel.open().isEmpty());
        assertThat(source.scan(Scannable.Attr.CANCELLED)).isTrue();
        assertThat(source.scan(Scannable.Attr.TERMINATED)).isFalse();
    }

    @Test
    void nothingToWatchIsRefused() {
        assertThatThrownBy(() -> NotificationFlux.builder().build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("watch(..)");
        assertThatThrownBy(() -> NotificationFlux.builder().capacity(513))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("513");
        assertThatThrownBy(() -> NotificationFlux.builder().watch(KeyId.of(1), 256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256");
    }
}
