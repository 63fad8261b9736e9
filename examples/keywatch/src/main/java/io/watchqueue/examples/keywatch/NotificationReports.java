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
package io.watchqueue.examples.keywatch;

import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;
import io.watchqueue.Watch;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.ReactiveWatchQueue;

import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.ZonedDateTime;

/** Reports of the notifications of one queue. */
final class NotificationReports {

    /** Enough for one batch of output, and little beside the capacity of the kernel's queue. */
    private static final int BATCH = 32;

    private final Keyctl keys;
    private final KeyNames names;
    private final LineFormat format;
    private final PrintWriter err;

    NotificationReports(Keyctl keys, KeyNames names, LineFormat format, PrintWriter err) {
        this.keys = keys;
        this.names = names;
        this.format = format;
        this.err = err;
    }

    /**
     * Opens a queue, and announces its watches.
     *
     * @param notifications describes the queue
     * @return cold: opened on the subscribing thread, and reported on a thread that may block;
     *     completes when no watch is left
     */
    Flux<Report> follow(NotificationFlux.Builder notifications) {
        return Flux.using(
                notifications.completeWhenUnwatched()::queue,
                this::reports,
                ReactiveWatchQueue::dispose);
    }

    private Flux<Report> reports(ReactiveWatchQueue queue) {
        // The reader must not wait for a terminal. Notifications wait in the kernel's queue.
        return queue.open()
                .doOnSuccess(opened -> announce(queue))
                .thenMany(queue.receive())
                .publishOn(Schedulers.boundedElastic(), BATCH)
                .map(notification -> report(notification, queue));
    }

    private void announce(ReactiveWatchQueue queue) {
        for (Watch watch : queue.watches()) {
            err.println("keywatch: watching " + TextLines.key(watch.key().value(), names));
        }
    }

    private Report report(Notification notification, ReactiveWatchQueue queue) {
        ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
        String line = format.line(now, notification, names);
        if (notification instanceof LossNotification) {
            unwatchGoneKeys(queue);
            return new Report(line, Report.Kind.LOSS);
        }
        if (notification instanceof RemovalNotification removal) {
            names.forget((int) removal.id());
        }
        return new Report(line, Report.Kind.CHANGE);
    }

    /** The removal of a key may have been lost. Then only a look shows that the key is gone. */
    private void unwatchGoneKeys(ReactiveWatchQueue queue) {
        for (Watch watch : queue.watches()) {
            try {
                keys.describe(watch.key());
            } catch (KeyPermissionException e) {
                // The key exists.
            } catch (KeyUnavailableException e) {
                queue.unwatch(watch.key())
                        .block(); // does nothing if the key is only revoked or expired
            }
        }
    }
}
