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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.AlreadyWatchedException;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;

import java.time.Duration;
import java.util.concurrent.TimeoutException;

@Timeout(300)
class ReactiveWatchQueueKernelTests {

    private static final Duration SOON = Duration.ofMinutes(1);

    private final TestKeys test = new TestKeys();
    private final KeyId key = test.add("token");

    @AfterEach
    void removeKeys() {
        test.close();
        // A stream's descriptors are open until then, and the next test would count them.
        FakeStreams.awaitTheEndOf(FakeStreams.THREAD);
    }

    private static KeyNotification event(KeyEvent event, KeyId key, int tag) {
        return new KeyNotification(event, key, tag);
    }

    @Test
    void watchesComeAndGoWhileItIsReceived() {
        ReactiveWatchQueue queue = NotificationFlux.builder().queue();
        StepVerifier.create(queue.receive())
                .then(() -> test.post(key, 1))
                .then(() -> queue.watch(key, 3).block(SOON))
                .then(() -> test.update(key))
                .expectNext(event(KeyEvent.UPDATED, key, 3))
                .then(() -> queue.unwatch(key).block(SOON))
                .expectNext(new RemovalNotification(key, 3))
                .then(() -> test.update(key))
                .then(() -> queue.watch(key, 4).block(SOON))
                .then(() -> test.post(key, 1))
                .expectNext(event(KeyEvent.SETATTR, key, 4))
                .then(queue::dispose)
                .expectComplete()
                .verify(SOON);
    }

    @Test
    void theFilterIsTheKernelsAndChangesAtOnce() {
        ReactiveWatchQueue queue = NotificationFlux.builder().watch(key).queue();
        StepVerifier.create(queue.receive())
                .then(
                        () ->
                                queue.filter(
                                                NotificationFilter.of(
                                                        NotificationFilter.events(
                                                                KeyEvent.UPDATED)))
                                        .block(SOON))
                .then(() -> test.post(key, 5))
                .then(() -> test.update(key))
                .expectNext(event(KeyEvent.UPDATED, key, 0))
                .then(() -> queue.filter(null).block(SOON))
                .then(() -> test.post(key, 1))
                .expectNext(event(KeyEvent.SETATTR, key, 0))
                .thenCancel()
                .verify(SOON);
        queue.onDispose().block(SOON);
    }

    @Test
    void errorsAreSignals() throws Exception {
        long descriptors = TestProcess.descriptors();
        ReactiveWatchQueue queue = NotificationFlux.builder().watch(key).queue();
        StepVerifier.create(queue.watch(key, 1)).verifyError(AlreadyWatchedException.class);
        StepVerifier.create(queue.watch(KeyId.of(Integer.MAX_VALUE)))
                .verifyError(KeyUnavailableException.class);
        queue.dispose();
        ReactiveWatchQueue failing =
                NotificationFlux.builder().watch(KeyId.of(Integer.MAX_VALUE)).queue();
        StepVerifier.create(failing.open()).verifyError(KeyUnavailableException.class);
        StepVerifier.create(failing.receive()).verifyError(KeyUnavailableException.class);
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptors);
    }

    /** An opening that times out is closed by the caller that built the queue. */
    @Test
    void nothingIsLeftOpenIfOpeningTimesOut() throws Exception {
        long descriptors = TestProcess.descriptors();
        long nanos = 1;
        for (int round = 0; round < 1000; round++) {
            ReactiveWatchQueue queue = NotificationFlux.builder().watch(key).queue();
            long start = System.nanoTime();
            boolean opened =
                    queue.open()
                            .thenReturn(true)
                            .subscribeOn(Schedulers.boundedElastic())
                            .timeout(Duration.ofNanos(nanos))
                            .onErrorReturn(TimeoutException.class, false)
                            .block(SOON);
            // About as long as opening takes.
            nanos = opened ? nanos / 2 + 1 : nanos + (System.nanoTime() - start) / 2;
            queue.dispose();
            queue.onDispose().block(SOON);
        }
        assertThat(TestProcess.descriptors()).isLessThanOrEqualTo(descriptors);
    }

    /** The example of its javadoc: keys that are linked are watched from then on. */
    @Test
    void placesWatchesFromReceivedNotifications() {
        Flux<Notification> following =
                Flux.using(
                        NotificationFlux.builder().watch(test.keyring, 1)::queue,
                        queue ->
                                queue.receive()
                                        .concatMap(
                                                n ->
                                                        n instanceof KeyNotification change
                                                                        && change.event()
                                                                                == KeyEvent.LINKED
                                                                ? queue.watch(
                                                                                KeyId.of(
                                                                                        change
                                                                                                .aux()),
                                                                                2)
                                                                        .thenReturn(n)
                                                                : Mono.just(n)),
                        ReactiveWatchQueue::dispose);
        KeyId[] added = new KeyId[1];
        StepVerifier.create(following)
                .then(() -> added[0] = test.add("new"))
                .expectNextMatches(n -> n.watchTag() == 1)
                .then(() -> test.update(added[0]))
                .expectNextMatches(n -> n.equals(event(KeyEvent.UPDATED, added[0], 2)))
                .thenCancel()
                .verify(SOON);
    }
}
