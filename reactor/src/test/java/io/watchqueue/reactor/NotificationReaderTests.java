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
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.test.FakeKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

import reactor.core.publisher.Flux;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(300)
class NotificationReaderTests {

    private final FakeStreams streams = new FakeStreams();
    private final FakeKernel kernel = streams.kernel;

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void keepsNothingOfSubscriptionsThatHaveEnded() throws Exception {
        List<WeakReference<WatchQueue>> queues = new CopyOnWriteArrayList<>();
        NotificationFlux flux =
                streams.flux(
                        () -> {
                            WatchQueue queue = streams.open(32);
                            queues.add(new WeakReference<>(queue));
                            return queue;
                        });
        TestSubscriber<Notification> stays = subscribe(streams.flux(), Long.MAX_VALUE);
        for (int i = 0; i < 20; i++) {
            CountDownLatch ended = new CountDownLatch(1);
            // Cancels in the middle of a turn, after which its signal comes too late.
            flux.takeUntil(any -> true).doOnTerminate(ended::countDown).subscribe();
            streams.post(1, 1);
            assertThat(FakeStreams.awaitLatch(ended)).isTrue();
        }
        streams.settle();
        eventually(
                () -> {
                    System.gc();
                    return queues.stream().allMatch(queue -> queue.get() == null);
                });
        stays.cancel();
    }

    @Test
    void anUncaughtExceptionHandlerThatThrowsHarmsNobody() {
        NotificationRecorder throwing =
                new NotificationRecorder() {
                    @Override
                    public void recordClosed(QueueGauges queue) {
                        throw new IllegalStateException("recorder");
                    }
                };
        streams.reader(
                streams.reader(
                        loop -> {
                            Thread thread = new Thread(loop, "handled");
                            thread.setUncaughtExceptionHandler(
                                    (any, e) -> {
                                        throw new IllegalStateException("handler");
                                    });
                            return thread;
                        }));
        TestSubscriber<Notification> healthy = subscribe(streams.flux(), Long.MAX_VALUE);
        NotificationFlux other = streams.recorder(throwing).flux();
        subscribe(other, 0).cancel();
        other.dispose();
        other.onDispose().block(SOON);
        streams.post(1, 1);
        awaitCount(healthy, 1);
        healthy.cancel();
    }

    @Test
    void theSharedOneIsAlwaysTheSameAndServes() {
        assertThat(NotificationReader.shared()).isSameAs(NotificationReader.shared());
        TestSubscriber<Notification> subscriber =
                subscribe(streams.reader(NotificationReader.shared()).flux(), Long.MAX_VALUE);
        streams.post(1, 1);
        awaitCount(subscriber, 1);
        subscriber.cancel();
    }

    /** There is one kernel, unless tests simulate others. */
    @Test
    void queuesOfTwoKernelsAreServedByOneReader() {
        NotificationReader reader = NotificationReader.create("two");
        FakeStreams others = new FakeStreams().reader(reader);
        TestSubscriber<Notification> one = subscribe(streams.reader(reader).flux(), Long.MAX_VALUE);
        TestSubscriber<Notification> other = subscribe(others.flux(), Long.MAX_VALUE);
        streams.post(1, 1);
        awaitCount(one, 1);
        others.post(2, 2);
        awaitCount(other, 1);
        one.cancel();
        other.cancel();
        others.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    @SuppressWarnings("ThreadPriorityCheck") // to see that it is not inherited
    void itsOwnThreadHasNothingOfTheFirstSubscribersThread() throws Exception {
        AtomicReference<Thread> reading = new AtomicReference<>();
        NotificationFlux flux = streams.reader(NotificationReader.create("plain")).flux();
        Thread subscribing =
                new Thread(
                        () ->
                                flux.doOnNext(any -> reading.set(Thread.currentThread()))
                                        .take(1)
                                        .subscribe());
        subscribing.setContextClassLoader(new ClassLoader() {});
        subscribing.setPriority(Thread.MIN_PRIORITY);
        subscribing.start();
        subscribing.join();
        streams.post(1, 1);
        eventually(() -> reading.get() != null);
        assertThat(reading.get().getContextClassLoader())
                .isSameAs(NotificationReader.class.getClassLoader());
        assertThat(reading.get().getPriority()).isEqualTo(Thread.NORM_PRIORITY);
    }

    @Test
    void usesAThreadOfTheUsersAndRefusesToBlockIt() {
        List<Thread> made = new ArrayList<>();
        ThreadFactory factory =
                loop -> {
                    Thread thread = Executors.defaultThreadFactory().newThread(loop);
                    made.add(thread);
                    return thread;
                };
        streams.reader(streams.reader(factory));
        StepVerifier.create(streams.flux().doOnNext(n -> Flux.never().blockFirst()))
                .then(() -> streams.post(1, 1))
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .isInstanceOf(IllegalStateException.class)
                                        .hasMessageContaining(made.get(0).getName()))
                .verify(SOON);
        eventually(() -> !made.get(0).isAlive());
        TestSubscriber<Notification> again = subscribe(streams.flux(), 1);
        assertThat(made).hasSize(2);
        again.cancel();
        eventually(() -> !made.get(1).isAlive());
    }

