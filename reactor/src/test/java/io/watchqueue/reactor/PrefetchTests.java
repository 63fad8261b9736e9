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

import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.Scannable;
import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

@Timeout(300)
class PrefetchTests {

    private static final int PREFETCH = 100;

    private final FakeStreams streams = new FakeStreams().prefetch(PREFETCH);
    private final FakeKernel kernel = streams.kernel;
    private final NotificationFlux flux = streams.flux();

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        flux.dispose();
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void keepsAFloodLargerThanTheKernelsQueueWithoutDemand() {
        TestSubscriber<Notification> subscriber = subscribe(flux, 0);
        for (int i = 0; i < 4; i++) {
            streams.post(25 * i + 1, 25 * i + 25);
            eventually(() -> kernel.queued() == 0);
        }
        assertThat(subscriber.getReceivedOnNext()).isEmpty();
        subscriber.request(Long.MAX_VALUE);
        awaitCount(subscriber, 100);
        assertThat(subscriber.getReceivedOnNext().stream().map(FakeStreams::serial))
                .isEqualTo(range(1, 100));
        subscriber.cancel();
    }

    @Test
    void leavesKeepingAndDroppingToTheKernelWhenItIsFull() {
        TestSubscriber<Notification> subscriber = subscribe(flux, 0);
        int posted = 0;
        while (kernel.queued() == 0) {
            streams.post(++posted, posted);
            streams.settle();
        }
        // The rest of one read is buffered beyond it, at most eight.
        assertThat(posted).isBetween(PREFETCH + 1, PREFETCH + 9);
        int calls = kernel.count();
        streams.post(posted + 1, posted + 40);
        streams.settle();
        assertThat(kernel.count())
                .as("calls while there is neither demand nor room")
                .isEqualTo(calls);
        subscriber.request(Long.MAX_VALUE);
        int kept = posted + 31;
        awaitCount(subscriber, kept + 1);
        assertThat(
                        subscriber.getReceivedOnNext().subList(0, kept).stream()
                                .map(FakeStreams::serial))
                .isEqualTo(range(1, kept));
        assertThat(subscriber.getReceivedOnNext().get(kept)).isEqualTo(new LossNotification());
        subscriber.cancel();
    }

    @Test
    void keepsOrderAndThePlacesOfLossesForAnyDemand() {
        Random random = new Random(4);
        for (int round = 0; round < 200; round++) {
            FakeStreams own = new FakeStreams().prefetch(1 + random.nextInt(50));
            NotificationFlux stream = own.flux();
            TestSubscriber<Notification> subscriber = subscribe(stream, 0);
            int posted = 0;
            long requested = 0;
            while (posted < 400) {
                int burst = random.nextInt(60);
                own.post(posted + 1, posted + burst);
                posted += burst;
                if (random.nextBoolean()) {
                    int more = 1 + random.nextInt(40);
                    requested += more;
                    subscriber.request(more);
                }
                assertThat(subscriber.getReceivedOnNext().size())
                        .isLessThanOrEqualTo((int) requested);
            }
            subscriber.request(Long.MAX_VALUE);
            // The queue has room for one more now: the last one is not lost.
            eventually(() -> own.kernel.queued() == 0);
            int last = posted + 1;
            own.post(last, last);
            eventually(() -> endsWith(subscriber.getReceivedOnNext(), last));
            assertThatEachIsReceivedOnceOrCoveredByALoss(subscriber.getReceivedOnNext(), last);
            subscriber.cancel();
            own.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
        }
    }

    private static boolean endsWith(List<Notification> received, int serial) {
        if (received.isEmpty()) {
            return false;
        }
        Notification last = received.get(received.size() - 1);
        return !(last instanceof LossNotification) && serial(last) == serial;
    }

    private static void assertThatEachIsReceivedOnceOrCoveredByALoss(
            List<Notification> received, int last) {
        int before = 0;
        boolean lost = false;
        for (Notification notification : received) {
            if (notification instanceof LossNotification) {
                lost = true;
            } else if (lost) {
                assertThat(serial(notification)).isGreaterThan(before + 1);
                before = serial(notification);
                lost = false;
            } else {
                assertThat(serial(notification)).isEqualTo(before + 1);
                before = serial(notification);
            }
        }
        assertThat(before).isEqualTo(last);
    }

    @Test
    void signalsAFailureAfterPrefetchedNotifications() {
        StepVerifier.create(flux.map(FakeStreams::serial), 0)
                .then(() -> streams.post(1, 10))
                .then(streams::settle)
                .then(() -> kernel.fail(NativeCall.READ, Errno.EIO))
                .then(() -> streams.post(11, 11))
                // Its descriptors do not wait for the demand.
                .then(() -> eventually(() -> kernel.open().size() == 2))
                .expectNoEvent(QUIET)
                .thenRequest(4)
                .expectNext(1, 2, 3, 4)
                .expectNoEvent(QUIET)
                .thenRequest(6)
                .expectNext(5, 6, 7, 8, 9, 10)
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("EIO"))
                .verify(SOON);
    }

    @Test
    void completesAfterPrefetchedNotifications() {
        FakeStreams completing = new FakeStreams().prefetch(PREFETCH).completeWhenUnwatched();
        StepVerifier.create(completing.flux(), 0)
                .then(() -> completing.post(1, 3))
                .then(() -> completing.kernel.destroy(1))
                .then(() -> eventually(() -> completing.kernel.open().size() == 2))
                .thenRequest(3)
                .expectNextCount(3)
                .expectNoEvent(QUIET)
                .thenRequest(1)
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
        completing.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void discardsPrefetchedNotificationsOnCancelAndDispose() {
        List<Integer> discarded = new CopyOnWriteArrayList<>();
        Flux<Notification> observed =
                flux.doOnDiscard(Notification.class, n -> discarded.add(serial(n)));
        TestSubscriber<Notification> first = subscribe(observed, 2);
        streams.settle();
        streams.post(1, 5);
        awaitCount(first, 2);
        streams.settle();
        first.cancel();
        eventually(() -> discarded.equals(List.of(3, 4, 5)));
        discarded.clear();
        TestSubscriber<Notification> second = subscribe(observed, 0);
        streams.settle();
        streams.post(6, 7);
        streams.settle();
        flux.dispose();
        second.block(SOON);
        assertThat(second.isTerminatedComplete()).isTrue();
        assertThat(discarded).containsExactly(6, 7);
    }

    @Test
    void canBeScanned() {
        List<Scannable> subscriptions = new ArrayList<>();
        TestSubscriber<Notification> subscriber =
                subscribe(flux.doOnSubscribe(s -> subscriptions.add(Scannable.from(s))), 0);
        streams.post(1, 7);
        Scannable subscription = subscriptions.get(0);
        eventually(() -> subscription.scan(Scannable.Attr.BUFFERED) == 7);
        assertThat(subscription.scan(Scannable.Attr.PREFETCH)).isEqualTo(PREFETCH);
        assertThat(flux.scan(Scannable.Attr.PREFETCH)).isEqualTo(PREFETCH);
        subscriber.cancel();
    }

    @Test
    void aNegativePrefetchIsRefused() {
        assertThatThrownBy(() -> NotificationFlux.builder().prefetch(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prefetch -1");
    }
}
