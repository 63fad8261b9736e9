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

import io.watchqueue.ForeignKeyException;
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.ResourceLimitException;
import io.watchqueue.WatchQueueException;
import io.watchqueue.WatchQueueUnsupportedException;

import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;

/** Reports errors of the kernel in HTTP, as problem details (RFC 9457). */
@RestControllerAdvice
@Order(Ordered.HIGHEST_PRECEDENCE)
class Problems {

    @ExceptionHandler
    ResponseEntity<ProblemDetail> refused(ErrorResponseException e) {
        return answer(e.getBody(), e.getHeaders());
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> unavailable(KeyUnavailableException e) {
        return answer(HttpStatus.NOT_FOUND, "No such keyring now", e);
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> foreign(ForeignKeyException e) {
        return answer(HttpStatus.FORBIDDEN, "Keyring refused", e);
    }

    @ExceptionHandler
    ResponseEntity<ProblemDetail> forbidden(KeyPermissionException e) {
        return answer(HttpStatus.FORBIDDEN, "Keyring not permitted", e);
    }

    @ExceptionHandler({ResourceLimitException.class, WatchQueueUnsupportedException.class})
    ResponseEntity<ProblemDetail> unable(WatchQueueException e) {
        return answer(HttpStatus.SERVICE_UNAVAILABLE, "Keyrings cannot be watched now", e);
    }

    private static ResponseEntity<ProblemDetail> answer(
            HttpStatus status, String title, WatchQueueException e) {
        ProblemDetail problem = ProblemDetail.forStatusAndDetail(status, e.getMessage());
        problem.setTitle(title);
        return answer(problem, HttpHeaders.EMPTY);
    }

    /**
     * The content type does not depend on Accept: an EventSource accepts text/event-stream only.
     */
    private static ResponseEntity<ProblemDetail> answer(
            ProblemDetail problem, HttpHeaders headers) {
        return ResponseEntity.status(problem.getStatus())
                .headers(headers)
                .contentType(MediaType.APPLICATION_PROBLEM_JSON)
                .body(problem);
    }
}
