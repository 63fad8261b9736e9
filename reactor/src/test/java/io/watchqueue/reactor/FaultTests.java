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
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import static java.util.Objects.requireNonNull;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.WatchQueueException;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.SimulatedKernel;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Subscription;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;
import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.RaceTestUtils;
import reactor.util.context.Context;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.stream.Stream;

/**
 * Mistakes of subscribers, recorders, thread factories and the process harm nothing else: another
 * stream of the same reader goes on, nothing is left open, and no thread is busy with it.
 */
@Timeout(300)
class FaultTests {

    private final FakeStreams streams = new FakeStreams();
    private final FakeKernel kernel = streams.kernel;
    private final TestSubscriber<Notification> healthy = subscribe(streams.flux(), Long.MAX_VALUE);
    private final List<Throwable> uncaught = new CopyOnWriteArrayList<>();
    private final Thread.UncaughtExceptionHandler before =
            Thread.getDefaultUncaughtExceptionHandler();

    FaultTests() {
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
    }

    @AfterEach
    void theOtherStreamGoesOnAndNothingIsLeft() {
        try {
            streams.settle();
            int count = healthy.getReceivedOnNext().size();
            streams.post(77, 77);
            awaitCount(healthy, count + 1);
            streams.settle();
            assertThat(kernel.open()).as("its pipe and the selector").hasSize(4);
            assertThat(streams.readers()).isEqualTo(1);
            healthy.cancel();
            streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
            eventually(() -> streams.readers() == 0);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    private enum Callback {
        ON_SUBSCRIBE,
        ON_NEXT,
        ON_ERROR,
        ON_COMPLETE
    }

    static Stream<Arguments> whatIsThrownFromWhere() {
        return Stream.of(Callback.values())
                .flatMap(
                        callback ->
                                Stream.of(
                                                new IllegalStateException("thrown"),
                                                new AssertionError("thrown"),
                                                new OutOfMemoryError("thrown"),
                                                new StackOverflowError("thrown"),
                                                new LinkageError("thrown"))
                                        .map(error -> Arguments.of(callback, error)));
    }

    @ParameterizedTest(name = "{1} from {0}")
    @MethodSource("whatIsThrownFromWhere")
    void aSubscriberThatThrowsHasHarmedOnlyItself(Callback from, Throwable error) {
        NotificationFlux flux = streams.flux();
        Throwing subscriber = new Throwing(from, error);
        flux.subscribe(subscriber);
        switch (from) {
            case ON_SUBSCRIBE -> {
                // Signalled as the stream's own failure, on this thread.
                assertThat(subscriber.calls).containsExactly("onSubscribe", "onError");
                assertThat(uncaught).isEmpty();
            }
            case ON_NEXT -> {
                kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
                kernel.postToLast(FakeKernel.key(1, 2, 0, 1));
                eventually(() -> uncaught.size() == 1);
                streams.settle();
                assertThat(subscriber.calls).containsExactly("onSubscribe", "onNext");
            }
            case ON_ERROR -> {
                kernel.postToLast(FakeKernel.message(1, 1, 7));
                eventually(() -> uncaught.size() == 1);
                assertThat(subscriber.calls).containsExactly("onSubscribe", "onError");
            }
            case ON_COMPLETE -> {
                flux.dispose();
                eventually(() -> uncaught.size() == 1);
                assertThat(subscriber.calls).containsExactly("onSubscribe", "onComplete");
            }
        }
        assertThat(uncaught).allMatch(one -> one == error);
        flux.dispose();
        flux.onDispose().block(SOON);
    }

    /** Takes all, and throws from one of its methods. */
    private static final class Throwing implements CoreSubscriber<Notification> {
        final List<String> calls = new CopyOnWriteArrayList<>();
        private final Callback from;
        private final Throwable error;

        Throwing(Callback from, Throwable error) {
            this.from = from;
            this.error = error;
        }

        private void called(String name, Callback callback) {
            calls.add(name);
            if (callback == from) {
                FaultTests.<RuntimeException>raise(error);
            }
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
            called("onSubscribe", Callback.ON_SUBSCRIBE);
        }

        @Override
        public void onNext(Notification notification) {
            called("onNext", Callback.ON_NEXT);
        }

        @Override
        public void onError(Throwable failure) {
            called("onError", Callback.ON_ERROR);
        }

        @Override
        public void onComplete() {
            called("onComplete", Callback.ON_COMPLETE);
        }
    }

    @SuppressWarnings("unchecked") // nothing is cast when it runs
    private static <E extends Throwable> void raise(Throwable error) throws E {
        throw (E) error;
    }

    /** Takes all, and throws from currentContext once it is set to. */
    private static final class WithoutContext implements CoreSubscriber<Notification> {
        final List<String> calls = new CopyOnWriteArrayList<>();
        volatile boolean without;
        volatile @Nullable Subscription subscription;

        @Override
        public Context currentContext() {
            if (without) {
                throw new IllegalStateException("no context");
            }
            return Context.empty();
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
            calls.add("onSubscribe");
        }

        @Override
        public void onNext(Notification notification) {
            calls.add("onNext");
        }

        @Override
        public void onError(Throwable error) {
            calls.add("onError " + error.getMessage());
        }

        @Override
        public void onComplete() {
            calls.add("onComplete");
        }
    }

    @Test
    void aSubscriberWithoutAContextEndsAlone() {
        WithoutContext subscriber = new WithoutContext();
        subscriber.without = true;
        NotificationFlux flux = streams.flux();
        flux.subscribe(subscriber);
        assertThat(subscriber.calls).containsExactly("onSubscribe", "onError no context");
        flux.dispose();
        flux.onDispose().block(SOON);
        assertThat(uncaught).isEmpty();
    }

    /** The reader finds both of them signalled when it comes back to them. */
    @Test
    void aContextThatFailsAtTheEndDoesNotHaveOthersForgotten() {
        CountDownLatch busy = new CountDownLatch(1);
        CountDownLatch signalled = new CountDownLatch(1);
        NotificationFlux flux = streams.flux();
        WithoutContext failing = new WithoutContext();
        flux.subscribe(failing);
        ReactiveWatchQueue other = streams.queue();
        TestSubscriber<Notification> otherSubscriber = subscribe(other.receive(), 0);
        streams.settle();
        TestSubscriber<Notification> blocking =
                subscribe(
                        streams.flux()
                                .doOnNext(
                                        any -> {
                                            busy.countDown();
                                            assertThat(awaitLatch(signalled)).isTrue();
                                        }),
                        1);
        kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        assertThat(awaitLatch(busy)).isTrue();
        failing.without = true;
        requireNonNull(failing.subscription).cancel();
        otherSubscriber.cancel();
        signalled.countDown();
        other.onDispose().block(SOON);
        flux.dispose();
        flux.onDispose().block(SOON);
        blocking.cancel();
        assertThat(uncaught).isEmpty();
    }

    @Test
    void aDescriptorThatCannotBeClosedEndsItsStreamAlone() {
        Set<Integer> before = kernel.open();
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 0);
        Set<Integer> open = new HashSet<>(kernel.open());
        open.removeAll(before);
        streams.settle();
        kernel.onClose(
                () -> {
                    kernel.onClose(() -> {});
                    throw new LinkageError("no close");
                });
        kernel.fail(NativeCall.READ, Errno.EIO);
        subscriber.request(1);
        subscriber.block(SOON);
        assertThat(subscriber.expectTerminalError()).hasMessageContaining("no close");
        open.retainAll(kernel.open());
        open.forEach(kernel::close);
    }

    @Test
    void memoryThatRunsOutInAnOperatorEndsThatStreamAlone() {
        NotificationFlux flux = streams.flux();
        TestSubscriber<Notification> subscriber =
                subscribe(
                        flux.map(
                                any -> {
                                    throw new OutOfMemoryError("in an operator");
                                }),
                        Long.MAX_VALUE);
        kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        eventually(() -> uncaught.size() == 1);
        flux.dispose();
        flux.onDispose().block(SOON);
        // As in Reactor: a fatal error is rethrown, and there is no further signal.
        assertThat(subscriber.isTerminated()).isFalse();
    }

    @Test
    void aStackThatReallyOverflowsEndsThatStreamAlone() {
        NotificationFlux flux = streams.flux();
        flux.subscribe(any -> recurse(0));
        kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        eventually(() -> uncaught.size() == 1);
        assertThat(uncaught.get(0)).isInstanceOf(StackOverflowError.class);
        flux.dispose();
        flux.onDispose().block(SOON);
    }

    private static int recurse(int depth) {
        return depth < 0 ? depth : recurse(depth + 1) + 1; // never below zero, but by overflow
    }

    private enum Reentrant {
        REQUEST,
        CANCEL,
        DISPOSE
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource
    void signalsFromWithinEachCallbackAreHonoured(Reentrant what) {
        NotificationFlux flux = streams.flux();
        List<String> calls = new CopyOnWriteArrayList<>();
        CoreSubscriber<Notification> subscriber =
                new CoreSubscriber<>() {
                    private Subscription subscription;

                    @Override
                    public void onSubscribe(Subscription subscription) {
                        this.subscription = subscription;
                        subscription.request(1);
                    }

                    @Override
                    public void onNext(Notification notification) {
                        calls.add("onNext");
                        act();
                        if (calls.size() == 3) {
                            flux.dispose();
                        }
                    }

                    @Override
                    public void onError(Throwable error) {
                        calls.add("onError");
                    }

                    @Override
                    public void onComplete() {
                        calls.add("onComplete");
                        act(); // after the end: of no effect
                    }

                    private void act() {
                        switch (what) {
                            case REQUEST -> subscription.request(1);
                            case CANCEL -> subscription.cancel();
                            case DISPOSE -> flux.dispose();
                        }
                    }
                };
        flux.subscribe(subscriber);
        for (int i = 0; i < 5; i++) {
            kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        }
        eventually(() -> kernel.open().size() == 4);
        streams.settle();
        assertThat(calls)
                .isEqualTo(
                        switch (what) {
                            case REQUEST -> List.of("onNext", "onNext", "onNext", "onComplete");
                            case CANCEL -> List.of("onNext");
                            case DISPOSE -> List.of("onNext", "onComplete");
                        });
        assertThat(uncaught).isEmpty();
        flux.dispose();
    }

    static Stream<Throwable> whatARecorderThrows() {
        return Stream.of(new IllegalStateException("recorder"), new OutOfMemoryError("recorder"));
    }

    @ParameterizedTest
    @MethodSource("whatARecorderThrows")
    void aRecorderThatAlwaysThrowsDisturbsNoStream(Throwable error) {
        streams.recorder(
                new NotificationRecorder() {
                    @Override
                    public void recordOpened(QueueGauges queue) {
                        FaultTests.<RuntimeException>raise(error);
                    }

                    @Override
                    public void recordClosed(QueueGauges queue) {
                        FaultTests.<RuntimeException>raise(error);
                    }

                    @Override
                    public void recordWakeup(QueueGauges queue) {
                        FaultTests.<RuntimeException>raise(error);
                    }

                    @Override
                    public void recordReads(QueueGauges queue, long reads) {
                        FaultTests.<RuntimeException>raise(error);
                    }

                    @Override
                    public void recordReceived(QueueGauges queue, int notifications) {
                        FaultTests.<RuntimeException>raise(error);
                    }

                    @Override
                    public void recordLoss(QueueGauges queue, LossNotification loss) {
                        FaultTests.<RuntimeException>raise(error);
                    }
                });
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), 0);
        for (int i = 0; i < 40; i++) {
            kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        }
        subscriber.request(Long.MAX_VALUE);
        awaitCount(subscriber, 33);
        streams.settle();
        kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        awaitCount(subscriber, 34);
        subscriber.cancel();
        streams.settle();
        // Opened, read twice and received, lost, woken up, closed.
        assertThat(uncaught).hasSizeGreaterThan(5).allMatch(one -> one == error);
    }

