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

import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.WatchQueueException;
import io.watchqueue.test.NativeCall;
import io.watchqueue.test.NativeErrors;
import io.watchqueue.test.NativeErrors.NativeError;
import io.watchqueue.test.NativeUses;
import io.watchqueue.test.SimulatedKernel;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;

import reactor.test.subscriber.TestSubscriber;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * Each system call that a stream makes, with each error that it can return, from native-errors.txt:
 * the subscriber gets the error, nothing is left open, no thread is left, and another stream of the
 * same reader goes on.
 */
@Timeout(300)
class NativeFailureTests {

    private static final String ENDING = "ending";

    /** Does something of which one system call is a part, and returns the resulting error. */
    private interface Use {
        @Nullable Throwable run(Scene scene);
    }

    @TestFactory
    Stream<DynamicTest> eachCallWithEachOfItsErrors() {
        return NativeUses.tests(NativeFailureTests::uses, NativeFailureTests::check);
    }

    /**
     * The places where a stream makes the call. Without a default, so that no new call can be
     * forgotten.
     */
    private static NativeUses<Use> uses(NativeCall call) {
        return switch (call) {
            case PIPE2, SET_SIZE, GET_PIPE_SIZE ->
                    use("subscribing", scene -> scene.errorOf(scene.flux.build()))
                            .and("opening", Scene::errorOfOpening);
            case WATCH_KEY, GET_KEYRING_ID ->
                    use("subscribing", scene -> scene.errorOf(scene.flux.build()))
                            .and(
                                    "running",
                                    scene -> scene.errorOf(scene.queue.watch(Keyring.USER)));
            case SET_FILTER ->
                    use("subscribing", scene -> scene.errorOf(scene.flux.build()))
                            .and(
                                    "running",
                                    scene -> scene.errorOf(scene.queue.filter(scene.filter)));
            case CLEAR_FILTER -> use("running", scene -> scene.errorOf(scene.queue.filter(null)));
            case UNWATCH_KEY ->
                    use("running", scene -> scene.errorOf(scene.queue.unwatch(scene.other)));
            case EPOLL_CREATE, EVENTFD ->
                    use("starting a reader", scene -> scene.errorOf(scene.ofItsOwn().build()));
            case EPOLL_CONTROL ->
                    use("starting a reader", scene -> scene.errorOf(scene.ofItsOwn().build()))
                            .and("subscribing", scene -> scene.errorOf(scene.flux.build()))
                            .and("running", Scene::errorOfARequest)
                            .and(ENDING, Scene::errorOfACancellation);
            case EPOLL_WAIT -> use("running", Scene::errorOfTheOtherStream);
            case EVENTFD_WRITE -> use("running", Scene::errorOfTheThread);
            case READ -> use("running", Scene::errorOfARequest);
            case CLOSE -> use(ENDING, Scene::errorOfACancellation);
            case BYTES_QUEUED -> use("measuring", Scene::errorOfAGauge);
            case READ_KEY ->
                    use(
                            "viewing",
                            scene ->
                                    scene.errorOf(
                                            scene.flux
                                                    .build()
                                                    .transform(
                                                            NotificationOperators.keyringView(
                                                                    scene.ring))));
            case WRITE,
                    POLL,
                    CAPABILITIES,
                    DESCRIBE,
                    ADD_KEY,
                    REQUEST_KEY,
                    RESTRICT_KEYRING,
                    UPDATE,
                    SEARCH,
                    JOIN_SESSION,
                    REVOKE,
                    CHOWN,
                    SETPERM,
                    CLEAR,
                    LINK,
                    UNLINK,
                    SET_TIMEOUT,
                    INVALIDATE,
                    GET_PERSISTENT,
                    MOVE ->
                    NativeUses.none();
        };
    }

    private static NativeUses<Use> use(String name, Use use) {
        return NativeUses.of(name, use);
    }

    /** A reader with one stream that is to go on, and one queue that something is done to. */
    private static final class Scene {
        final SimulatedKernel kernel = SimulatedKernel.install();
        final Keyctl keys = Keyctl.system();
        final KeyId token = keys.add("user", "token", new byte[1], Keyring.USER);
        final KeyId other = keys.add("user", "other", new byte[1], Keyring.USER);
        final KeyId ring = keys.addKeyring("ring", Keyring.USER);
        final NotificationFilter filter = NotificationFilter.of(NotificationFilter.events());
        final Set<Thread> threads = ConcurrentHashMap.newKeySet();
        final NotificationReader reader = reader();
        final NotificationFlux.Builder flux =
                NotificationFlux.builder().reader(reader).filter(filter).watch(Keyring.USER, 5);
        final TestSubscriber<Notification> bystander =
                subscribe(
                        NotificationFlux.builder().reader(reader).watch(token, 1).build(),
                        Long.MAX_VALUE);
        final AtomicReference<NotificationRecorder.QueueGauges> gauges = new AtomicReference<>();
        final ReactiveWatchQueue queue =
                NotificationFlux.builder()
                        .reader(reader)
                        .recorder(
                                new NotificationRecorder() {
                                    @Override
                                    public void recordOpened(QueueGauges opened) {
                                        gauges.set(opened);
                                    }
                                })
                        .watch(other, 2)
                        .queue();
        final TestSubscriber<Notification> received = subscribe(queue.receive(), 0);
        final AtomicReference<Throwable> uncaught = new AtomicReference<>();
        int callsBefore;

