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
 * Counts and measures notifications on their way between the kernel's queues and their subscribers.
 * Each method does nothing unless it is overridden.
 *
 * <p><b>Threads:</b> {@link #recordOpened} is called on the thread that subscribes or opens, and so
 * is {@link #recordClosed} if the queue had no reader yet. All others are called on the reader's
 * thread, a few times at most for each turn of a queue and never once for each notification; they
 * must return soon. If one throws, the stream goes on. The exception goes to that thread's uncaught
 * exception handler; if none is set, the first one of a recorder is logged. One recorder may serve
 * several streams, and then has to be safe for several threads.
 */
public interface NotificationRecorder {

    /** Records nothing. */
    NotificationRecorder NONE = new NotificationRecorder() {};

    /**
     * A queue was opened for one subscriber.
     *
     * @param queue its gauges, for any thread until it is {@linkplain #recordClosed closed}, and of
     *     no use after that
     */
    default void recordOpened(QueueGauges queue) {}

    /**
     * A queue was closed.
     *
     * @param queue the gauges it was opened with
     */
    default void recordClosed(QueueGauges queue) {}

    /**
     * The kernel woke the reader, because an empty queue had received something.
     *
     * @param queue the queue
     */
    default void recordWakeup(QueueGauges queue) {}

    /**
     * The reader asked the kernel for notifications.
     *
     * @param queue the queue
     * @param reads the number of read(2) calls, including those that found nothing; at least 1
     */
    default void recordReads(QueueGauges queue, long reads) {}

    /**
     * Notifications were taken from the kernel, and delivered or prefetched.
     *
     * @param queue the queue
     * @param notifications their number, at least 1, losses included
     */
    default void recordReceived(QueueGauges queue, int notifications) {}

    /**
     * The kernel dropped notifications.
     *
     * @param queue the queue
     * @param loss the loss that stands in the stream for them
     */
    default void recordLoss(QueueGauges queue, LossNotification loss) {}

    /**
     * The state of a queue and of its subscription, as it is now. Two figures may be of different
     * moments.
     */
    interface QueueGauges {

        /**
         * Returns how many notifications the kernel queues before it drops.
         *
         * @return 32 to 512
         */
        int capacity();

        /**
         * Returns how much waits in the kernel; makes a system call.
         *
         * @return bytes, 16 for each key notification; 0 if the queue is closed
         */
        int queuedBytes();

        /**
         * Returns how much was read beyond the demand, and waits in this process.
         *
         * @return bytes, as of {@link io.watchqueue.WatchQueue#bufferedBytes()}
         */
        int bufferedBytes();

        /**
         * Returns how much was prefetched and waits for demand.
         *
         * @return notifications, at most as many as {@link NotificationFlux.Builder#prefetch}
         *     allows
         */
        int prefetched();

        /**
         * Returns the outstanding demand of the subscriber.
         *
         * @return notifications; {@link Long#MAX_VALUE} if it is unbounded
         */
        long demand();
    }
}
