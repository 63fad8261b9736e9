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

/** The one rule for tags: watch_queue(7), WATCH_INFO_ID. */
final class Tags {

    static final int MAX = 255;

    private Tags() {}

    static void check(String operation, int tag) {
        if (tag < 0 || tag > MAX) {
            throw new IllegalArgumentException(
                    operation
                            + ": tag "
                            + tag
                            + " is not from 0 to "
                            + MAX
                            + ", the 8 bits that the kernel returns");
        }
    }
}
