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

import java.util.Objects;

/**
 * At least one notification was dropped at this place of the stream, because there was no room. It
 * may have been of any watch: read again everything that is derived from the stream.
 *
 * @param origin the place where it was dropped
 * @param dropped the number of dropped notifications, at least 1; or {@link #UNKNOWN}, always so
 *     for the kernel, because it posts one message for any number of drops at one place
 */
public record LossNotification(Origin origin, long dropped) implements Notification {

    /** The number of dropped notifications is not known. */
    public static final long UNKNOWN = -1;

    static final int SUBTYPE = 1;
    static final int LENGTH = 8;
    static final LossNotification OF_THE_KERNEL = new LossNotification();

    /** The place where notifications were dropped. */
    public enum Origin {
        /** The kernel, because its queue was full: WATCH_META_LOSS_NOTIFICATION. */
        KERNEL,
        /** This process, because a bounded buffer of a subscriber was full. */
        SUBSCRIBER
    }

    /**
     * Checks the parts.
     *
     * @param origin the place where it was dropped
     * @param dropped how many, at least 1, or {@link #UNKNOWN}
     * @throws IllegalArgumentException if the number is neither
     */
    public LossNotification {
        Objects.requireNonNull(origin, "origin");
        if (dropped < 1 && dropped != UNKNOWN) {
            throw new IllegalArgumentException(
                    "LossNotification: "
                            + dropped
                            + " dropped; it takes at least 1, or UNKNOWN (-1)");
        }
    }

    /** A loss in the kernel, of an unknown number of notifications. */
    public LossNotification() {
        this(Origin.KERNEL, UNKNOWN);
    }

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
