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
package io.watchqueue.reactor;

/** When a subscription is to be served again, as it says at the end of its turn. */
enum NextTurn {

    /** There may be more to do: as soon as the others had their turn. */
    AT_ONCE,

    /** The queue is empty, and what comes next is wanted. */
    WHEN_READABLE,

    /** The same, but it is not wanted at once: see {@link FloodPause}. */
    AFTER_PAUSE,

    /** Nothing is to be done before the subscriber requests, or somebody ends it. */
    WHEN_SIGNALLED,

    /** It has ended, and only has to be finished. */
    NEVER
}
