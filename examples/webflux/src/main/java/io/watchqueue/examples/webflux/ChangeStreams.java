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

import io.watchqueue.reactor.keyring.KeyringEvent;

import org.springframework.context.SmartLifecycle;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.stereotype.Component;

import reactor.core.Scannable.Attr;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The streams of all browsers. Their number is limited, each has its own bounded queue, and all
 * complete when the application ends.
 */
@Component
class ChangeStreams implements SmartLifecycle {

    private final WatchqueueProperties.Streams limits;
    private final AtomicInteger open = new AtomicInteger();
    private volatile Sinks.Empty<Void> stopping = Sinks.empty();
    private volatile boolean running;

    ChangeStreams(WatchqueueProperties properties) {
        this.limits = properties.streams();
    }

    /**
     * Opens a stream.
     *
     * @param disconnect ends the browser's connection at once, and discards unsent data
     * @return the stream; an error before its first event if there are too many streams already, or
     *     the keyring may not be watched
     */
    Flux<ServerSentEvent<String>> open(KeyringFeed feed, Runnable disconnect) {
        return Flux.defer(
                () -> {
                    if (open.incrementAndGet() > limits.max()) {
                        open.decrementAndGet();
                        return Flux.error(new TooManyStreamsException(limits.max()));
                    }
                    feed.meters().subscribed();
                    return events(feed, disconnect)
                            .doFinally(
                                    end -> {
                                        feed.meters().unsubscribed();
                                        open.decrementAndGet();
                                    });
                });
    }

    private Flux<ServerSentEvent<String>> events(KeyringFeed feed, Runnable disconnect) {
        Sinks.Empty<Void> begun = Sinks.empty();
        Sinks.Empty<Void> ended = Sinks.empty();
        Flux<ServerSentEvent<String>> changes =
                feed.updates()
                        .doOnNext(feed.meters()::count)
                        .doOnNext(update -> begun.tryEmitEmpty())
                        .map(this::event)
                        // The feed has logged the reason. The browser reconnects, and gets it then.
                        .onErrorComplete(e -> begun.scanOrDefault(Attr.TERMINATED, false))
                        .doFinally(end -> ended.tryEmitEmpty());
        // Not before the first event: until then the answer may still be an error.
        Flux<ServerSentEvent<String>> heartbeat =
                heartbeat(disconnect)
                        .delaySubscription(begun.asMono())
                        .takeUntilOther(ended.asMono());
        // At most one of each may wait for the browser.
        return Flux.merge(1, changes, heartbeat).takeUntilOther(stopping.asMono());
    }

    private ServerSentEvent<String> event(KeyringUpdate update) {
        ServerSentEvent.Builder<String> event =
                ServerSentEvent.builder(update.json()).event(update.type());
        boolean first = update.event() instanceof KeyringEvent.Snapshot;
        return (first ? event.retry(limits.retry()) : event).build();
    }

    /**
     * Heartbeat comments. If the browser has no demand they are dropped; after a while without any,
     * it is disconnected.
     */
    private Flux<ServerSentEvent<String>> heartbeat(Runnable disconnect) {
        long patience = limits.stalled().dividedBy(limits.heartbeat());
        AtomicInteger missed = new AtomicInteger();
        return Flux.interval(limits.heartbeat())
                .onBackpressureDrop(
                        beat -> {
                            if (missed.incrementAndGet() == patience) {
                                disconnect.run();
                            }
                        })
                .doOnNext(beat -> missed.set(0))
                .map(beat -> ServerSentEvent.<String>builder().comment("").build());
    }

    @Override
    public void start() {
        stopping = Sinks.empty();
        running = true;
    }

    /** Runs before the web server's own phase, which waits for the streams to end. */
    @Override
    public void stop() {
        running = false;
        stopping.tryEmitEmpty();
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
