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
import static io.watchqueue.reactor.FakeStreams.awaitLatch;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.Watch;
import io.watchqueue.WatchQueueClosedException;
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
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.RaceTestUtils;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(300)
class ReactiveWatchQueueTests {

    private static final KeyId OTHER = KeyId.of(2);

    private final FakeStreams streams = new FakeStreams();
    private final FakeKernel kernel = streams.kernel;

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void watchesComeAndGoWhileItIsReceived() {
        ReactiveWatchQueue queue = streams.queue();
        StepVerifier.create(queue.receive())
                .then(() -> assertThat(queue.watch(OTHER, 5).block(SOON).tag()).isEqualTo(5))
                .then(() -> assertThat(kernel.watches()).containsEntry(2, 5))
                .then(
                        () ->
                                assertThat(queue.watches())
                                        .extracting(Watch::tag)
                                        .containsExactly(1, 5))
                .then(() -> queue.unwatch(OTHER).block(SOON))
                .expectNext(new RemovalNotification(2, 5))
                .then(() -> assertThat(kernel.watches()).doesNotContainKey(2))
                .then(() -> queue.unwatch(OTHER).block(SOON))
                .then(() -> queue.watch(OTHER).block(SOON))
                .then(() -> assertThat(kernel.watches()).containsEntry(2, 0))
                .expectNoEvent(QUIET)
                .thenCancel()
                .verify(SOON);
        queue.onDispose().block(SOON);
    }

    @Test
    void nothingHappensBeforeAMonoIsSubscribedTo() {
        ReactiveWatchQueue queue = streams.queue();
        Mono<Watch> watch = queue.watch(OTHER, 5);
        Mono<Void> unwatch = queue.unwatch(KeyId.of(1));
        Mono<Void> filter = queue.filter(null);
        assertThat(kernel.watches()).containsOnlyKeys(1);
        assertThat(kernel.count(NativeCall.CLEAR_FILTER)).isZero();
        filter.block(SOON);
        assertThat(kernel.count(NativeCall.CLEAR_FILTER)).isEqualTo(1);
        watch.block(SOON);
        unwatch.block(SOON);
        assertThat(kernel.watches()).containsOnlyKeys(2);
        queue.dispose();
    }

    @Test
    void theFilterCanBeReplaced() {
        ReactiveWatchQueue queue = streams.queue();
        queue.filter(NotificationFilter.of(NotificationFilter.events(KeyEvent.REVOKED)))
                .block(SOON);
        assertThat(kernel.isFiltered()).isTrue();
        queue.filter(null).block(SOON);
        assertThat(kernel.isFiltered()).isFalse();
        queue.dispose();
    }

