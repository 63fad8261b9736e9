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
package io.watchqueue.reactor.secret;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueException;
import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.NotificationRecorder;

import org.jspecify.annotations.Nullable;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The current secret of a key. It is read at first, and again whenever the kernel reports that the
 * key was updated, replaced, revoked, invalidated or unlinked, or that notifications were dropped.
 *
 * <pre>{@code
 * RotatingSecret token = RotatingSecret.follow("@u", "user", "api-token");
 * Mono<String> header = token.current(
 *         secret -> "Bearer " + StandardCharsets.US_ASCII.decode(secret.payload()));
 * }</pre>
 *
 * <p><b>The promise:</b> a secret is used only if it is the one that this process read last, and
 * its key is not revoked and has not expired at that moment. A secret in another user's keyring is
 * not used, even if that keyring has the name or the serial of the right one, unless this process
 * possesses it. If there is no secret, users get a {@link SecretUnavailableException} with the
 * reason.
 *
 * <p><b>Ownership:</b> this object owns its queue and the secret until {@link #dispose()}, which
 * closes the queue and wipes the secret. A replaced secret is wiped too. A function that gets the
 * secret may use it only until it returns. Wiping shortens the time for which a heap dump shows a
 * secret; it does not make a JVM a vault, because a garbage collector may have copied the secret
 * before.
 *
 * <p><b>Cost:</b> one kernel queue of 32 notifications, and two watches: on the keyring, and on the
 * key in it. A process with many secrets needs a queue for each.
 *
 * <p><b>Failures:</b> if the queue fails or the keyring is destroyed, there is no secret until the
 * queue is open again. It is opened again after a pause of 100 ms, and then after growing pauses of
 * up to 10 s, see {@link Builder#backoff}. A keyring given by its name is looked up each time.
 *
 * <p><b>Threads:</b> all methods may be called from any thread. Keys are looked at on the {@link
 * Builder#scheduler}.
 */
public final class RotatingSecret implements Disposable {

    private final Keyctl keys = Keyctl.system();
    private final SecretName name;
    private final SecretSettings settings;
    private final SecretKeyring keyring;
    private final Rotations rotations;
    private final HeldSecret held;
    private final Disposable.Swap following = Disposables.swap();

    private RotatingSecret(SecretName name, SecretSettings settings) {
        this.name = name;
        this.settings = settings;
        this.keyring = new SecretKeyring(keys, name);
        this.rotations = new Rotations(settings.scheduler());
        this.held = new HeldSecret(name, rotations);
    }

    /**
     * Starts to follow a key, with the defaults of {@link #builder(String, String, String)}.
     *
     * @param keyring the keyring of the key, see there
     * @param type the key's type, such as {@code user}
     * @param description the key's description
     * @return the secret; the caller disposes of it
     * @throws IllegalArgumentException if the keyring is not understood
     * @throws io.watchqueue.KeyUnavailableException if there is no such keyring
     * @throws io.watchqueue.KeyPermissionException if it does not grant View
     * @throws SecretUnavailableException if the only keyring of that name is another user's
     */
    public static RotatingSecret follow(String keyring, String type, String description) {
        return builder(keyring, type, description).follow();
    }

    /**
     * Begins to describe a secret.
     *
     * @param keyring the keyring of the key, as {@link Keyctl#find} understands it: a special one
     *     such as {@code @u}, which is created if necessary, a serial, or {@code %:NAME}, which is
     *     looked up again when that keyring is gone. It has to grant View, Search and Read. Any
     *     user can create a keyring of any name, so a keyring found by its name is followed only if
     *     this process {@linkplain Keyctl#possesses possesses} it or its user owns it. A serial is
     *     followed only as long as its owner stays the same
     * @param type the key's type, such as {@code user}
     * @param description the key's description. The key has to grant View, Search and Read, and be
     *     in the keyring itself, not in a nested one. It may be added later
     * @return a builder with the shared reader, no recorder, {@link Schedulers#boundedElastic()},
     *     and a backoff from 100 ms to 10 s
     */
    public static Builder builder(String keyring, String type, String description) {
        return new Builder(new SecretName(keyring, type, description));
    }

    /**
     * Begins to describe a secret.
     *
     * @param keyring the keyring of the key: a serial or a special keyring, as of {@link
     *     #builder(String, String, String)}
     * @param type the key's type, such as {@code user}
     * @param description the key's description
     * @return a builder, as of {@link #builder(String, String, String)}
     */
    public static Builder builder(KeyId keyring, String type, String description) {
        return builder(keyring.toString(), type, description);
    }

    private void start() {
        following.update(
                Flux.usingWhen(Mono.fromCallable(this::key), this::follow, FollowedSecret::close)
                        .subscribeOn(settings.scheduler())
                        .doOnError(
                                e -> held.unfollow(SecretUnavailableException.notFollowed(name, e)))
                        .retryWhen(
                                Retry.backoff(Long.MAX_VALUE, settings.firstPause())
                                        .maxBackoff(settings.longestPause())
                                        .transientErrors(true))
                        .subscribe());
    }

    private FollowedSecret key() {
        return FollowedSecret.of(keys, name, keyring.find(), settings);
    }

    private Flux<FollowedSecret> follow(FollowedSecret key) {
        held.follow(key);
        return key.lookWhenever(
                onScheduler(
                        () -> {
                            refresh(key);
                            return key;
                        }));
    }

    /**
     * Works on the scheduler. An error is discarded if the subscriber has cancelled meanwhile;
     * {@code subscribeOn} and {@code publishOn} would log it.
     */
    private <T> Mono<T> onScheduler(Supplier<T> work) {
        return Mono.create(
                sink ->
                        sink.onCancel(
                                settings.scheduler()
                                        .schedule(
                                                () -> {
                                                    try {
                                                        sink.success(work.get());
                                                    } catch (Throwable e) {
                                                        sink.error(e);
                                                    }
                                                })));
    }

    /** One refresh at a time for each queue, so that the latest look decides. */
    private void refresh(FollowedSecret key) {
        synchronized (key) {
            try {
                held.hold(key.look(), key);
            } catch (SecretUnavailableException e) {
                held.drop(e, key);
            }
        }
    }

    /**
     * Applies a function to the current secret. A revoked or expired secret is not used, even if
     * its notification is still on its way, or never comes, as for an expiry: each use asks the
     * kernel, in a system call of a microsecond. An update or a replacement is used once its
     * notification has arrived.
     *
     * <p><b>Cold.</b> Waits for the first look at the key, without a limit; cancelling ends the
     * wait. <b>Threading:</b> the function runs on the subscribing thread, or on one of the {@link
     * Builder#scheduler} if it is necessary to wait or to look again.
     *
     * @param <T> the type of the function's result
     * @param use the function. It must keep no part of the secret except in its result, and must
     *     not block, because the secret cannot be replaced meanwhile
     * @return the function's result, or an error: {@link SecretUnavailableException}, or an
     *     exception of the function
     */
    public <T> Mono<T> current(Function<? super Secret, ? extends T> use) {
        Objects.requireNonNull(use, "use");
        return Mono.defer(() -> held.isKnown() ? Mono.empty() : rotations.next())
                .then(Mono.<T>fromCallable(() -> useIfValid(use)))
                .switchIfEmpty(onScheduler(() -> lookAndUse(use)));
    }

    /** Returns null if another look is necessary. */
    private <T> @Nullable T useIfValid(Function<? super Secret, ? extends T> use) {
        KeyId key = held.key();
        // Asked without a lock. If the secret is replaced meanwhile, its successor was just read.
        return key != null && isValid(key) ? held.<T>useIfAny(use) : null;
    }

    private boolean isValid(KeyId key) {
        try {
            keys.describe(key);
            return true;
        } catch (WatchQueueException e) {
            return false;
        }
    }

    private <T> T lookAndUse(Function<? super Secret, ? extends T> use) {
        FollowedSecret key = held.followed();
        if (key != null) {
            lookAgain(key);
        }
        return held.<T>use(use);
    }

    /** Refreshes for a caller, without a notification. */
    void lookAgain(FollowedSecret key) {
        try {
            refresh(key);
        } catch (WatchQueueException e) {
            held.drop(SecretUnavailableException.notFollowed(name, e), key);
        }
    }

    /** The key that is followed now; null if there is none. */
    @Nullable FollowedSecret followed() {
        return held.followed();
    }

    /**
     * Reports each new secret, and when there is no longer one. Late subscribers get the latest
     * report. An expiry is reported at the next use of the {@link #current} secret, or when the
     * kernel destroys the key, kernel.keys.gc_delay later, by default five minutes. The kernel does
     * not report that somebody adds a key that has expired or was rejected again, because it gives
     * that key another payload; the next use finds it.
     *
     * <p><b>Hot</b>, for any number of subscribers. <b>Demand:</b> nothing is queued. A subscriber
     * that is slower than the rotations, or has no demand, gets the latest report and skips those
     * before it. <b>Threading:</b> on the {@link Builder#scheduler}, one signal at a time. A
     * subscriber may block its thread; it then skips reports, and delays nobody else.
     * <b>Termination:</b> completes when this or the scheduler is disposed of. Fails only if the
     * scheduler refuses work although it is not disposed of, with a {@link
     * java.util.concurrent.RejectedExecutionException}. <b>Loss:</b> leads to another look at the
     * key, and is not reported.
     *
     * @return the reports, which contain no secrets
     */
    public Flux<Rotation> rotations() {
        return rotations;
    }

    /** Wipes the secret, completes the rotations, and closes the queue. Returns without waiting. */
    @Override
    public void dispose() {
        held.dispose();
        following.dispose();
    }

    @Override
    public boolean isDisposed() {
        return following.isDisposed();
    }

    /** Returns the place of the secret, without the secret. */
    @Override
    public String toString() {
        return name.toString();
    }

    /** Describes a secret, and how it is followed. */
    public static final class Builder {

        private static final Duration LONGEST_BACKOFF = Duration.ofDays(1);

        private final SecretName name;
        private NotificationReader reader = NotificationReader.shared();
        private NotificationRecorder recorder = NotificationRecorder.NONE;
        private Scheduler scheduler = Schedulers.boundedElastic();
        private Duration firstPause = Duration.ofMillis(100);
        private Duration longestPause = Duration.ofSeconds(10);

        private Builder(SecretName name) {
            this.name = name;
        }

        /**
         * Sets the reader of the secret's queue. Defaults to {@link NotificationReader#shared()}.
         *
         * @param reader a reader, which may serve other streams as well
         * @return this
         */
        public Builder reader(NotificationReader reader) {
            this.reader = Objects.requireNonNull(reader, "reader");
            return this;
        }

        /**
         * Sets a recorder. Defaults to {@link NotificationRecorder#NONE}.
         *
         * @param recorder counts and measures the secret's queues, one after the other
         * @return this
         */
        public Builder recorder(NotificationRecorder recorder) {
            this.recorder = Objects.requireNonNull(recorder, "recorder");
            return this;
        }

        /**
         * Sets the scheduler on which queues are opened, keys are looked at, and rotations are
         * reported. Defaults to {@link Schedulers#boundedElastic()}. A look is some short system
         * calls; it waits if the key is under construction.
         *
         * @param scheduler a scheduler whose threads may block. It is the caller's, who disposes of
         *     it after the secret
         * @return this
         */
        public Builder scheduler(Scheduler scheduler) {
            this.scheduler = Objects.requireNonNull(scheduler, "scheduler");
            return this;
        }

        /**
         * Sets the pauses after which a queue that failed, or whose keyring is gone, is opened
         * again. Each pause is about twice as long as the one before. Defaults to 100 ms and 10 s.
         *
         * @param first the first pause, more than zero
         * @param longest the longest pause, from {@code first} to one day
         * @return this
         * @throws IllegalArgumentException if one is out of range
         */
        public Builder backoff(Duration first, Duration longest) {
            if (first.isZero()
                    || first.isNegative()
                    || longest.compareTo(first) < 0
                    || longest.compareTo(LONGEST_BACKOFF) > 0) {
                throw new IllegalArgumentException(
                        "backoff from "
                                + first
                                + " to "
                                + longest
                                + ": the first has to be more than zero, and the longest from the"
                                + " first to one day; the default is from PT0.1S to PT10S");
            }
            this.firstPause = first;
            this.longestPause = longest;
            return this;
        }

        /**
         * Starts to follow the key. The keyring is found on the calling thread, which gets the
         * errors; everything else happens on the scheduler.
         *
         * @return the secret; the caller disposes of it
         * @throws IllegalArgumentException if the keyring is not understood
         * @throws io.watchqueue.KeyUnavailableException if there is no such keyring
         * @throws io.watchqueue.KeyPermissionException if it does not grant View
         * @throws SecretUnavailableException if the only keyring of that name is another user's
         */
        public RotatingSecret follow() {
            RotatingSecret secret =
                    new RotatingSecret(
                            name,
                            new SecretSettings(
                                    reader, recorder, scheduler, firstPause, longestPause));
            secret.start();
            return secret;
        }
    }
}
