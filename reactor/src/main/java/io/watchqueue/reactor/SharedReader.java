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

import io.watchqueue.WatchQueueSelector;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * The reader that all subscriptions have in common: started for the first, ended after the last.
 */
final class SharedReader {

    /** That of this machine's kernel. */
    static final SharedReader SYSTEM = new SharedReader(WatchQueueSelector::open);

    private final Supplier<WatchQueueSelector> selectors;
    private @Nullable NotificationReader running;
    private int users;

    SharedReader(Supplier<WatchQueueSelector> selectors) {
        this.selectors = selectors;
    }

    /** Returns the running reader, or starts one. Each call needs a {@link #detach}. */
    synchronized NotificationReader attach() {
        NotificationReader reader = running;
        if (reader == null) {
            reader = NotificationReader.start(selectors.get(), this);
            running = reader;
            users = 0;
        }
        users++;
        return reader;
    }

    /** Returns true if nobody uses that reader any more: it is to end. */
    synchronized boolean detach(NotificationReader reader) {
        // A reader that failed is not the running one any more, and has ended.
        if (running != reader || --users > 0) {
            return false;
        }
        running = null;
        return true;
    }

    synchronized void failed(NotificationReader reader) {
        if (running == reader) {
            running = null;
        }
    }
}
