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
package io.watchqueue.examples.webflux;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.watchqueue.LossNotification;
import io.watchqueue.reactor.NotificationRecorder;
import io.watchqueue.reactor.keyring.KeyringEvent;

import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToLongFunction;

/** The meters of one keyring. */
final class FeedMeters implements NotificationRecorder {

    private final MeterRegistry meters;
    private final String keyring;
    private final Set<QueueGauges> queues = ConcurrentHashMap.newKeySet();
    private final AtomicInteger subscribers = new AtomicInteger();
    private final Counter received;
    private final Counter reads;
    private final Counter wakeups;

    FeedMeters(MeterRegistry meters, String keyring) {
        this.meters = meters;
        this.keyring = keyring;
        received = counter("watchqueue.received", "Notifications taken from the kernel");
        reads = counter("watchqueue.reads", "read(2) calls");
        wakeups = counter("watchqueue.wakeups", "Wakeups of the reader by the kernel");
        for (LossNotification.Origin origin : LossNotification.Origin.values()) {
            losses(origin);
        }
        Gauge.builder("watchqueue.subscribers", subscribers, AtomicInteger::get)
                .tag("keyring", keyring)
                .description("Streams that browsers have open")
                .register(meters);
        Gauge.builder("watchqueue.queues", queues, Set::size)
                .tag("keyring", keyring)
                .description("Kernel queues that are open")
                .register(meters);
        gauge(
                "watchqueue.demand",
                "Notifications requested and not delivered yet",
                QueueGauges::demand);
        gauge(
                "watchqueue.queued.bytes",
                "Bytes that wait in the kernel's queue",
                QueueGauges::queuedBytes);
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name)
                .tag("keyring", keyring)
                .description(description)
                .register(meters);
    }

    private Counter losses(LossNotification.Origin origin) {
        return Counter.builder("watchqueue.losses")
                .tag("keyring", keyring)
                .tag("origin", origin.name().toLowerCase(Locale.ROOT))
                .description("Losses, because the kernel's queue or a browser's was full")
                .register(meters);
    }

    private void gauge(String name, String description, ToLongFunction<QueueGauges> value) {
        Gauge.builder(name, queues, open -> open.stream().mapToLong(value).sum())
                .tag("keyring", keyring)
                .description(description)
                .register(meters);
    }

    void subscribed() {
        subscribers.incrementAndGet();
    }

    void unsubscribed() {
        subscribers.decrementAndGet();
    }

    /** Counts a loss in a browser's buffer, which the kernel does not report. */
    void count(KeyringUpdate sent) {
        if (sent.event() instanceof KeyringEvent.Lost lost
                && lost.loss().origin() == LossNotification.Origin.SUBSCRIBER) {
            count(lost.loss());
        }
    }

    private void count(LossNotification loss) {
        losses(loss.origin()).increment();
    }

    @Override
    public void recordOpened(QueueGauges queue) {
        queues.add(queue);
    }

    @Override
    public void recordClosed(QueueGauges queue) {
        queues.remove(queue);
    }

    @Override
    public void recordWakeup(QueueGauges queue) {
        wakeups.increment();
    }

    @Override
    public void recordReads(QueueGauges queue, long count) {
        reads.increment((double) count);
    }

    @Override
    public void recordReceived(QueueGauges queue, int notifications) {
        received.increment(notifications);
    }

    @Override
    public void recordLoss(QueueGauges queue, LossNotification loss) {
        count(loss);
    }
}
