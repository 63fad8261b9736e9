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

import io.watchqueue.LossNotification;

/**
 * Is told what happens between the kernel's queues and their subscribers, to count and measure it.
 * Each method does nothing unless it is overridden.
 *
 * <p><b>Threads:</b> {@link #opened} comes on the thread that subscribes or opens, and {@link
 * #closed} too if there was no reader yet; all others come on the reader's thread, at most a few
 * times for each turn of a queue and never once for each notification; they must return soon. If
 * one throws, the exception goes to that thread's uncaught exception handler, and the stream goes
 * on. One recorder may serve several streams, and then has to be safe for several threads.
 */
public interface NotificationRecorder {

    /** Records nothing. */
    NotificationRecorder NONE = new NotificationRecorder() {};

    /**
     * A queue was opened, for one subscriber.
     *
     * @param queue its gauges, to be looked at from any thread until it is {@linkplain #closed
     *     closed}, and of no use after that
     */
    default void opened(Gauges queue) {}

    /**
     * A queue was closed, and with it its gauges.
     *
     * @param queue the gauges it was opened with
     */
    default void closed(Gauges queue) {}

    /**
     * The kernel woke the reader, as a queue that was empty is not any more.
     *
     * @param queue which
     */
    default void wokenUp(Gauges queue) {}

    /**
     * The kernel was asked for notifications.
     *
     * @param queue which queue's
     * @param reads the number of read(2) calls, those that found nothing included; at least 1
     */
    default void read(Gauges queue, long reads) {}

    /**
     * Notifications were taken from the kernel, and delivered or prefetched.
     *
     * @param queue where from
     * @param notifications how many, at least 1, losses included
     */
    default void received(Gauges queue, int notifications) {}

    /**
     * The kernel dropped something.
     *
     * @param queue where
     * @param loss what stands in the stream for it
     */
    default void lost(Gauges queue, LossNotification loss) {}

    /** What a queue and its subscription look like now. The figures may be of different moments. */
    interface Gauges {

        /**
         * Returns how many notifications the kernel keeps before it drops.
         *
         * @return 32 to 512
         */
        int capacity();

        /**
         * Returns what waits in the kernel. A system call.
         *
         * @return bytes, 16 for each key notification; 0 if the queue is closed
         */
        int queuedBytes();

        /**
         * Returns what was read beyond the demand.
         *
         * @return bytes, as of {@link io.watchqueue.WatchQueue#carriedBytes()}
         */
        int carriedBytes();

        /**
         * Returns what was prefetched and waits for demand.
         *
         * @return notifications, at most what {@link NotificationFlux.Builder#prefetch} allows
         */
        int prefetched();

        /**
         * Returns what the subscriber asked for and was not given yet.
         *
         * @return notifications; {@link Long#MAX_VALUE} if it takes all
         */
        long demand();
    }
}
