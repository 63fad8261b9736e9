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

import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;

/**
 * Requests for another snapshot in a stream, from any thread. Many requests at a time lead to one
 * snapshot, so that subscribers that come together cost as much as one.
 */
final class SnapshotRequests {

    /** Guarded by this: one thread after the other emits. */
    private final Sinks.Many<Function<KeyringFollower, List<KeyringEvent>>> steps =
            Sinks.unsafe().many().multicast().directBestEffort();

    private final AtomicBoolean pending = new AtomicBoolean();

    /** Without a follower there is no need: it begins with a snapshot. */
    Flux<Function<KeyringFollower, List<KeyringEvent>>> steps() {
        return steps.asFlux();
    }

    /** Requests a snapshot that is not older than this call. */
    void request() {
        if (pending.compareAndSet(false, true)) {
            emit();
        }
    }

    private synchronized void emit() {
        steps.tryEmitNext(this::snapshot);
    }

    List<KeyringEvent> begin(KeyringFollower follower) {
        pending.set(false);
        return follower.begin();
    }

    private List<KeyringEvent> snapshot(KeyringFollower follower) {
        return pending.getAndSet(false) ? follower.snapshot() : List.of();
    }
}
