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
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Requests for another snapshot in a stream, from any thread. Many requests at a time lead to one
 * snapshot, so that subscribers that come together cost as much as one.
 */
final class SnapshotRequests {

    private final AtomicLong requested = new AtomicLong();

    /** Guarded by this: one thread after the other emits. */
    private final Sinks.Many<SnapshotRequests> signals =
            Sinks.unsafe().many().multicast().directBestEffort();

    /** Requests a snapshot that is not older than this call. */
    void request() {
        requested.incrementAndGet();
        signal();
    }

    /** If one is dropped, others still wait to be handled, and then there is one more request. */
    private synchronized void signal() {
        signals.tryEmitNext(this);
    }

    Answers answers() {
        return new Answers();
    }

    /** The answers of one follower, which begins with a snapshot in any case. */
    final class Answers {

        /** The number of requests that it has answered. For the follower's worker. */
        private long answered;

        Flux<Function<KeyringFollower, List<KeyringEvent>>> steps() {
            return signals.asFlux().map(signal -> this::snapshot);
        }

        List<KeyringEvent> begin(KeyringFollower follower) {
            answered = requested.get();
            return follower.begin();
        }

        private List<KeyringEvent> snapshot(KeyringFollower follower) {
            long latest = requested.get();
            if (latest == answered) {
                return List.of();
            }
            answered = latest;
            return follower.snapshot();
        }
    }
}
