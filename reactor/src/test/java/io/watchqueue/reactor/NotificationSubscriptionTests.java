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

import static io.watchqueue.reactor.FakeStreams.SOON;
import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.awaitLatch;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.range;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Notification;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Subscription;

import reactor.core.Scannable;
import reactor.core.publisher.BaseSubscriber;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The behaviour of one subscription within one turn, when its subscriber acts from within onNext.
 */
@Timeout(300)
class NotificationSubscriptionTests {

    private static final int PREFETCH = 10;

    private final FakeStreams streams = new FakeStreams().prefetch(PREFETCH);

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    /** Requests nothing by itself, and hides nothing. */
    private static final class Acting extends BaseSubscriber<Notification> {
        final List<Integer> received = new CopyOnWriteArrayList<>();
        final CountDownLatch failed = new CountDownLatch(1);
        private final Consumer<Acting> action;

        Acting(Consumer<Acting> action) {
            this.action = action;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {}

        @Override
        protected void hookOnNext(Notification notification) {
            received.add(FakeStreams.serial(notification));
            action.accept(this);
        }

        @Override
        protected void hookOnError(Throwable error) {
            failed.countDown();
        }
    }

    private Acting acting(Consumer<Acting> action) {
        Acting subscriber = new Acting(action);
        streams.flux().subscribe(subscriber);
        return subscriber;
    }

    @Test
    void deliversEverythingPrefetchedOneAtATime() {
        Acting subscriber = acting(one -> one.request(1));
        streams.post(1, 5);
        streams.settle();
        subscriber.request(1);
        eventually(() -> subscriber.received.equals(range(1, 5)));
        subscriber.cancel();
    }

    @Test
    void deliversEverythingPrefetchedBeforeAFailure() {
        Acting subscriber = acting(one -> one.request(1));
        streams.post(1, 5);
        streams.settle();
        streams.kernel.fail(NativeCall.READ, Errno.EIO);
        streams.post(6, 6);
        eventually(() -> streams.kernel.open().size() == 2);
        // It waits for the demand, and does not poll for it.
        streams.settle();
        subscriber.request(1);
        assertThat(awaitLatch(subscriber.failed)).isTrue();
        assertThat(subscriber.received).isEqualTo(range(1, 5));
    }

    @Test
    void deliversEverythingPrefetchedEvenIfItsQueueCannotBeWaitedFor() {
        TestSubscriber<Notification> other = subscribe(streams.flux(), 0);
        ReactiveWatchQueue queue = streams.queue();
        streams.post(1, 5);
        streams.settle();
        streams.kernel.fail(NativeCall.EPOLL_CONTROL, Errno.ENOSPC);
        Acting subscriber = new Acting(one -> one.request(1));
        queue.receive().subscribe(subscriber);
        // The other one's pipe and the selector are left.
        eventually(() -> streams.kernel.open().size() == 4);
        streams.settle();
        assertThat(subscriber.failed.getCount()).isOne();
        subscriber.request(1);
        assertThat(awaitLatch(subscriber.failed)).isTrue();
        assertThat(subscriber.received).isEqualTo(range(1, 5));
        other.cancel();
    }

    @Test
    void readsNoMoreAheadThanThePrefetch() {
        CountDownLatch inOnNext = new CountDownLatch(1);
        CountDownLatch posted = new CountDownLatch(1);
        Acting subscriber =
                acting(
                        one -> {
                            inOnNext.countDown();
                            assertThat(awaitLatch(posted)).isTrue();
                        });
        streams.post(1, 5);
        streams.settle();
        subscriber.request(1);
        assertThat(awaitLatch(inOnNext)).isTrue();
        streams.post(6, 30);
        posted.countDown();
        streams.settle();
        // Four are there, so six more are taken, by a read of eight at least.
        assertThat(streams.kernel.queued()).isBetween(25 - 8, 25 - 6);
        subscriber.request(29);
        eventually(() -> subscriber.received.equals(range(1, 30)));
        subscriber.cancel();
    }

    private void assertThatOnlyTheFirstComes(Acting subscriber, long demand) {
        subscriber.request(demand);
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
        assertThat(subscriber.received).containsExactly(1);
    }

    @Test
    void emitsNothingAfterACancelWithinPrefetchedNotifications() {
        Acting subscriber = acting(BaseSubscriber::cancel);
        streams.post(1, 5);
        streams.settle();
        assertThatOnlyTheFirstComes(subscriber, 3);
    }

    @Test
    void emitsNothingAfterACancelAtTheLastPrefetchedNotification() {
        Acting subscriber =
                acting(
                        one -> {
                            streams.post(2, 3);
                            one.cancel();
                        });
        streams.post(1, 1);
        streams.settle();
        assertThatOnlyTheFirstComes(subscriber, 3);
    }

