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
package io.watchqueue.reactor.keyring;

import io.watchqueue.LossNotification;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;

import reactor.core.CoreSubscriber;
import reactor.core.Disposable;
import reactor.core.Exceptions;
import reactor.core.Scannable;
import reactor.core.publisher.ConnectableFlux;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A {@link KeyringFlux} that many subscribers share, see {@link KeyringFlux#shared(int, Duration,
 * Function)}, which has the contract. It owns the queue that it opens; {@link #dispose()} closes
 * that at once.
 *
 * @param <T> what the events are mapped to
 */
public final class SharedKeyringFlux<T> extends Flux<T> implements Disposable {

    /** At most this many events are in this process before the buffers of the subscribers. */
    private static final int UNDER_WAY = 128;

    private final SnapshotRequests requests;
    private final Flux<Shared<T>> events;
    private final Function<? super KeyringEvent, ? extends T> mapper;
    private final int buffer;
    private final Sinks.Empty<Void> disposed = Sinks.empty();

    private record Shared<T>(KeyringEvent event, T value) {}

    SharedKeyringFlux(
            Flux<KeyringEvent> source,
            SnapshotRequests requests,
            Function<? super KeyringEvent, ? extends T> mapper,
            int buffer,
            Duration linger) {
        this.requests = requests;
        this.mapper = mapper;
        this.buffer = buffer;
        ConnectableFlux<Shared<T>> hot =
                source.takeUntilOther(disposed.asMono()).map(this::map).publish(UNDER_WAY);
        // A pause of nothing would still be a task for another thread.
        this.events = linger.isZero() ? hot.refCount() : hot.refCount(1, linger);
    }

    private Shared<T> map(KeyringEvent event) {
        return new Shared<>(event, mapper.apply(event));
    }

    @Override
    public void subscribe(CoreSubscriber<? super T> actual) {
        Flux.defer(this::withNewBeginnings).subscribe(actual);
    }

    /** A subscriber that is too slow leaves, is told so, and begins again. */
    private Flux<T> withNewBeginnings() {
        AtomicBoolean lost = new AtomicBoolean();
        return Flux.defer(this::fromSnapshotOn)
                .onBackpressureBuffer(buffer)
                .onErrorResume(
                        Exceptions::isOverflow,
                        overflow -> {
                            lost.set(true);
                            return Mono.just(map(subscriberLoss()));
                        })
                .map(Shared::value)
                .repeat(() -> lost.getAndSet(false));
    }

    private Flux<Shared<T>> fromSnapshotOn() {
        Publisher<Shared<T>> joined =
                subscriber -> {
                    events.subscribe(subscriber);
                    requests.request(); // now that it will get the snapshot
                };
        return Flux.from(joined).filter(new FromSnapshotOn());
    }

    /** Completes all subscribers, now and later, and closes the queue. May be called again. */
    @Override
    public void dispose() {
        disposed.tryEmitEmpty();
    }

    @Override
    public boolean isDisposed() {
        return disposed.scanOrDefault(Scannable.Attr.TERMINATED, false);
    }

    private static KeyringEvent subscriberLoss() {
        return new KeyringEvent.Lost(
                new LossNotification(LossNotification.Origin.SUBSCRIBER, LossNotification.UNKNOWN));
    }

    /** Passes what begins with a snapshot, without the snapshots that others requested. */
    private static final class FromSnapshotOn implements Predicate<Shared<?>> {

        private @Nullable KeyringStore store;

        @Override
        public boolean test(Shared<?> shared) {
            if (shared.event() instanceof KeyringEvent.Snapshot snapshot) {
                boolean anotherKeyring = snapshot.store() != store;
                store = snapshot.store();
                return anotherKeyring;
            }
            return store != null;
        }
    }
}
