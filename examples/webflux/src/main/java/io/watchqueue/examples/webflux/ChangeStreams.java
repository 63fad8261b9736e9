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

import org.springframework.context.SmartLifecycle;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.stereotype.Component;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The streams of all browsers: so many and no more, each with a bounded queue of its own, which
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
     * @param reconnected whether the browser had one before
     * @param disconnect ends the browser's connection, whatever is on its way to it
     * @return the stream; an error before its first event if there are too many already, or the
     *     keyring may not be watched
     */
    Flux<ServerSentEvent<Object>> open(KeyringFeed feed, boolean reconnected, Runnable disconnect) {
        return Flux.defer(
                () -> {
                    if (open.incrementAndGet() > limits.max()) {
                        open.decrementAndGet();
                        return Flux.error(new TooManyStreamsException(limits.max()));
                    }
                    feed.meters().subscribed();
                    return events(feed, reconnected, disconnect)
                            .doFinally(
                                    end -> {
                                        feed.meters().unsubscribed();
                                        open.decrementAndGet();
                                    });
                });
    }

    private Flux<ServerSentEvent<Object>> events(
            KeyringFeed feed, boolean reconnected, Runnable disconnect) {
        ChangeEvents events = new ChangeEvents(feed.meters(), reconnected, limits.retry());
        Sinks.Empty<Void> ended = Sinks.empty();
        Flux<ServerSentEvent<Object>> changes =
                feed.changes(limits.buffer())
                        .concatMapIterable(events::of)
                        // The feed has logged why. The browser comes back, and gets the reason
                        // then.
                        .onErrorComplete(e -> events.haveBegun())
                        .doFinally(end -> ended.tryEmitEmpty());
        // One of each may wait for the browser, and no more.
        return Flux.merge(1, changes, heartbeat(disconnect).takeUntilOther(ended.asMono()))
                .takeUntilOther(stopping.asMono());
    }

    /** Comments: what is not taken is dropped, and who takes none for long is taken for dead. */
    private Flux<ServerSentEvent<Object>> heartbeat(Runnable disconnect) {
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
                .map(beat -> ServerSentEvent.builder().comment("").build());
    }

    @Override
    public void start() {
        stopping = Sinks.empty();
        running = true;
    }

    /** Comes before the web server's own phase, which waits for the streams to end. */
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
