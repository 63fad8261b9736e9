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
 * At this very place of the stream the kernel had no room, and dropped at least one notification.
 * It does not say how many, nor of which watch: whatever is derived from the stream must be read
 * anew. Any number of drops at one place make one loss.
 */
public record LossNotification() implements Notification {

    static final int SUBTYPE = 1;
    static final int LENGTH = 8;
    static final LossNotification INSTANCE = new LossNotification();

    @Override
    public int type() {
        return TYPE_META;
    }

    @Override
    public int subtype() {
        return SUBTYPE;
    }

    @Override
    public int info() {
        return LENGTH;
    }
}