    @Test
    void errorsAreSignalsAndTheQueueGoesOn() {
        ReactiveWatchQueue queue = streams.queue();
        kernel.fail(NativeCall.WATCH_KEY, Errno.ENOKEY);
        StepVerifier.create(queue.watch(OTHER, 5))
                .expectError(KeyUnavailableException.class)
                .verify(SOON);
        StepVerifier.create(queue.watch(OTHER, 256))
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("256"))
                .verify(SOON);
        StepVerifier.create(queue.receive())
                .then(() -> streams.post(1, 1))
                .expectNextCount(1)
                .thenCancel()
                .verify(SOON);
    }

    @Test
    void keepsNotificationsFromBeforeItIsReceived() {
        ReactiveWatchQueue queue = streams.queue();
        streams.post(1, 3);
        assertThat(queue.isDisposed()).isFalse();
        StepVerifier.create(queue.receive().map(FakeStreams::serial))
                .expectNext(1, 2, 3)
                .then(queue::dispose)
                .expectComplete()
                .verify(SOON);
        assertThat(queue.isDisposed()).isTrue();
    }

    @Test
    void refusesASecondReceiver() {
        ReactiveWatchQueue queue = streams.queue();
        TestSubscriber<Notification> first = subscribe(queue.receive(), 1);
        StepVerifier.create(queue.receive())
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .isInstanceOf(IllegalStateException.class)
                                        .hasMessageContainingAll("one receiver", "publish("))
                .verify(SOON);
        streams.post(1, 1);
        awaitCount(first, 1);
        first.cancel();
        queue.onDispose().block(SOON);
        StepVerifier.create(queue.receive()).expectError(IllegalStateException.class).verify(SOON);
    }

    @Test
    void disposedOfBeforeItIsReceivedItIsClosedAtOnce() {
        ReactiveWatchQueue queue = streams.queue();
        queue.dispose();
        assertThat(kernel.open()).isEmpty();
        StepVerifier.create(queue.onDispose()).expectComplete().verify(SOON);
        StepVerifier.create(queue.receive()).expectComplete().verify(SOON);
        StepVerifier.create(queue.watch(OTHER))
                .expectError(WatchQueueClosedException.class)
                .verify(SOON);
        queue.dispose();
    }

    @Test
    void nothingIsOpenBeforeItIsUsed() {
        ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
        queue.receive();
        queue.open();
        assertThat(kernel.count()).isZero();
        assertThat(queue.capacity()).isZero();
        assertThat(queue.watches()).isEmpty();
        assertThat(queue).hasToString("ReactiveWatchQueue[not open]");
        queue.dispose();
        assertThat(queue.isDisposed()).isTrue();
        StepVerifier.create(queue.onDispose()).verifyComplete();
        StepVerifier.create(queue.receive()).verifyComplete();
        StepVerifier.create(queue.open()).verifyError(WatchQueueClosedException.class);
        StepVerifier.create(queue.watch(OTHER)).verifyError(WatchQueueClosedException.class);
        assertThat(kernel.count()).isZero();
    }

    /** The calls that open a queue, and wait until it is open. */
    private enum Opening {
        OPEN,
        WATCH,
        UNWATCH,
        FILTER,
        RECEIVE;

        Mono<?> of(ReactiveWatchQueue queue) {
            return switch (this) {
                case OPEN -> queue.open();
                case WATCH -> queue.watch(OTHER);
                case UNWATCH -> queue.unwatch(OTHER);
                case FILTER -> queue.filter(null);
                case RECEIVE -> queue.receive().ignoreElements();
            };
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void isOpenedByItsFirstUse(Opening opening) {
        ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
        Disposable first = opening.of(queue).subscribe();
        assertThat(queue.capacity()).isEqualTo(32);
        assertThat(kernel.watches()).containsEntry(1, 1);
        queue.open().block(SOON);
        assertThat(kernel.count(NativeCall.PIPE2)).isEqualTo(1);
        queue.dispose();
        first.dispose();
        queue.onDispose().block(SOON);
        StepVerifier.create(queue.open()).verifyError(WatchQueueClosedException.class);
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void openingThatFailsLeavesNothingAndIsTriedAgain(Opening opening) {
        ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
        kernel.fail(NativeCall.WATCH_KEY, Errno.ENOKEY);
        StepVerifier.create(opening.of(queue)).verifyError(KeyUnavailableException.class);
        assertThat(kernel.open()).isEmpty();
        assertThat(queue.isDisposed()).isFalse();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 1);
        streams.post(1, 1);
        awaitCount(subscriber, 1);
        queue.dispose();
        subscriber.block(SOON);
    }

    /** Lets calls that place a watch take until it is released. */
    private final class SlowWatches {
        final CountDownLatch reached = new CountDownLatch(1);
        final CountDownLatch released = new CountDownLatch(1);

        SlowWatches() {
            kernel.afterWatch(
                    () -> {
                        reached.countDown();
                        awaitRelease();
                    });
        }

        /** However often the thread is interrupted, for example by a subscriber that cancels. */
        private void awaitRelease() {
            boolean interrupted = false;
            while (released.getCount() > 0) {
                try {
                    assertThat(released.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        void await() {
            assertThat(awaitLatch(reached)).isTrue();
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void closesAQueueThatIsDisposedOfWhileItIsOpened(Opening opening) {
        ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
        SlowWatches slow = new SlowWatches();
        TestSubscriber<Object> opener = TestSubscriber.create();
        opening.of(queue).subscribeOn(Schedulers.boundedElastic()).subscribe(opener);
        slow.await();
        queue.dispose();
        queue.dispose();
        CompletableFuture<Void> gone = queue.onDispose().toFuture();
        assertThat(gone).isNotDone();
        assertThat(kernel.open()).hasSize(2);
        slow.released.countDown();
        opener.block(SOON);
        gone.join();
        assertThat(kernel.open()).isEmpty();
        if (opening == Opening.RECEIVE) {
            assertThat(opener.isTerminatedComplete()).isTrue();
        } else {
            assertThat(opener.expectTerminalError()).isInstanceOf(WatchQueueClosedException.class);
        }
    }

    @Test
    void completesOnDisposeIfOpeningFailsMeanwhile() {
        ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
        SlowWatches slow = new SlowWatches();
        kernel.fail(NativeCall.WATCH_KEY, Errno.ENOKEY);
        CompletableFuture<Void> opened =
                queue.open().subscribeOn(Schedulers.boundedElastic()).toFuture();
        slow.await();
        queue.dispose();
        CompletableFuture<Void> gone = queue.onDispose().toFuture();
        assertThat(gone).isNotDone();
        slow.released.countDown();
        assertThat(opened).failsWithin(SOON);
        gone.join();
        assertThat(kernel.open()).isEmpty();
    }

    /**
     * A value that an operator drops, as timeout does when it gives up, must not have to be closed.
     */
    @Test
    void nothingIsLeftOpenIfOpeningTimesOut() {
        int opened = 0;
        long nanos = 1000;
        for (int round = 0; round < 1000; round++) {
            ReactiveWatchQueue queue = streams.queue(() -> streams.open(32));
            boolean inTime =
                    queue.open()
                            .thenReturn(true)
                            .subscribeOn(Schedulers.boundedElastic())
                            .timeout(Duration.ofNanos(nanos))
                            .onErrorReturn(TimeoutException.class, false)
                            .block(SOON);
            // About as long as opening takes.
            nanos = inTime ? nanos * 9 / 10 : nanos * 10 / 9;
            opened += inTime ? 1 : 0;
            queue.dispose();
            queue.onDispose().block(SOON);
            assertThat(kernel.open()).isEmpty();
        }
        assertThat(opened).isBetween(1, 999);
    }

    @Test
    void nothingIsLeftOpenIfItsUseIsCancelledWhileItIsOpened() {
        SlowWatches slow = new SlowWatches();
        AtomicReference<ReactiveWatchQueue> built = new AtomicReference<>();
        TestSubscriber<Notification> subscriber =
                subscribe(
                        Flux.using(
                                        () -> {
                                            built.set(streams.queue(() -> streams.open(32)));
                                            return built.get();
                                        },
                                        ReactiveWatchQueue::receive,
                                        ReactiveWatchQueue::dispose)
                                .subscribeOn(Schedulers.boundedElastic()),
                        1);
        slow.await();
        subscriber.cancel();
        slow.released.countDown();
        eventually(() -> built.get().isDisposed());
        built.get().onDispose().block(SOON);
        eventually(() -> kernel.open().isEmpty());
    }

    @ParameterizedTest(name = "received: {0}")
    @ValueSource(booleans = {false, true})
    void onDisposeWaitsForAWatchThatIsInTheKernel(boolean received) {
        ReactiveWatchQueue queue = streams.queue();
        TestSubscriber<Notification> subscriber = TestSubscriber.create();
        if (received) {
            queue.receive().subscribe(subscriber);
        }
        SlowWatches slow = new SlowWatches();
        CompletableFuture<Watch> watch =
                queue.watch(OTHER).subscribeOn(Schedulers.boundedElastic()).toFuture();
        slow.await();
        queue.dispose();
        if (received) {
            subscriber.block(SOON);
            eventually(() -> streams.readers() == 0);
        }
        CompletableFuture<Void> gone = queue.onDispose().toFuture();
        assertThat(gone).isNotDone();
        assertThat(kernel.open()).hasSize(1);
        slow.released.countDown();
        watch.join();
        gone.join();
        assertThat(kernel.open()).isEmpty();
    }

    @Test
    void aWatchBelongsToTheQueueEvenIfItsMonoIsCancelledWhileItIsPlaced() {
        ReactiveWatchQueue queue = streams.queue();
        SlowWatches slow = new SlowWatches();
        Disposable watch =
                queue.watch(OTHER, 5).subscribeOn(Schedulers.boundedElastic()).subscribe();
        slow.await();
        watch.dispose();
        slow.released.countDown();
        eventually(() -> queue.watches().size() == 2);
        assertThat(queue.watches()).extracting(Watch::key).contains(OTHER);
        queue.dispose();
    }

    @Test
    void onDisposeComesWhenTheDescriptorsAreClosed() {
        ReactiveWatchQueue queue = streams.queue();
        TestSubscriber<Notification> subscriber = subscribe(queue.receive(), 0);
        StepVerifier.create(queue.onDispose())
                .expectSubscription()
                .expectNoEvent(QUIET)
                .thenCancel()
                .verify(SOON);
        subscriber.cancel();
        queue.onDispose().block(SOON);
        // The selector of a reader that is about to end is left.
        assertThat(kernel.open().size()).isLessThanOrEqualTo(2);
        assertThat(queue.isDisposed()).isTrue();
    }

    @Test
    void aSubscriberThatThrowsOnDisposeDoesNotEndTheReader() {
        AtomicReference<Throwable> uncaught = new AtomicReference<>();
        ReactiveWatchQueue ending = streams.queue();
        TestSubscriber<Notification> other = subscribe(streams.queue().receive(), Long.MAX_VALUE);
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.set(e));
        try {
            ending.onDispose().subscribe(new ThrowsOnComplete());
            subscribe(ending.receive(), 0).cancel();
            eventually(() -> uncaught.get() != null);
            assertThat(uncaught.get()).hasMessage("against the rules");
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        streams.post(1, 1);
        awaitCount(other, 1);
        assertThat(streams.readers()).isEqualTo(1);
        other.cancel();
        eventually(() -> streams.readers() == 0);
    }

    private static final class ThrowsOnComplete implements CoreSubscriber<Void> {
        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Void value) {}

        @Override
        public void onError(Throwable error) {}

        @Override
        public void onComplete() {
            throw new IllegalStateException("against the rules");
        }
    }

    @Test
    void racingDisposalsWatchesAndReceiversLeaveNothing() {
        for (int round = 0; round < 300; round++) {
            ReactiveWatchQueue queue = streams.queue();
            TestSubscriber<Notification> subscriber = TestSubscriber.create();
            RaceTestUtils.race(
                    queue::dispose,
                    () -> queue.receive().subscribe(subscriber),
                    () ->
                            queue.watch(OTHER)
                                    .onErrorComplete(WatchQueueClosedException.class)
                                    .block(SOON),
                    () -> streams.post(1, 3));
            subscriber.block(SOON);
            assertThat(subscriber.isTerminatedComplete()).isTrue();
            assertThat(subscriber.getProtocolErrors()).isEmpty();
            queue.onDispose().block(SOON);
            eventually(() -> kernel.open().isEmpty());
        }
    }
}
