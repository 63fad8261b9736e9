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

import io.watchqueue.KeyId;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/** Reasons for a follower to look at keys that are not notifications. At most one timer runs. */
final class LookTimer implements Disposable {

    private final Duration period;
    private final Scheduler scheduler;

    /** Guarded by this: one thread after the other emits, even if that takes long in a flood. */
    private final Sinks.Many<Function<KeyringFollower, List<KeyringEvent>>> steps =
            Sinks.unsafe().many().unicast().onBackpressureBuffer();

    private final Disposable.Swap timer = Disposables.swap();
    private final AtomicBoolean set = new AtomicBoolean();

    LookTimer(Duration period, Scheduler scheduler) {
        this.period = period;
        this.scheduler = scheduler;
    }

    Flux<Function<KeyringFollower, List<KeyringEvent>>> steps() {
        return steps.asFlux();
    }

    /**
     * Sets the timer, if it is not set.
     *
     * @param wanted whether there are keys to look at
     */
    void lookAgain(boolean wanted) {
        if (wanted && set.compareAndSet(false, true)) {
            timer.update(
                    scheduler.schedule(
                            () -> add(this::look), period.toNanos(), TimeUnit.NANOSECONDS));
        }
    }

    private List<KeyringEvent> look(KeyringFollower follower) {
        set.set(false);
        return follower.lookAgain();
    }

    void instantiated(KeyId key) {
        add(follower -> follower.instantiated(key));
    }

    /** Ignored after the end. */
    private synchronized void add(Function<KeyringFollower, List<KeyringEvent>> step) {
        steps.tryEmitNext(step);
    }

    @Override
    public void dispose() {
        timer.dispose();
        complete();
    }

    private synchronized void complete() {
        steps.tryEmitComplete();
    }

    @Override
    public boolean isDisposed() {
        return timer.isDisposed();
    }
}