    static Stream<ThreadFactory> badFactories() {
        Thread started = new Thread(() -> {});
        started.start();
        return Stream.of(
                loop -> null,
                loop -> started,
                loop -> {
                    throw new IllegalStateException("no thread");
                },
                loop -> {
                    throw new OutOfMemoryError("no thread");
                });
    }

    @ParameterizedTest
    @MethodSource("badFactories")
    void aThreadFactoryThatFailsIsAnErrorAndIsAskedAgain(ThreadFactory bad) {
        List<ThreadFactory> factories = new ArrayList<>(List.of(bad, bad, Thread::new));
        streams.reader(streams.reader((ThreadFactory) loop -> factories.remove(0).newThread(loop)));
        NotificationFlux flux = streams.flux();
        for (int i = 0; i < 2; i++) {
            StepVerifier.create(flux).expectError().verify(SOON);
            assertThat(kernel.open()).hasSize(4);
        }
        StepVerifier.create(flux.take(1))
                .then(() -> kernel.postToLast(FakeKernel.key(1, 1, 0, 1)))
                .expectNextCount(1)
                .expectComplete()
                .verify(SOON);
        flux.onDispose().subscribe();
        eventually(() -> kernel.open().size() == 4);
    }

    @Test
    void anUncaughtExceptionHandlerThatThrowsChangesNothing() {
        Thread.setDefaultUncaughtExceptionHandler(
                (thread, e) -> {
                    uncaught.add(e);
                    throw new OutOfMemoryError("in the handler");
                });
        streams.flux().subscribe(new Throwing(Callback.ON_NEXT, new LinkageError("thrown")));
        kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        eventually(() -> uncaught.size() == 1);
        streams.settle();
    }

