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
package io.watchqueue.test;

import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Ties the time of a simulated kernel to a scheduler's, for {@code StepVerifier.withVirtualTime}.
 * Needs reactor-core.
 *
 * <pre>{@code
 * StepVerifier.withVirtualTime(() -> {
 *             SimulatedTime.follow(kernel);
 *             return changes;
 *         })
 *         .then(() -> Keyctl.system().setTimeout(key, Duration.ofSeconds(10)))
 *         .expectNextCount(1)
 *         .thenAwait(Duration.ofSeconds(10 + 300))
 *         .expectNext(new RemovalNotification(key, 1))
 * }</pre>
 */
public final class SimulatedTime {

    private static final Duration TICK = Duration.ofSeconds(1);

    private SimulatedTime() {}

    /**
     * Advances a kernel's time with that of {@link Schedulers#parallel()}, second by second. While
     * a VirtualTimeScheduler is in force, these are virtual seconds. After each second the kernel
     * settles, so that all its notifications are delivered before time goes on.
     *
     * @param kernel the kernel, which nothing else should advance meanwhile
     * @return ends it; a virtual scheduler ends it with its test
     */
    public static Disposable follow(SimulatedKernel kernel) {
        return Schedulers.parallel()
                .schedulePeriodically(
                        () -> {
                            kernel.advance(TICK);
                            kernel.settle();
                        },
                        TICK.toSeconds(),
                        TICK.toSeconds(),
                        TimeUnit.SECONDS);
    }
}
