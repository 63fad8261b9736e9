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

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/** The largest number of streams is open already. */
final class TooManyStreamsException extends ErrorResponseException {

    private static final long serialVersionUID = 1;
    private static final String RETRY_SECONDS = "10";

    TooManyStreamsException(int max) {
        super(HttpStatus.SERVICE_UNAVAILABLE);
        setTitle("Too many streams");
        setDetail(
                max
                        + " streams are open, which is watchqueue.streams.max; close another page, or"
                        + " raise the limit.");
        getHeaders().set(HttpHeaders.RETRY_AFTER, RETRY_SECONDS);
    }
}
