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
package io.watchqueue.examples.webflux;

import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/** The keyring is not on the list. */
final class KeyringRefusedException extends ErrorResponseException {

    private static final long serialVersionUID = 1;

    KeyringRefusedException(String reference) {
        super(HttpStatus.FORBIDDEN);
        setTitle("Keyring refused");
        setDetail(
                "Keyring '"
                        + reference
                        + "' is not among those of watchqueue.keyrings, which are the only ones that this"
                        + " application shows; GET /keyrings lists them.");
    }
}
