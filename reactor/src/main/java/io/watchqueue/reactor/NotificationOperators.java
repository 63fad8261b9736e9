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
 * between subscribers, so that either works. {@link NotificationFlux} has them as methods.
 *
 * <p>Losses and removals pass all of them, except those whose name says otherwise: a filter that
 * swallows losses would make a stream lie. To drop losses and removals on purpose, use {@code
 * ofType(KeyNotification.class)} after {@link #failOnLoss()}.
 *
 * <p>Unless they say otherwise they are as cold or hot as their source, work on its threads, pass
 * requests on to it, and end as it does.
 */
public final class NotificationOperators {

    /** The most notifications that wait for a snapshot. */
    private static final int WAITING = 32;

    private NotificationOperators() {}

    /**
     * Applies the kernel's filter to a part of a shared stream. If no subscriber wants the rest,
     * {@link NotificationFlux.Builder#filter} saves the kernel from queueing it.
     *
     * @param filter the filter; losses and removals always pass
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
     * Lets through the notifications with one of these tags, and all losses and removals, including
     * removals with other tags.
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
     * Turns a loss into an error: use it if you would rather subscribe again, and read everything
     * again, than go on. To subscribe again, use {@code retryWhen} with a pause, because {@code
     * retry()} subscribes while the queue is still open.
     *
     * <p><b>Termination:</b> at the first loss the source is cancelled, and the subscriber gets a
     * {@link NotificationLossException}.
     *
     * @return the operator, after which there are no losses
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
     * Emits a snapshot once the watches are in place, then every change, and a new snapshot after
     * each loss: for programs that mirror keys. The source is subscribed to first, which places its
     * watches, and then the snapshot is taken. A change that happens from then on is in the
     * changes, and may be in the snapshot too; it is never in neither. If the watches cannot be
     * placed, the source's error comes without a snapshot. This needs a source that places its
     * watches on the subscribing thread, as {@link NotificationFlux} does, even after {@code
     * publish().refCount()}. Put {@code subscribeOn} and {@code retryWhen} after this operator, so
     * that every subscription starts with a snapshot.
     *
     * <p><b>Demand:</b> while a snapshot is being taken, up to 32 notifications wait here, and all
     * others in the kernel. 32 are requested from the source, and more as they are delivered.
     *
     * <p><b>Threading:</b> the first snapshot is subscribed to on the subscribing thread, the
     * others on the thread of the source's signals. Changes come on the latter, or on the thread of
     * the snapshot that they waited for. On a {@link NotificationReader}'s thread a snapshot must
     * not block.
     *
     * <p><b>Termination:</b> as the source, after everything that it emitted. A source that ends
     * before anything else, such as a disposed stream, ends this without a snapshot. A snapshot
     * that fails or is empty is an error, and the source is cancelled.
     *
     * <p><b>Loss:</b> a loss is the {@link Resynced.Snapshot#loss()} of the next snapshot; there is
     * none among the changes.
     *
     * @param <S> the type of a snapshot's state
     * @param snapshot takes a snapshot each time it is subscribed to, and emits one value
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
        // first snapshot comes first, but is taken only after the source was subscribed to. An
        // error of the source is one of its signals, so that it cannot overtake earlier signals.
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
                                                        + " let it emit an empty state")));
    }

    /**
     * Gives one of several subscribers of a shared source a bounded queue, so that it does not slow
     * the others down. Notifications that find the queue full are dropped, and a loss with their
     * number stands in their place.
     *
     * <p><b>Demand:</b> unbounded towards the source, whatever the subscriber requests. Put it
     * after {@code publish} or {@code share}, where the kernel's queue is emptied for all. Directly
     * after a {@link NotificationFlux}, {@link NotificationFlux.Builder#prefetch} does the same
     * better, because it leaves the kernel its part.
     *
     * <p><b>Threading:</b> signals come on the source's thread, or on the one that requests.
     *
     * <p><b>Termination:</b> as the source, after everything that is queued, including a loss at
     * the end. Cancelling discards the queue.
     *
     * <p><b>Faults:</b> a subscriber that throws from {@code onNext} is cancelled, and the
     * exception goes to the uncaught exception handler of the thread, or to the log if none is set.
     * An exception of {@code onSubscribe} ends the subscription with {@code onError}. Others that
     * share the source go on.
     *
     * <p><b>Loss:</b> has the origin {@link LossNotification.Origin#SUBSCRIBER}. If losses are
     * dropped, their numbers are added, so that the sum is {@link LossNotification#UNKNOWN} if one
     * of them is the kernel's.
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
     * Emits the members of a keyring, and emits them again whenever they have changed, from a
     * stream that watches it. The keyring is listed after each notification of it and after each
     * loss, so that the view does not drift: LINKED does not name the key that it displaced.
     *
     * <p>The kernel does not notify a keyring's watches when it collects a member that has expired
     * or was revoked. It does notify a watch on that member: if the stream has one, the keyring is
     * listed again at its removal.
     *
     * <p><b>Demand:</b> as {@link #resyncOnLoss}. Successive views are never equal; intermediate
     * views may be skipped.
     *
     * <p><b>Threading:</b> a special keyring is resolved, and created if necessary, on the
     * subscribing thread, which also lists it first. Later it is listed on the thread of the
     * source's signals, by a short system call; that thread needs the permission to read the
     * keyring.
     *
     * <p><b>Termination:</b> completes after an empty view when the keyring is gone or revoked.
     * Fails if that is so from the start, or if the keyring may not be read. If the source cannot
     * place its watches, its error comes without a view.
     *
     * <p><b>Loss:</b> the keyring is listed again; the loss does not appear in the stream.
     *
     * @param keyring a keyring that the stream watches, and that grants Read
     * @return the operator; its sets cannot be changed
     */
    public static Function<Flux<Notification>, Flux<Set<KeyId>>> keyringView(KeyId keyring) {
        Objects.requireNonNull(keyring, "keyring");
        return source -> Flux.defer(() -> KeyringView.of(keyring, Keyctl.system()).follow(source));
    }
}
