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

import io.watchqueue.ForeignKeyException;
import io.watchqueue.KeyDescription;
import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.WatchQueueClosedException;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.NotificationRecorder;
import io.watchqueue.reactor.ReactiveWatchQueue;
import io.watchqueue.reactor.keyring.FollowedKey.State;

import org.jspecify.annotations.Nullable;

import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * A keyring and all keys below it, followed by one call: first the whole, then what happens to it.
 *
 * <pre>{@code
 * KeyringFlux.follow(Keyring.USER)
 *         .subscribe(event -> {
 *             if (event instanceof KeyringEvent.Replaced replaced) {
 *                 System.out.println(replaced.previous() + " was replaced by " + replaced.key());
 *             }
 *         });
 * }</pre>
 *
 * <p>A watch on a keyring notifies of its links only, see watch_queue(7). This stream places a
 * watch on each key below the keyring before it looks at the key, and follows keyrings in it to any
 * depth.
 *
 * <p><b>Cold.</b> Each subscription has a kernel queue, its watches and a {@link KeyringStore} of
 * its own. {@link #shared(int, Duration)} shares one.
 *
 * <p><b>Demand:</b> one notification can lead to many events, which wait for demand. While they do,
 * some 300 notifications wait in this process, and the others in the kernel's queue; when that is
 * full, the kernel drops. A slow subscriber therefore gets fewer, larger differences.
 *
 * <p><b>Threading:</b> the keyring is found on the subscribing thread. Everything else, signals
 * too, is done on one worker of the {@linkplain Builder#scheduler scheduler}, which needs the
 * permissions: keys that only a session keyring gives access to need a worker that was started with
 * that session keyring.
 *
 * <p><b>Termination:</b> fails if the keyring cannot be watched, or is not a keyring. Completes
 * after the keyring is gone, was revoked or has expired, unless it {@linkplain
 * Builder#awaitSuccessor() awaits a successor}. Cancelling closes the queue.
 *
 * <p><b>Loss:</b> a {@link KeyringEvent.Lost} stands in the stream, and after it the differences
 * that a look at all keys found.
 *
 * <p><b>Cost:</b> a change of one key costs a few system calls, in a small and in a large keyring.
 * Each key takes a watch, of which a user has as many as the soft limit RLIMIT_NOFILE. A
 * notification of a key that grants no View leads to a look at its whole keyring.
 */
public final class KeyringFlux extends Flux<KeyringEvent> {

    /** Without these, links or states would be unknown. */
    private static final Set<KeyEvent> NEEDED =
            EnumSet.of(
                    KeyEvent.LINKED,
                    KeyEvent.UNLINKED,
                    KeyEvent.CLEARED,
                    KeyEvent.REVOKED,
                    KeyEvent.SETATTR);

    /** A delay is counted in nanoseconds, which would overflow beyond this. */
    private static final Duration LONGEST_LINGER = Duration.ofNanos(Long.MAX_VALUE);

    private final FollowedRoot root;
    private final boolean awaiting;
    private final KeyringSettings settings;
    private final NotificationFlux.Builder queues;
    private final Scheduler scheduler;

    private KeyringFlux(
            FollowedRoot root,
            boolean awaiting,
            KeyringSettings settings,
            NotificationFlux.Builder queues,
            Scheduler scheduler) {
        this.root = root;
        this.awaiting = awaiting;
        this.settings = settings;
        this.queues = queues;
        this.scheduler = scheduler;
    }

    /**
     * Follows a keyring and all keys below it.
     *
     * @param keyring a keyring that grants View and Read when somebody subscribes
     * @return the stream, as of {@link #builder}
     */
    public static KeyringFlux follow(KeyId keyring) {
        return builder(keyring).build();
    }

    /**
     * Begins a stream.
     *
     * @param keyring a keyring that grants View and Read when somebody subscribes
     * @return a builder without a limit of depth or watches, for all keys and events
     */
    public static Builder builder(KeyId keyring) {
        return new Builder(new FollowedRoot(Objects.requireNonNull(keyring, "keyring"), null));
    }

    /**
     * Begins a stream of a keyring that is found when somebody subscribes.
     *
     * @param reference a keyring as {@link Keyctl#find} understands it, such as {@code %:NAME},
     *     which means no keyring of another user unless the thread possesses it: if there is only
     *     such a one, the stream fails with a {@link ForeignKeyException}
     * @return a builder without a limit of depth or watches, for all keys and events
     */
    public static Builder builder(String reference) {
        return new Builder(new FollowedRoot(null, Objects.requireNonNull(reference, "reference")));
    }

    /**
     * Shares one kernel queue between many subscribers, as {@link #shared(int, Duration, Function)}
     * does.
     *
     * @param buffer how many events are kept for a slow subscriber, at least 1
     * @param linger how long the keyring is still followed after the last subscriber has left, 0 to
     *     292 years
     * @return the shared stream
     * @throws IllegalArgumentException if an argument is out of range
     */
    public SharedKeyringFlux<KeyringEvent> shared(int buffer, Duration linger) {
        return shared(buffer, linger, event -> event);
    }

    /**
     * Shares one kernel queue between many subscribers, and maps each event once for all of them,
     * for example to bytes.
     *
     * <p><b>Hot.</b> The first subscriber opens the queue. It is closed a while after the last one
     * has left. Each subscriber begins with a {@link KeyringEvent.Snapshot} of the keyring as it is
     * then, and gets the events from there on. Subscribers that come at the same time get the same
     * snapshot.
     *
     * <p><b>Demand:</b> a subscriber without demand slows no other one. Its events wait in a buffer
     * of its own.
     *
     * <p><b>Threading:</b> events are emitted on the worker of the {@linkplain Builder#scheduler
     * scheduler}, or where a subscriber requests them. A subscriber that blocks there holds up all.
     *
     * <p><b>Termination:</b> ends for all subscribers as this stream does. The next subscriber
     * begins anew. {@link SharedKeyringFlux#dispose()} completes it for good.
     *
     * <p><b>Loss:</b> as in this stream. In addition, when the buffer of a subscriber is full, it
     * gets what is in the buffer, then a {@link KeyringEvent.Lost} of the origin {@link
     * LossNotification.Origin#SUBSCRIBER} and of unknown number, and then a new {@link
     * KeyringEvent.Snapshot}.
     *
     * @param buffer how many events are kept for a slow subscriber, at least 1
     * @param linger how long the keyring is still followed after the last subscriber has left, 0 to
     *     292 years
     * @param mapper is called once for each event, on the scheduler, and once more for each loss of
     *     a subscriber, where that subscriber requests it; if it throws for an event, the stream
     *     ends for all
     * @param <T> what the events are mapped to
     * @return the shared stream
     * @throws IllegalArgumentException if an argument is out of range
     */
    public <T> SharedKeyringFlux<T> shared(
            int buffer, Duration linger, Function<? super KeyringEvent, ? extends T> mapper) {
        Builder.positive("shared: buffer", buffer, "events wait there while others go on");
        if (linger.isNegative() || linger.compareTo(LONGEST_LINGER) > 0) {
            throw new IllegalArgumentException(
                    "KeyringFlux: shared: linger "
                            + linger
                            + " is not from PT0S to "
                            + LONGEST_LINGER
                            + "; use some seconds");
        }
        SnapshotRequests snapshots = new SnapshotRequests();
        return new SharedKeyringFlux<>(
                events(snapshots),
                snapshots,
                Objects.requireNonNull(mapper, "mapper"),
                buffer,
                linger);
    }

    @Override
    public void subscribe(CoreSubscriber<? super KeyringEvent> actual) {
        events(new SnapshotRequests()).subscribe(actual);
    }

    /** The events, with the further snapshots that are requested. */
    private Flux<KeyringEvent> events(SnapshotRequests snapshots) {
        Flux<KeyringEvent> one = Flux.defer(() -> found(snapshots));
        return awaiting ? withSuccessors(one) : one;
    }

    private Flux<KeyringEvent> withSuccessors(Flux<KeyringEvent> one) {
        return one.onErrorResume(KeyringFlux::mayComeLater, absent -> Flux.empty())
                .repeatWhen(
                        ends ->
                                ends.concatMap(
                                        events ->
                                                events > 0
                                                        ? Mono.just(events)
                                                        : Mono.delay(
                                                                settings.lookAgain(), scheduler)));
    }

    private static boolean mayComeLater(Throwable error) {
        return error instanceof KeyUnavailableException || error instanceof ForeignKeyException;
    }

    private Flux<KeyringEvent> found(SnapshotRequests snapshots) {
        Keyctl keys = Keyctl.system();
        KeyId keyring = root.find(keys);
        return Flux.using(
                queues::queue,
                // Opened first: if that fails, neither of those that would try again can succeed.
                queue -> queue.open().thenMany(follow(keys, keyring, queue, snapshots)),
                ReactiveWatchQueue::dispose);
    }

    private Flux<KeyringEvent> follow(
            Keyctl keys, KeyId root, ReactiveWatchQueue queue, SnapshotRequests snapshots) {
        LookTimer timer = new LookTimer(settings.lookAgain(), scheduler);
        KeyWatches watches = new KeyWatches(queue, settings.watches(), timer::instantiated);
        KeyringFollower follower = new KeyringFollower(keys, root, settings, watches);
        SnapshotRequests.Answers answers = snapshots.answers();
        Flux<Function<KeyringFollower, List<KeyringEvent>>> notified =
                queue.receive().map(notification -> following -> following.apply(notification));
        return Flux.merge(
                        answers.steps(), // first, so that none is requested in vain
                        Mono.<Function<KeyringFollower, List<KeyringEvent>>>just(answers::begin),
                        notified.doFinally(end -> timer.dispose()),
                        timer.steps())
                .publishOn(scheduler)
                .concatMapIterable(
                        step -> {
                            try {
                                List<KeyringEvent> events = step.apply(follower);
                                timer.lookAgain(follower.isUncertain());
                                return events;
                            } catch (WatchQueueClosedException e) {
                                return List.of(); // it was cancelled meanwhile
                            }
                        })
                .takeUntil(event -> isEnd(event, root))
                .doFinally(
                        end -> {
                            timer.dispose();
                            follower.store().end();
                        });
    }

    private static boolean isEnd(KeyringEvent event, KeyId root) {
        if (event instanceof KeyringEvent.Gone gone) {
            return gone.key().key().equals(root);
        }
        if (event instanceof KeyringEvent.Changed changed && changed.key().key().equals(root)) {
            State state = changed.key().state();
            return state == State.REVOKED || state == State.EXPIRED;
        }
        return false;
    }

    /** Describes a stream. A stream that was built is independent of its builder. */
    public static final class Builder {

        private final FollowedRoot root;
        private boolean awaiting;
        private final NotificationFlux.Builder queues = NotificationFlux.builder();
        private int depth = Integer.MAX_VALUE;
        private Predicate<? super KeyDescription> keys = KeyringFollower.ALL_KEYS;
        private Set<KeyEvent> events = EnumSet.allOf(KeyEvent.class);
        private int watches = Integer.MAX_VALUE;
        private Duration lookAgain = Duration.ofSeconds(10);
        private @Nullable Scheduler scheduler;

        private Builder(FollowedRoot root) {
            this.root = root;
        }

        /**
         * Waits for the keyring if there is none of that name, or only another user's, and for the
         * next one of that name after its end. Each begins with a {@link KeyringEvent.Snapshot}.
         * The name is tried again each time that {@link #lookAgain} says, on the scheduler, because
         * the kernel does not report new names. The stream then has no end of its own.
         *
         * @return this
         * @throws IllegalStateException if the keyring has no name: its serial is not used again
         */
        public Builder awaitSuccessor() {
            if (!root.mayHaveSuccessor()) {
                throw new IllegalStateException(
                        "KeyringFlux: keyring "
                                + root.key()
                                + " has no successor; name it by builder(\"%:NAME\") to follow the next one");
            }
            this.awaiting = true;
            return this;
        }

        /**
         * Sets how deep keyrings are followed. Keyrings below that are keys without members.
         * Defaults to any depth.
         *
         * @param depth 1 for the members of the keyring only, or more
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder depth(int depth) {
            this.depth = positive("depth", depth, "1 follows the members of the keyring only");
            return this;
        }

        /**
         * Sets which keys are followed. The others are neither reported nor watched. Keyrings are
         * always followed, and so are keys whose description is not known. Defaults to all.
         *
         * @param keys is asked on the scheduler, once for each link of a new key
         * @return this
         */
        public Builder keys(Predicate<? super KeyDescription> keys) {
            this.keys = Objects.requireNonNull(keys, "keys");
            return this;
        }

        /**
         * Sets which events are reported as {@link KeyringEvent.Changed}, also if nothing that is
         * known of the key has changed by them. The kernel does not queue the others, except those
         * that tell of links and states. Defaults to all.
         *
         * @param events which; none means that only changes of state and description are reported
         * @return this
         */
        public Builder events(KeyEvent... events) {
            Set<KeyEvent> reported = EnumSet.noneOf(KeyEvent.class);
            reported.addAll(List.of(events));
            Set<KeyEvent> queued = EnumSet.copyOf(NEEDED);
            queued.addAll(reported);
            queues.filter(
                    NotificationFilter.of(
                            NotificationFilter.events(queued.toArray(KeyEvent[]::new))));
            this.events = reported;
            return this;
        }

        /**
         * Sets how many keys are watched at most. Keys beyond that, or beyond what the kernel
         * grants the user, are followed by looks: {@link FollowedKey#watched()} is false, their
         * updates are not reported, and everything else only when they are looked at. Defaults to
         * what the kernel grants.
         *
         * @param watches at least 1, for the keyring itself
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder watches(int watches) {
            this.watches = positive("watches", watches, "the keyring itself takes one");
            return this;
        }

        /**
         * Sets how often those keys are looked at of which the kernel reports nothing: keys that
         * grant no View, for which there is no watch left, that were revoked, expired or rejected
         * when they were found, and keys with a timeout, which expire in silence. /proc/keys tells
         * which keys have one; where it is masked, all keys may. If there are none, nothing is
         * looked at. Defaults to 10 seconds.
         *
         * @param period more than 0
         * @return this
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder lookAgain(Duration period) {
            if (period.isNegative() || period.isZero()) {
                throw new IllegalArgumentException(
                        "KeyringFlux: lookAgain "
                                + period
                                + " is not positive, and would look without a pause; use some seconds");
            }
            this.lookAgain = period;
            return this;
        }

        /**
         * Sets how many notifications the kernel queues, {@link NotificationFlux.Builder#capacity}.
         * Defaults to 512, the maximum.
         *
         * @param capacity 1 to 512
         * @return this
         * @throws IllegalArgumentException if it is out of range
         */
        public Builder capacity(int capacity) {
            queues.capacity(capacity);
            return this;
        }

        /**
         * Sets how many notifications are read without demand, {@link
         * NotificationFlux.Builder#prefetch}. Defaults to 0.
         *
         * @param notifications 0 or more
         * @return this
         * @throws IllegalArgumentException if it is negative
         */
        public Builder prefetch(int notifications) {
            queues.prefetch(notifications);
            return this;
        }

        /**
         * Sets the reader, {@link NotificationFlux.Builder#reader}.
         *
         * @param reader a reader, which may serve other streams as well
         * @return this
         */
        public Builder reader(NotificationReader reader) {
            queues.reader(reader);
            return this;
        }

        /**
         * Sets a recorder, {@link NotificationFlux.Builder#recorder}.
         *
         * @param recorder counts and measures the stream's queues
         * @return this
         */
        public Builder recorder(NotificationRecorder recorder) {
            queues.recorder(recorder);
            return this;
        }

        /**
         * Sets where keys are looked at and events are emitted. Defaults to {@link
         * Schedulers#boundedElastic()}.
         *
         * @param scheduler one whose threads may block
         * @return this
         */
        public Builder scheduler(Scheduler scheduler) {
            this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
            return this;
        }

        /**
         * Builds the stream. Nothing is opened until somebody subscribes.
         *
         * @return the stream
         */
        public KeyringFlux build() {
            return new KeyringFlux(
                    root,
                    awaiting,
                    new KeyringSettings(depth, keys, events, watches, lookAgain),
                    queues.copy(),
                    scheduler != null ? scheduler : Schedulers.boundedElastic());
        }

        private static int positive(String what, int value, String reason) {
            if (value < 1) {
                throw new IllegalArgumentException(
                        "KeyringFlux: " + what + " " + value + " is not positive; " + reason);
            }
            return value;
        }
    }
}
