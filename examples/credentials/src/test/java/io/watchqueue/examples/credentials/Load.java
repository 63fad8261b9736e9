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
package io.watchqueue.examples.credentials;

import static io.watchqueue.examples.credentials.Eventually.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;

/** Requests without a pause, four at a time, while something is rotated. */
final class Load {

    private static final int LANES = 4;

    private final AtomicIntegerArray answers = new AtomicIntegerArray(LANES);
    private final List<Throwable> errors = new CopyOnWriteArrayList<>();
    private final Disposable requests;

    private Load(Mono<?> request) {
        requests =
                Flux.range(0, LANES)
                        .flatMap(
                                lane ->
                                        request.doOnSuccess(any -> answers.incrementAndGet(lane))
                                                .repeat(),
                                LANES)
                        .subscribe(any -> {}, errors::add);
    }

    /** Begins. The first request that fails ends it. */
    static Load begin(Mono<?> request) {
        return new Load(request);
    }

    /** Returns when all requests that are now under way have ended, and others after them. */
    void awaitLaterRequests() throws Exception {
        int[] before = IntStream.range(0, LANES).map(answers::get).toArray();
        eventually(
                "later requests",
                () ->
                        !errors.isEmpty()
                                || IntStream.range(0, LANES)
                                        .allMatch(lane -> answers.get(lane) >= before[lane] + 2));
    }

    /** Ends it. Fails if a request has failed. */
    void end() {
        requests.dispose();
        assertThat(errors).isEmpty();
    }
}
