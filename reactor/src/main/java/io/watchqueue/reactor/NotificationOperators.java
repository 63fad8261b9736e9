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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.core.publisher.Signal;
import reactor.core.publisher.Sinks;

import java.util.BitSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;

/**
 * Operators for {@link Flux#transform} and {@link Flux#transformDeferred}; nothing is shared
 * between subscribers, so that either does.
 *
 * <p>Losses and removals pass all of them, except those whose name says otherwise: a filter that
 * swallows losses would make a stream lie. Who wants to be rid of them says so, as with {@code
 * ofType(KeyNotification.class)}, which is best done behind {@link #failOnLoss()}.
 *
 * <p>Unless they say otherwise they are as cold or hot as what they are applied to, work on its
 * threads, ask it for as much as they are asked for, and end as it does.
 */
public final class NotificationOperators {

    /** What waits for a snapshot at most. */
    private static final int WAITING = 32;

    private NotificationOperators() {}

    /**
     * Lets through what the kernel's filter would: for a stream that is shared, by those who want
     * different parts of it. Where the whole stream wants one part, {@link
     * NotificationFlux.Builder#filter} saves the kernel from queueing the rest.
     *
     * @param filter what is to pass; losses and removals always do
     * @return the operator
     */
    public static Function<Flux<Notification>, Flux<Notification>> filter(
            NotificationFilter filter) {
        Objects.requireNonNull(filter, "filter");
        return source -> source.filter(filter);
    }

    /**
     * Lets through these events of keys, and all losses and removals.
     *
     * @param events which; none named means all
     * @return the operator
     */
    public static Function<Flux<Notification>, Flux<Notification>> events(KeyEvent... events) {
        return filter(NotificationFilter.of(NotificationFilter.events(events)));
    }

    /**
     * Lets through what carries one of these tags, and all losses and removals, those of other tags
     * included.
     *
     * @param tags the tags, 0 to 255
     * @return the operator
     * @throws IllegalArgumentException if none is named, or one is out of range
     */
    public static Function<Flux<Notification>, Flux<Notification>> tags(int... tags) {
        if (tags.length == 0) {
            throw new IllegalArgumentException("tags: none named, so that nothing would pass");
        }
        BitSet passing = new BitSet();
        for (int tag : tags) {
            if (tag < 0 || tag > 255) {
                throw new IllegalArgumentException("tags: tag " + tag + " is not from 0 to 255");
            }
            passing.set(tag);
        }
        return source ->
                source.filter(
                        notification ->
                                notification.type() == Notification.TYPE_META
                                        || passing.get(notification.watchTag()));
    }

    /**
     * Makes a loss the end: for those who would rather subscribe again, and read everything again,
     * than go on. To subscribe again, use {@code retryWhen} with a pause: {@code retry()}
     * subscribes in the midst of the error, while the queue is still open.
     *
     * <p><b>Termination:</b> at the first loss the source is cancelled, and the subscriber gets a
     * {@link NotificationLossException}.
     *
     * @return the operator, behind which there are no losses
     */
    public static Function<Flux<Notification>, Flux<Notification>> failOnLoss() {
        return source ->
                source.handle(
                        (notification, sink) -> {
                            if (notification instanceof LossNotification loss) {
                                sink.error(new NotificationLossException(loss));
                            } else {
                                sink.next(notification);
                            }
                        });
    }

    /**
     * Gives the state first, then its changes, and after each loss the state again: what a program
     * needs that mirrors keys. The source is subscribed to first, so that its watches are placed,
     * and only then the snapshot is asked for: what happens from then on is in the changes, and may
     * be in the snapshot already; it is never in neither. If the watches cannot be placed, there is
     * no snapshot, but only the source's error. That holds for a source that places its watches
     * when it is subscribed to, on that thread, as {@link NotificationFlux} does, also after {@code
     * publish().refCount()}. Put {@code subscribeOn} and {@code retryWhen} after this operator, so
     * that every subscription starts with a snapshot.
     *
     * <p><b>Demand:</b> while a snapshot is being taken, up to 32 notifications wait here, and all
     * others in the kernel. The source is asked for 32, and for more as they are delivered.
     *
     * <p><b>Threading:</b> the first snapshot is subscribed to on the subscribing thread, the
     * others on that of the source's signals; changes come on the latter, or where the snapshot
     * came that they waited for. On a {@link NotificationReader}'s thread a snapshot must not
     * block.
     *
     * <p><b>Termination:</b> as the source, after all that it gave before. A source that ends
     * before anything else, such as a stream that has been disposed of, ends this without a
     * snapshot. If a snapshot fails, or is empty, that is the error, and the source is cancelled.
     *
     * <p><b>Loss:</b> is {@link Resynced.Snapshot#loss()}; there is none among the changes.
     *
     * @param <S> what a snapshot holds
     * @param snapshot looks at the state each time it is subscribed to, and gives one value
     * @return the operator
     */
    public static <S> Function<Flux<Notification>, Flux<Resynced<S>>> resyncOnLoss(
            Mono<? extends S> snapshot) {
        Objects.requireNonNull(snapshot, "snapshot");
        return source -> Flux.defer(() -> resynced(source, snapshot));
    }

