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

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.context.ContextRegistry;
import io.watchqueue.internal.Errno;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Hooks;
import reactor.test.StepVerifier;
import reactor.util.context.Context;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The effects of a subscriber's context on its way through the reader's thread. */
@Timeout(300)
class ContextTests {

    private static final ThreadLocal<String> REQUEST = new ThreadLocal<>();
    private static final String KEY = "request";

    private final FakeStreams streams = new FakeStreams();

    @AfterEach
    void nothingIsLeftOpenAndNoClosedDescriptorWasUsed() {
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void threadLocalsAreRestoredOnTheReadersThread() {
        List<String> seen = new CopyOnWriteArrayList<>();
        ContextRegistry.getInstance().registerThreadLocalAccessor(KEY, REQUEST);
        Hooks.enableAutomaticContextPropagation();
        try {
            StepVerifier.create(
                            streams.flux()
                                    .doOnNext(n -> seen.add(REQUEST.get()))
                                    .transform(NotificationOperators.boundedWithLoss(5))
                                    .doOnNext(n -> seen.add(REQUEST.get()))
                                    .contextWrite(Context.of(KEY, "42")))
                    .then(() -> streams.post(1, 1))
                    .expectNextCount(1)
                    .thenCancel()
                    .verify(SOON);
            assertThat(seen).containsExactly("42", "42");
        } finally {
            Hooks.disableAutomaticContextPropagation();
            ContextRegistry.getInstance().removeThreadLocalAccessor(KEY);
        }
    }

    @Test
    void theContextReachesTheSourceThroughTheOperators() {
        List<String> seen = new CopyOnWriteArrayList<>();
        StepVerifier.create(
                        streams.flux()
                                .doOnEach(
                                        signal ->
                                                seen.add(
                                                        signal.getType()
                                                                + " "
                                                                + signal.getContextView().get(KEY)))
                                .transform(NotificationOperators.boundedWithLoss(5))
                                .transform(NotificationOperators.failOnLoss())
                                .contextWrite(Context.of(KEY, "42")))
                .then(() -> streams.post(1, 1))
                .expectNextCount(1)
                .then(streams::settle)
                .then(() -> streams.kernel.fail(NativeCall.READ, Errno.EIO))
                .then(() -> streams.post(2, 2))
                .expectError()
                .verify(SOON);
        assertThat(seen).containsExactly("onNext 42", "onError 42");
    }

    @Test
    void anErrorThatComesTooLateIsDroppedAsTheContextSays() {
        List<Throwable> dropped = new CopyOnWriteArrayList<>();
        streams.kernel.fail(NativeCall.EPOLL_CREATE, Errno.EMFILE);
        streams.flux()
                .doOnSubscribe(subscription -> subscription.cancel())
                .contextWrite(
                        Context.of(
                                "reactor.onErrorDropped.local",
                                (java.util.function.Consumer<Throwable>) dropped::add))
                .subscribe();
        assertThat(dropped)
                .singleElement()
                .satisfies(e -> assertThat(e).hasMessageContaining("EMFILE"));
    }
}
