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

/** The queue was closed, before the operation or while it waited. */
public final class WatchQueueClosedException extends WatchQueueException {

    private static final long serialVersionUID = 1;

    /**
     * Creates the failure of an operation on a closed queue.
     *
     * @param operation the operation that was attempted
     */
    public WatchQueueClosedException(String operation) {
        super(operation, 0, "the queue is closed; open another one");
    }
}
