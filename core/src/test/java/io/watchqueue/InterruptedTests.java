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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.internal.Errno;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class InterruptedTests {

    @Test
    void repeatsACallThatSignalsInterrupt() {
        AtomicInteger calls = new AtomicInteger();
        assertThat(Interrupted.retry(() -> calls.incrementAndGet() < 500 ? -Errno.EINTR : 7))
                .isEqualTo(7);
        assertThat(calls).hasValue(500);
    }

    /** As of a key that request-key(8) has rejected with EINTR. */
    @Test
    void givesUpACallThatFailsFasterThanSignalsCome() {
        assertThat(Interrupted.retry(() -> -Errno.EINTR)).isEqualTo(-Errno.EINTR);
    }
}
