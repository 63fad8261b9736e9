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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.KeyTree;
import io.watchqueue.Keyctl;

import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SignalType;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/**
 * A subscriber of a followed keyring, which applies the events to links of its own. These must be
 * those of the store.
 */
final class Followed extends BaseSubscriber<KeyringEvent> implements AutoCloseable {

    private static final Duration SOON = Duration.ofMinutes(2);

    record Link(KeyId key, KeyId keyring) {}

    private final List<KeyringEvent> events = new CopyOnWriteArrayList<>();
    private final Set<Link> links = new HashSet<>();
    private final long demand;
    private volatile Throwable error;
    private volatile SignalType end;

    private Followed(long demand) {
        this.demand = demand;
    }

    /** Returns when there is a snapshot, or an error. */
    static Followed of(Flux<KeyringEvent> flux) {
        return of(flux, Long.MAX_VALUE);
    }

    static Followed of(Flux<KeyringEvent> flux, long demand) {
        Followed followed = begin(flux, demand);
        followed.awaitSnapshot();
        return followed;
    }

    /** Returns at once. */
    static Followed begin(Flux<KeyringEvent> flux) {
        return begin(flux, Long.MAX_VALUE);
    }

    static Followed begin(Flux<KeyringEvent> flux, long demand) {
        Followed followed = new Followed(demand);
        flux.subscribe(followed);
        return followed;
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        request(demand);
    }

    @Override
    protected void hookOnNext(KeyringEvent event) {
        synchronized (links) {
            apply(event);
        }
        events.add(event);
    }

    private void apply(KeyringEvent event) {
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            links.clear();
            snapshot.links().forEach(this::apply);
        } else if (event instanceof KeyringEvent.Linked linked) {
            assertThat(links.add(new Link(linked.key().key(), linked.keyring())))
                    .as("%s is new", linked)
                    .isTrue();
        } else if (event instanceof KeyringEvent.Replaced replaced) {
            assertThat(links.remove(new Link(replaced.previous().key(), replaced.keyring())))
                    .as("%s was there", replaced)
                    .isTrue();
            assertThat(links.add(new Link(replaced.key().key(), replaced.keyring())))
                    .as("%s is new", replaced)
                    .isTrue();
        } else if (event instanceof KeyringEvent.Unlinked unlinked) {
            assertThat(links.remove(new Link(unlinked.key().key(), unlinked.keyring())))
                    .as("%s was there", unlinked)
                    .isTrue();
        } else if (event instanceof KeyringEvent.Gone gone) {
            links.removeIf(link -> link.key().equals(gone.key().key()));
        }
    }

    @Override
    protected void hookOnError(Throwable throwable) {
        error = throwable;
    }

    @Override
    protected void hookFinally(SignalType type) {
        end = type;
    }

    List<KeyringEvent> events() {
        return events;
    }

    <E extends KeyringEvent> List<E> events(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }

    KeyringStore store() {
        return ((KeyringEvent.Snapshot) events.get(0)).store();
    }

    Throwable error() {
        return Objects.requireNonNull(error);
    }

    SignalType end() {
        return end;
    }

    void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError(
                        "not so after " + SOON + ": " + what + "; events " + events, error);
            }
            LockSupport.parkNanos(500_000);
        }
    }

    <E extends KeyringEvent> E awaitLast(Class<E> type) {
        return awaitCount(type, 1);
    }

    <E extends KeyringEvent> E awaitCount(Class<E> type, int count) {
        await(count + " " + type.getSimpleName(), () -> events(type).size() >= count);
        List<E> all = events(type);
        return all.get(all.size() - 1);
    }

    void awaitEnd() {
        await("the end", () -> end != null);
    }

    private void awaitSnapshot() {
        await("snapshot", () -> !events.isEmpty() || end != null);
    }

    /** Waits until store and events have the links that the kernel has. */
    void awaitKernel(Keyctl keys) {
        awaitSnapshot();
        KeyringStore store = store();
        try {
            await(
                    "the links of store and events are the kernel's",
                    () -> {
                        Set<Link> there = linksOf(keys, store.keyring());
                        return linksOf(store).equals(there) && copyOfLinks().equals(there);
                    });
        } catch (AssertionError e) {
            assertThat(linksOf(store))
                    .as(events.toString())
                    .isEqualTo(linksOf(keys, store.keyring()));
            assertThat(copyOfLinks()).as(events.toString()).isEqualTo(linksOf(store));
            throw e;
        }
    }

    private Set<Link> copyOfLinks() {
        synchronized (links) {
            return Set.copyOf(links);
        }
    }

    private static Set<Link> linksOf(KeyringStore store) {
        return store.keys().stream()
                .flatMap(
                        key ->
                                store.members(key.key()).stream()
                                        .map(member -> new Link(member, key.key())))
                .collect(Collectors.toSet());
    }

    private static Set<Link> linksOf(Keyctl keys, KeyId root) {
        return keys.tree(root).stream()
                .flatMap(
                        (KeyTree tree) ->
                                tree.members().stream()
                                        .map(member -> new Link(member.key(), tree.key())))
                .collect(Collectors.toSet());
    }

    @Override
    public void close() {
        cancel();
    }
}
