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

/** A limit of the system, the user or the process is reached. */
public final class ResourceLimitException extends WatchQueueException {

    private static final long serialVersionUID = 1;

    /** The limit's name. */
    private final String limit;

    ResourceLimitException(String operation, int errno, String limit, String detail) {
        super(operation, errno, detail);
        this.limit = limit;
    }

    /**
     * Returns the name of the limit.
     *
     * @return the resource limit or sysctl, such as {@code "RLIMIT_NOFILE"} or {@code
     *     "fs.pipe-user-pages-soft"}
     */
    public String limit() {
        return limit;
    }
}
