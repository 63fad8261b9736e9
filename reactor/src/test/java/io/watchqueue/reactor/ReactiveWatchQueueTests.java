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
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.RaceTestUtils;

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
    void whatHappensBeforeItIsReceivedIsKept() {
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
    void thereIsOneReceiver() {
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
        // What is left is the selector of a reader that is about to end.
        assertThat(kernel.open().size()).isLessThanOrEqualTo(2);
        assertThat(queue.isDisposed()).isTrue();
    }

    @Test
    void whatThrowsOnDisposeDoesNotEndTheReaderForOthers() {
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
