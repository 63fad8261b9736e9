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
 * The beginning of every message: struct watch_notification of include/uapi/linux/watch_queue.h.
 */
final class MessageHeader {

    static final int LENGTH = 8;

    /**
     * WATCH_INFO_LENGTH, the bits of the info field: header and payload have at most that many
     * bytes.
     */
    static final int MAX_MESSAGE_LENGTH = 0x7f;

    private MessageHeader() {}
}