    @Test
    void aFactoryThatMakesNoThreadIsAnError() {
        streams.reader(streams.reader(loop -> null));
        StepVerifier.create(streams.flux())
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("made no thread"))
                .verify(SOON);
    }

    @Test
    @EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "there are no virtual threads before")
    void aVirtualThreadIsRefusedWithTheReason() throws Exception {
        Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
        ThreadFactory factory =
                (ThreadFactory)
                        Class.forName("java.lang.Thread$Builder")
                                .getMethod("factory")
                                .invoke(builder);
        streams.reader(streams.reader(factory));
        StepVerifier.create(streams.flux())
                .expectErrorSatisfies(
                        e ->
                                assertThat(e)
                                        .isInstanceOf(IllegalStateException.class)
                                        .hasMessageContainingAll("virtual", "platform threads"))
                .verify(SOON);
    }

    @Test
    void aThreadThatCannotBeStartedIsAnError() {
        streams.reader(
                streams.reader(
                        loop -> {
                            throw new OutOfMemoryError("unable to create native thread");
                        }));
        StepVerifier.create(streams.flux())
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("native thread"))
                .verify(SOON);
    }

    @Test
    void aSubscriberThatBlocksDelaysOnlyThoseOfItsReader() {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        NotificationFlux shared = streams.flux();
        shared.subscribe(
                n -> {
                    blocked.countDown();
                    awaitUninterruptibly(goOn);
                });
        streams.post(1, 1);
        assertThat(FakeStreams.awaitLatch(blocked)).isTrue();
        NotificationFlux dedicated =
                streams.reader(streams.reader(loop -> new Thread(loop, "dedicated"))).flux();
        TestSubscriber<Notification> sharing = subscribe(shared, 10);
        TestSubscriber<Notification> alone = subscribe(dedicated, 10);
        streams.post(2, 2);
        awaitCount(alone, 1);
        assertThat(sharing.getReceivedOnNext()).isEmpty();
        goOn.countDown();
        awaitCount(sharing, 1);
        shared.dispose();
        dedicated.dispose();
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void theCostOfAnEventDoesNotDependOnTheNumberOfIdleQueues() {
        int alone = callsForTenEvents();
        List<NotificationFlux> idle = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            NotificationFlux flux = streams.flux();
            subscribe(flux, i % 2 == 0 ? 0 : 1);
            idle.add(flux);
        }
        streams.settle();
        int among200 = callsForTenEvents();
        assertThat(among200).isEqualTo(alone);
        idle.forEach(NotificationFlux::dispose);
    }

    /** One queue gets the events; all others, which do not watch its key, get nothing. */
    private int callsForTenEvents() {
        NotificationFlux flux = streams.flux();
        TestSubscriber<Notification> subscriber = subscribe(flux, Long.MAX_VALUE);
        streams.settle();
        int before = kernel.count();
        for (int i = 1; i <= 10; i++) {
            kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
            awaitCount(subscriber, i);
            streams.settle();
        }
        int calls = kernel.count() - before;
        flux.dispose();
        subscriber.block(SOON);
        return calls;
    }
}
