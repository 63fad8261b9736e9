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

/**
 * This queue watches this key already (EBUSY): a key has one watch, and so one tag, in a queue.
 * With an errno of 0, the queue watched the key with the same tag before, and notifications of that
 * watch are still queued.
 */
public final class AlreadyWatchedException extends WatchQueueException {

    private static final long serialVersionUID = 1;

    AlreadyWatchedException(String operation, int errno, String detail) {
        super(operation, errno, detail);
    }
}
