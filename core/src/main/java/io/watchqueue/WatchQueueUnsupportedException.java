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

/** This machine's kernel has no watch queues for keys, or does not let this process use them. */
public final class WatchQueueUnsupportedException extends WatchQueueException {

    private static final long serialVersionUID = 1;

    /** The missing part. */
    private final WatchQueueSupport.Status status;

    WatchQueueUnsupportedException(String operation, int errno, WatchQueueSupport support) {
        super(operation, errno, support.explanation());
        this.status = support.status();
        initCause(support.cause());
    }

    /**
     * Returns the missing part.
     *
     * @return anything but {@link WatchQueueSupport.Status#AVAILABLE}
     */
    public WatchQueueSupport.Status status() {
        return status;
    }
}
