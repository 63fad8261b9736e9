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

import io.watchqueue.Notification;
import io.watchqueue.WatchQueueClosedException;
import io.watchqueue.reactor.ReactiveWatchQueue;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;

/** A keyring while it is followed: its mirror, and the changes that all browsers share. */
final class FollowedKeyring {

    /** For a browser that comes in the moment of its end: asks again, and gets the next one. */
    static final Retry WHEN_TOO_LATE =
            Retry.fixedDelay(Long.MAX_VALUE, Duration.ofMillis(10))
                    .filter(TooLateException.class::isInstance);

    private static final Logger LOG = LoggerFactory.getLogger(FollowedKeyring.class);

    /** Half of what the kernel keeps may be under way here. */
    private static final int UNDER_WAY = 128;

    /** How long it waits for the browser for which it was opened. */
    private static final Duration UNTIL_THE_FIRST = Duration.ofSeconds(5);

    private static final int NONE_YET = -1;

    private final KeyringMirror mirror;
    private final Flux<Notification> changes;
    private final Sinks.Empty<Void> ended = Sinks.empty();
    private final Sinks.Many<Integer> browsers = Sinks.many().replay().latestOrDefault(NONE_YET);
    private int present;

    /**
     * @param linger how long it is followed without any browser
     */
    FollowedKeyring(
            String reference, ReactiveWatchQueue queue, KeyringMirror mirror, Duration linger) {
        this.mirror = mirror;
        AtomicBoolean received = new AtomicBoolean();
        this.changes =
                Flux.defer(
                                () ->
                                        received.compareAndSet(false, true)
                                                ? queue.receive()
                                                : Flux.error(new TooLateException()))
                        .publishOn(Schedulers.boundedElastic(), UNDER_WAY)
                        .filter(mirror::apply)
                        .takeUntil(mirror::isEndedBy)
                        .doOnError(
                                e ->
                                        !(e instanceof WatchQueueClosedException
                                                || e instanceof TooLateException),
                                e -> LOG.error("{} is no longer followed", reference, e))
                        .doFinally(end -> ended.tryEmitEmpty())
                        .publish(UNDER_WAY)
                        .refCount();
        Mono<Long> unused =
                browsers.asFlux()
                        .switchMap(
                                count ->
                                        switch (count) {
                                            case NONE_YET -> Mono.delay(UNTIL_THE_FIRST);
                                            case 0 -> Mono.delay(linger);
                                            default -> Mono.<Long>never();
                                        })
                        .next();
        // Notifications are taken here if nobody else does, so that the mirror is right without
        // browsers.
        changes.takeUntilOther(unused).subscribe(change -> {}, e -> {});
    }

    KeyringMirror mirror() {
        return mirror;
    }

    /**
     * The changes in the keyring. Hot; none of its subscribers may be slow, so each puts a {@code
     * boundedWithLoss} after it.
     */
    Flux<Notification> changes() {
        return changes.doOnSubscribe(subscription -> count(1)).doFinally(end -> count(-1));
    }

    private synchronized void count(int more) {
        present += more;
        browsers.tryEmitNext(present);
    }

    /** Completes when it is no longer followed. */
    Mono<Void> ended() {
        return ended.asMono();
    }

    private static final class TooLateException extends RuntimeException {

        private static final long serialVersionUID = 1;

        TooLateException() {
            super("the keyring is followed by another queue now");
        }
    }
}
