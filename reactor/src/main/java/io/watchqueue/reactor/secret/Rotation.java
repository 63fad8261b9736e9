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
package io.watchqueue.reactor.secret;

import io.watchqueue.KeyId;

/** A report that a secret has changed, without the secret: for logs, and as a signal to use it. */
public sealed interface Rotation {

    /**
     * There is a new secret.
     *
     * @param key the key that it was read from
     * @param version its {@link Secret#version()}, greater than those before
     */
    record Loaded(KeyId key, long version) implements Rotation {}

    /**
     * There is no secret now.
     *
     * @param cause the reason; each user of the secret gets a copy of this error
     */
    record Unavailable(SecretUnavailableException cause) implements Rotation {}
}
