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

import io.watchqueue.FakeQueues;
import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;

import reactor.core.publisher.Flux;

import java.util.stream.Stream;

/** The TCK for all publishers of this module, on the fake kernel. */
@Timeout(300)
class PublisherVerificationTests {

    private static final int MOST = WatchQueue.MAX_CAPACITY;

    @TestFactory
    Stream<DynamicTest> notificationFlux() {
        return PublisherTck.verify(
                PublisherTck.Subscribers.ALL_THE_SAME, elements -> flux(elements, 0));
    }

    @TestFactory
    Stream<DynamicTest> notificationFluxWithPrefetch() {
        return PublisherTck.verify(
                PublisherTck.Subscribers.ALL_THE_SAME, elements -> flux(elements, 7));
    }

    @TestFactory
    Stream<DynamicTest> receivedFromAQueue() {
        return PublisherTck.verify(
                PublisherTck.Subscribers.ONE_ONLY, PublisherVerificationTests::received);
    }

    @TestFactory
    Stream<DynamicTest> boundedWithLoss() {
        return PublisherTck.verify(
                PublisherTck.Subscribers.ALL_THE_SAME,
                elements ->
                        flux(elements, 0).transform(NotificationOperators.boundedWithLoss(MOST)));
    }

    private static Flux<Notification> flux(long elements, int prefetch) {
        FakeStreams streams = new FakeStreams().prefetch(prefetch).completeWhenUnwatched();
        NotificationFlux flux = streams.flux(() -> open(streams.kernel, elements));
        if (elements == 0) {
            flux.dispose();
        }
        return flux;
    }

    private static Publisher<Notification> received(long elements) {
        FakeStreams streams = new FakeStreams().completeWhenUnwatched();
        if (elements < 0) {
            ReactiveWatchQueue received = streams.queue();
            received.receive().subscribe().dispose();
            return received.receive();
        }
        ReactiveWatchQueue queue = streams.queue(() -> open(streams.kernel, elements));
        if (elements == 0) {
            queue.dispose();
        }
        return queue.receive();
    }

    /** A queue that delivers that many notifications, the last of which is a removal. */
    private static WatchQueue open(FakeKernel kernel, long elements) {
        if (elements < 0) {
            kernel.fail(NativeCall.PIPE2, Errno.EMFILE);
        }
        WatchQueue queue = FakeQueues.open(kernel, MOST);
        for (long i = 1; i < Math.min(elements, MOST); i++) {
            kernel.postToLast(FakeKernel.key(1, 1, 0, 1));
        }
        if (elements > 0 && elements <= MOST) {
            kernel.postToLast(FakeKernel.removal(1, 1));
        }
        return queue;
    }
}