        private NotificationReader reader() {
            return NotificationReader.create(
                    loop -> {
                        Thread thread = new Thread(loop, "failing");
                        threads.add(thread);
                        return thread;
                    });
        }

        NotificationFlux.Builder ofItsOwn() {
            return NotificationFlux.builder().reader(reader()).watch(token, 3);
        }

        /** Subscribes, and checks when the reader has nothing left to do. */
        @Nullable Throwable errorOf(Publisher<?> publisher) {
            TestSubscriber<Object> subscriber =
                    TestSubscriber.builder().initialRequestUnbounded().build();
            publisher.subscribe(subscriber);
            kernel.settle();
            Throwable error = errorOf(subscriber);
            subscriber.cancel();
            return error;
        }

        @Nullable Throwable errorOfOpening() {
            ReactiveWatchQueue opened = flux.queue();
            Throwable error = errorOf(opened.open());
            opened.dispose();
            return error;
        }

        private @Nullable Throwable errorOf(TestSubscriber<?> subscriber) {
            return subscriber.isTerminatedError() ? subscriber.expectTerminalError() : null;
        }

        @Nullable Throwable errorOfARequest() {
            received.request(1);
            kernel.settle();
            return errorOf(received);
        }

        /** Only a queue that the reader waits for is known to epoll. */
        void awaitNotifications() {
            received.request(1);
            kernel.settle();
        }

        @Nullable Throwable errorOfACancellation() {
            received.cancel();
            kernel.settle();
            assertThat(kernel.queues().get(1).isClosed()).isTrue();
            queue.onDispose().block();
            return errorOf(received);
        }

        /** A reader that fails has closed its epoll instance before it signals anything. */
        @Nullable Throwable errorOfTheOtherStream() {
            eventually(
                    () ->
                            bystander.isTerminated()
                                    || kernel.count(NativeCall.EPOLL_WAIT) > callsBefore);
            return errorOf(bystander);
        }

        /** The reader is not woken; it checks when it is woken for another stream. */
        @Nullable Throwable errorOfTheThread() {
            Thread.currentThread().setUncaughtExceptionHandler((thread, e) -> uncaught.set(e));
            try {
                received.request(1);
            } finally {
                Thread.currentThread().setUncaughtExceptionHandler(null);
            }
            keys.update(other, new byte[2]);
            keys.update(token, new byte[2]);
            awaitCount(received, 1);
            awaitCount(bystander, 1);
            return uncaught.get();
        }

        @Nullable Throwable errorOfAGauge() {
            try {
                gauges.get().queuedBytes();
                return null;
            } catch (WatchQueueException e) {
                return e;
            }
        }

        void assertThatTheOtherStreamGoesOn() {
            TestSubscriber<Notification> stream = bystander;
            if (stream.isTerminated()) {
                // Its thread could no longer wait; the reader starts another one.
                stream =
                        subscribe(
                                NotificationFlux.builder().reader(reader).watch(token, 1).build(),
                                Long.MAX_VALUE);
            }
            int before = stream.getReceivedOnNext().size();
            keys.update(token, new byte[2]);
            awaitCount(stream, before + 1);
            assertThat(stream.getReceivedOnNext().get(before))
                    .isEqualTo(new KeyNotification(KeyEvent.UPDATED, token, 1));
            stream.cancel();
        }

        void assertThatNothingIsLeft(NativeError error) {
            received.cancel();
            queue.dispose();
            eventually(() -> threads.stream().noneMatch(Thread::isAlive));
            NativeUses.assertThatNothingIsLeft(kernel, error);
        }
    }

    private static void check(NativeError error, String name, Use use) {
        Scene scene = new Scene();
        try {
            scene.kernel.settle();
            if (name.equals(ENDING)) {
                scene.awaitNotifications();
            }
            scene.callsBefore = scene.kernel.count(error.call());
            scene.kernel.fail(error.call(), error.errno());
            Throwable thrown = use.run(scene);
            assertThat(scene.kernel.outstandingFailures()).isEmpty();
            if (error.isThrown() && !name.equals(ENDING)) {
                assertThat(thrown).isInstanceOf(WatchQueueException.class);
                assertThat(thrown.getClass().getSimpleName())
                        .isEqualTo(NativeUses.outcomeOfWatching(error));
                assertThat(((WatchQueueException) thrown).errnoName()).isEqualTo(error.errno());
            } else {
                assertThat(thrown).isNull();
            }
            if (error.outcome().equals(NativeErrors.RETRIED)) {
                assertThat(scene.kernel.count(error.call()) - scene.callsBefore).isGreaterThan(1);
            }
            scene.assertThatTheOtherStreamGoesOn();
            scene.assertThatNothingIsLeft(error);
        } finally {
            scene.kernel.close();
        }
    }
}