    @Test
    void emitsNothingAfterACancelWithinOneRead() {
        streams.prefetch(0);
        Acting subscriber = acting(BaseSubscriber::cancel);
        streams.post(1, 5);
        assertThatOnlyTheFirstComes(subscriber, 5);
    }

    /** Cancels the subscription itself, which hides no later signals. */
    private TestSubscriber<Notification> cancelling(
            NotificationFlux flux, Consumer<Scannable> then) {
        AtomicReference<Subscription> subscription = new AtomicReference<>();
        return subscribe(
                flux.doOnSubscribe(subscription::set)
                        .doOnNext(
                                any -> {
                                    Scannable source = FakeStreams.source(subscription.get());
                                    ((Subscription) source).cancel();
                                    then.accept(source);
                                }),
                5);
    }

    @Test
    void signalsNoDisposalAfterACancel() {
        NotificationFlux flux = streams.flux();
        TestSubscriber<Notification> subscriber = cancelling(flux, any -> flux.dispose());
        streams.post(1, 5);
        flux.onDispose().block(SOON);
        eventually(() -> streams.readers() == 0);
        assertThat(subscriber.getReceivedOnNext()).hasSize(1);
        assertThat(subscriber.isTerminated()).isFalse();
    }

    @Test
    void isScannedAsCancelledAtOnce() {
        AtomicReference<Object> cancelled = new AtomicReference<>();
        cancelling(streams.flux(), source -> cancelled.set(source.scan(Scannable.Attr.CANCELLED)));
        streams.post(1, 2);
        eventually(() -> cancelled.get() != null);
        assertThat(cancelled).hasValue(true);
    }

    @Test
    void aRequestOfNothingOrLessChangesNothing() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 0);
        Scannable scanned = FakeStreams.source(subscriber);
        ((Subscription) scanned).request(0);
        ((Subscription) scanned).request(-1);
        assertThat(scanned.scan(Scannable.Attr.REQUESTED_FROM_DOWNSTREAM)).isZero();
        subscriber.request(1);
        streams.post(1, 1);
        awaitCount(subscriber, 1);
        subscriber.cancel();
    }

    @Test
    void completesAtTheLastRemovalOnlyIfItIsToComplete() {
        TestSubscriber<Notification> endless = subscribe(streams.prefetch(0).flux(), 2);
        ReactiveWatchQueue completing = streams.completeWhenUnwatched().queue();
        TestSubscriber<Notification> ending = subscribe(completing.receive(), 3);
        completing.watch(KeyId.of(2), 2).block(SOON);
        streams.kernel.destroy(1);
        awaitCount(endless, 1);
        awaitCount(ending, 1);
        streams.settle();
        assertThat(endless.isTerminated()).isFalse();
        assertThat(ending.isTerminated()).isFalse();
        streams.kernel.destroy(2);
        ending.block(SOON);
        assertThat(ending.isTerminatedComplete()).isTrue();
        endless.cancel();
    }

    @Test
    void completesAtTheLastRemovalWithoutFurtherDemand() {
        StepVerifier.create(streams.prefetch(0).completeWhenUnwatched().flux(), 0)
                .then(() -> streams.kernel.destroy(1))
                .thenRequest(1)
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void canBeScanned() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 2);
        streams.post(1, 5);
        awaitCount(subscriber, 2);
        streams.settle();
        Scannable scanned = FakeStreams.source(subscriber);
        assertThat(scanned.scan(Scannable.Attr.ACTUAL)).isNotNull();
        assertThat(scanned.scan(Scannable.Attr.BUFFERED)).isEqualTo(3);
        assertThat(scanned.scan(Scannable.Attr.PREFETCH)).isEqualTo(PREFETCH);
        assertThat(scanned.scan(Scannable.Attr.RUN_STYLE)).isEqualTo(Scannable.Attr.RunStyle.ASYNC);
        assertThat(scanned.scan(Scannable.Attr.TERMINATED)).isFalse();
        assertThat(scanned.scan(Scannable.Attr.CANCELLED)).isFalse();
        assertThat(scanned.scan(Scannable.Attr.ERROR)).isNull();
        assertThat(scanned.scanUnsafe(Scannable.Attr.DELAY_ERROR)).isNull();
        streams.kernel.fail(NativeCall.READ, Errno.EIO);
        subscriber.request(10);
        subscriber.block();
        assertThat(scanned.scan(Scannable.Attr.ACTUAL)).isNull();
        assertThat(scanned.scan(Scannable.Attr.TERMINATED)).isTrue();
        assertThat(scanned.scan(Scannable.Attr.CANCELLED)).isFalse();
        assertThat(scanned.scan(Scannable.Attr.ERROR)).hasMessageContaining("EIO");
    }
}
