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

import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;

import reactor.core.publisher.Mono;

import java.time.Duration;

/** The wait for the next version of a secret, after a server has refused one. */
final class NextVersion {

    private NextVersion() {}

    /** Emits true when there is a version after that one, or false if there is none in time. */
    static Mono<Boolean> after(RotatingSecret secret, long version, Duration patience) {
        return secret.rotations()
                .any(
                        rotation ->
                                rotation instanceof Rotation.Loaded loaded
                                        && loaded.version() > version)
                .timeout(patience, Mono.just(false));
    }
}