    /**
     * Each round lets some of all calls that are allowed at any time race; the seed is in the name.
     */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void leavesNothingAfterAnyRace(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 100; round++) {
            ReactiveWatchQueue queue = streams.queue();
            TestSubscriber<Notification> subscriber =
                    TestSubscriber.builder().initialRequest(random.nextInt(3)).build();
            if (random.nextBoolean()) {
                queue.receive().subscribe(subscriber);
            }
            KeyId other = KeyId.of(2);
            List<Runnable> actions =
                    new ArrayList<>(
                            List.of(
                                    () -> queue.receive().subscribe(TestSubscriber.create()),
                                    () -> subscriber.request(2),
                                    subscriber::cancel,
                                    queue::dispose,
                                    () -> block(queue.watch(other, 2)),
                                    () -> block(queue.unwatch(other)),
                                    () -> block(queue.unwatch(KeyId.of(1))),
                                    () -> block(queue.filter(null)),
                                    () ->
                                            block(
                                                    queue.filter(
                                                            NotificationFilter.of(
                                                                    NotificationFilter.events(
                                                                            KeyEvent.UPDATED)))),
                                    () -> kernel.postToLast(FakeKernel.key(1, 1, 0, 1))));
            Collections.shuffle(actions, random);
            RaceTestUtils.race(actions.subList(0, 4).toArray(Runnable[]::new));
            queue.dispose();
            queue.onDispose().block(SOON);
            assertThat(subscriber.getProtocolErrors()).isEmpty();
        }
        streams.settle();
        assertThat(kernel.watches()).containsOnlyKeys(1);
        assertThat(uncaught).isEmpty();
    }

    /** An error that it is closed, or watched already, is a valid answer here. */
    private static void block(Mono<?> operation) {
        operation.onErrorComplete(WatchQueueException.class).block(SOON);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void aReaderThatFailsWhileThingsRaceLeavesNothing(long seed) {
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            FakeStreams raced = new FakeStreams();
            NotificationFlux flux = raced.flux();
            TestSubscriber<Notification> first = subscribe(flux, random.nextInt(3));
            TestSubscriber<Notification> second = subscribe(flux, random.nextInt(3));
            List<Runnable> actions =
                    new ArrayList<>(
                            List.of(
                                    () -> first.request(2),
                                    second::cancel,
                                    flux::dispose,
                                    () -> raced.post(1, 3),
                                    () -> subscribe(flux, 1)));
            Collections.shuffle(actions, random);
            actions = actions.subList(0, 3);
            actions.add(() -> raced.kernel.fail(NativeCall.EPOLL_WAIT, Errno.EBADF));
            RaceTestUtils.race(actions.toArray(Runnable[]::new));
            flux.dispose();
            flux.onDispose().block(SOON);
            raced.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
            eventually(() -> raced.readers() == 0);
            assertThat(first.getProtocolErrors()).isEmpty();
            assertThat(second.getProtocolErrors()).isEmpty();
        }
    }

    @ParameterizedTest(name = "{0} descriptors")
    @ValueSource(ints = {1, 2, 3, 4, 5})
    void descriptorsThatRunOutEndNothingThatRuns(int limit) {
        try (SimulatedKernel small = SimulatedKernel.builder().openFiles(limit).install()) {
            KeyId key = Keyctl.system().add("user", "token", new byte[1], Keyring.USER);
            NotificationFlux flux =
                    NotificationFlux.builder()
                            .reader(NotificationReader.create("exhausted"))
                            .watch(key, 1)
                            .build();
            TestSubscriber<Notification> first = subscribe(flux, Long.MAX_VALUE);
            if (limit < 4) {
                // No room for the pipe, or then for the reader's selector.
                assertThat(first.expectTerminalError())
                        .isInstanceOf(ResourceLimitException.class)
                        .hasMessageContainingAll("EMFILE", "RLIMIT_NOFILE");
            } else {
                for (int i = 0; i < 3; i++) {
                    StepVerifier.create(flux)
                            .expectError(ResourceLimitException.class)
                            .verify(SOON);
                    Keyctl.system().update(key, new byte[2]);
                    awaitCount(first, i + 1);
                }
                small.settle();
                assertThat(small.openDescriptors()).isEqualTo(4);
                first.cancel();
                eventually(() -> small.openDescriptors() == 0);
                TestSubscriber<Notification> next = subscribe(flux, Long.MAX_VALUE);
                Keyctl.system().update(key, new byte[2]);
                awaitCount(next, 1);
                next.cancel();
            }
            eventually(() -> small.openDescriptors() == 0);
        }
    }
}
