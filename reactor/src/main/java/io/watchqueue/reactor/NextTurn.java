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

/** When to serve a subscription again: its answer at the end of a turn. */
enum NextTurn {

    /** There may be more to do: as soon as the others have had their turn. */
    AT_ONCE,

    /** The queue is empty, and the next notification is wanted. */
    WHEN_READABLE,

    /** The same, but it is not wanted at once: see {@link FloodPause}. */
    AFTER_PAUSE,

    /** There is nothing to do before the subscriber requests, or the subscription is ended. */
    WHEN_SIGNALLED,

    /** It has ended, and only has to be finished. */
    NEVER
}
