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
package io.watchqueue.reactor.keyring;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.internal.Await;
import io.watchqueue.internal.Background;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import reactor.core.scheduler.Schedulers;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

@Timeout(300)
class LookTimerTests {

    private static final KeyId KEY = KeyId.of(1);

    private final LookTimer timer =
            new LookTimer(Duration.ofSeconds(10), Schedulers.boundedElastic());

    /** A thread that emits may have to pass on what others emit, for as long as a flood lasts. */
    @Test
    void asksForALookHoweverLongAnotherThreadEmits() {
        AtomicInteger asked = new AtomicInteger();
        CountDownLatch flood = new CountDownLatch(1);
        timer.steps()
                .subscribe(
                        step -> {
                            asked.incrementAndGet();
                            try {
                                flood.await();
                            } catch (InterruptedException e) {
                                throw new IllegalStateException(e);
                            }
                        });
        CompletableFuture<Void> emitting = Background.run(() -> timer.instantiated(KEY));
        Await.until("it emits", () -> asked.get() == 1);
        AtomicReference<Thread> waiting = new AtomicReference<>();
        CompletableFuture<Void> second =
                Background.run(
                        () -> {
                            waiting.set(Thread.currentThread());
                            timer.instantiated(KEY);
                        });
        Await.until(
                "the second one waits, or has failed",
                () ->
                        second.isDone()
                                || waiting.get() != null
                                        && waiting.get().getState() == Thread.State.BLOCKED);
        flood.countDown();
        emitting.join();
        second.join();
        assertThat(asked).hasValue(2);
    }

    @Test
    void completesAndAsksForNothingAfterTheEnd() {
        AtomicInteger asked = new AtomicInteger();
        AtomicInteger completed = new AtomicInteger();
        timer.steps()
                .subscribe(
                        step -> asked.incrementAndGet(), error -> {}, completed::incrementAndGet);
        timer.dispose();
        timer.lookAgain(true);
        timer.instantiated(KEY);
        assertThat(completed).hasValue(1);
        assertThat(asked).hasValue(0);
    }
}
