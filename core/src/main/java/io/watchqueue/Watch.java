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
 * A key attached to a queue; made by {@link WatchQueue#watch}. Lasts until it is closed, the key is
 * destroyed, or the queue is closed.
 */
public final class Watch implements AutoCloseable {

    private final WatchQueue queue;
    private final KeyId key;
    private final int tag;

    Watch(WatchQueue queue, KeyId key, int tag) {
        this.queue = queue;
        this.key = key;
        this.tag = tag;
    }

    /**
     * Returns the watched key.
     *
     * @return its serial, even if a special keyring was named
     */
    public KeyId key() {
        return key;
    }

    /**
     * Returns the tag of its notifications.
     *
     * @return 0 to 255
     */
    public int tag() {
        return tag;
    }

    /**
     * Removes the watch: keyctl_watch_key(3) with a tag of -1. Notifications posted before are
     * still delivered, and then a {@link RemovalNotification}, or a loss if there was no room for
     * it. Until that is read, the queue takes no new watch on the same key with the same tag. Does
     * nothing the second time, or if the watch, the key or the queue is gone.
     *
     * <p>The kernel does not remove the watch of a key that was revoked, has expired or no longer
     * grants View. This is not an error here: such a watch stays, and ends when the key is
     * destroyed or the queue is closed.
     *
     * @throws WatchQueueException if the kernel refuses for another reason; the watch stays, and
     *     can be closed again
     */
    @Override
    public void close() {
        queue.unwatch(this);
    }

    @Override
    public String toString() {
        return "Watch[key=" + key + ", tag=" + tag + "]";
    }
}
