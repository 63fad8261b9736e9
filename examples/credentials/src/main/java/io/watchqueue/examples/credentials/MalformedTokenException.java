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

import io.watchqueue.KeyId;
import io.watchqueue.reactor.secret.RotatingSecret;

/** A secret cannot be sent as a bearer token. The message contains no secret. */
public final class MalformedTokenException extends RuntimeException {

    private static final long serialVersionUID = 1;

    MalformedTokenException(RotatingSecret secret, KeyId key) {
        super(
                secret
                        + " is malformed because key "
                        + key
                        + " has characters other than letters, digits, -._~+/, and equals signs at the"
                        + " end: replace it by 'keyctl pupdate'");
    }
}
