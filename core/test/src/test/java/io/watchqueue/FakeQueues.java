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

import io.watchqueue.test.FakeKernel;

/** Opens queues on a {@link FakeKernel}, for the tests of other packages. */
public final class FakeQueues {

    private FakeQueues() {}

    /** A queue of that capacity which watches key 1 with the tag 1. */
    public static WatchQueue open(FakeKernel kernel, int capacity) {
        return WatchQueue.builder(kernel).capacity(capacity).watch(KeyId.of(1), 1).open();
    }

    /** A queue of that capacity which watches nothing. */
    public static WatchQueue openWithoutWatches(FakeKernel kernel, int capacity) {
        return WatchQueue.builder(kernel).capacity(capacity).open();
    }

    /** The exception that an operation on a key throws. */
    public static WatchQueueException keyFailure(int errno) {
        return Failures.key("look at a key", errno);
    }
}