    private static <S> Flux<Resynced<S>> resynced(
            Flux<Notification> source, Mono<? extends S> snapshot) {
        Sinks.One<Signal<Notification>> start = Sinks.one();
        AtomicReference<@Nullable Signal<Notification>> first = new AtomicReference<>();
        // All three are subscribed to now, one after the other, and delivered in this order. So the
        // first snapshot comes first, but is asked for only after the source was subscribed to. An
        // error of the source is one of its signals, so that it cannot overtake what came before.
        Flux<Signal<Notification>> signals =
                source.materialize().doOnNext(signal -> first.compareAndSet(null, signal));
        Mono<Signal<Notification>> watching =
                Mono.fromRunnable(
                        () -> {
                            Signal<Notification> end = first.get();
                            if (end != null && !end.isOnNext()) {
                                start.tryEmitEmpty(); // no watch was placed
                            } else {
                                start.tryEmitValue(Signal.subscribe(Operators.emptySubscription()));
                            }
                        });
        return Flux.mergeSequential(List.of(start.asMono(), signals, watching), 3, WAITING)
                .concatMap(signal -> resynced(signal, snapshot));
    }

    private static <S> Mono<Resynced<S>> resynced(
            Signal<Notification> signal, Mono<? extends S> snapshot) {
        Throwable error = signal.getThrowable();
        if (error != null) {
            return Mono.error(error);
        }
        if (signal.isOnComplete()) {
            return Mono.empty();
        }
        Notification notification = signal.get();
        if (notification != null && !(notification instanceof LossNotification)) {
            return Mono.just(new Resynced.Change<>(notification));
        }
        LossNotification loss = (LossNotification) notification;
        return snapshot.<Resynced<S>>map(state -> new Resynced.Snapshot<>(state, loss))
                .switchIfEmpty(
                        Mono.error(
                                () ->
                                        new NoSuchElementException(
                                                "resyncOnLoss: the snapshot completed without a value;"
                                                        + " let it give an empty state")));
    }

    /**
     * Puts a bounded queue in front of a subscriber that shares its source with others, so that it
     * does not slow them down: what finds the queue full is dropped, and a loss stands in its
     * place, with the number of the dropped.
     *
     * <p><b>Demand:</b> unbounded towards the source, whatever the subscriber asks for; so put it
     * behind {@code publish} or {@code share}, where the kernel's queue is emptied for all.
     * Directly behind a {@link NotificationFlux} it would do what {@link
     * NotificationFlux.Builder#prefetch} does better, as that leaves the kernel its part.
     *
     * <p><b>Threading:</b> signals come on the source's thread, or on the one that requests.
     *
     * <p><b>Termination:</b> as the source, behind what is queued, a loss at the end included.
     * Cancelling discards what is queued.
     *
     * <p><b>Faults:</b> a subscriber that throws from {@code onNext} is cancelled, and the
     * exception goes to the uncaught exception handler of the thread; what {@code onSubscribe}
     * throws ends the subscription with {@code onError}. Others that share the source go on.
     *
     * <p><b>Loss:</b> has the origin {@link LossNotification.Origin#SUBSCRIBER}. If a loss is among
     * what is dropped, its number is added, so that it is {@link LossNotification#UNKNOWN} if the
     * kernel's is among it.
     *
     * @param capacity how many notifications are queued at most, at least 1
     * @return the operator
     * @throws IllegalArgumentException if the capacity is not positive
     */
    public static Function<Flux<Notification>, Flux<Notification>> boundedWithLoss(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException(
                    "boundedWithLoss: capacity "
                            + capacity
                            + " is not positive, so that everything would be lost");
        }
        return source -> new FluxBoundedWithLoss(source, capacity);
    }

    /**
     * Gives the members of a keyring, and gives them again whenever they have changed, from a
     * stream that watches it. The kernel is asked for the members when it says that something
     * happened to the keyring, and after a loss, so that the view does not drift: LINKED tells
     * nothing of the key that it displaced.
     *
     * <p>The kernel does not tell a keyring's watches when it collects a member that has expired or
     * was revoked. It does tell a watch on that member: if the stream has one, the view looks again
     * at its removal.
     *
     * <p><b>Demand:</b> as {@link #resyncOnLoss}. Views that follow each other are never equal;
     * which of those between them the subscriber sees is open.
     *
     * <p><b>Threading:</b> a special keyring is resolved, and created if need be, on the
     * subscribing thread, and so is it listed at first; from then on it is listed where the
     * source's signals come, in a short system call for which that thread needs the permission to
     * read the keyring.
     *
     * <p><b>Termination:</b> when the keyring is gone or revoked, completes after an empty view; if
     * that is so from the start, or the keyring may not be read, fails with that error. If the
     * source cannot place its watches, its error comes without a view.
     *
     * <p><b>Loss:</b> is made up for, and does not show.
     *
     * @param keyring a keyring that the stream watches, and that grants Read
     * @return the operator; its sets cannot be changed
     */
    public static Function<Flux<Notification>, Flux<Set<KeyId>>> keyringView(KeyId keyring) {
        Objects.requireNonNull(keyring, "keyring");
        return source -> Flux.defer(() -> KeyringView.of(keyring, Keyctl.system()).follow(source));
    }
}
