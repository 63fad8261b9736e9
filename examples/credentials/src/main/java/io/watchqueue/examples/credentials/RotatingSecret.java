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
package io.watchqueue.examples.credentials;

import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueException;
import io.watchqueue.examples.credentials.CredentialUnavailableException.Reason;
import io.watchqueue.examples.credentials.FollowedKey.Found;

import org.jspecify.annotations.Nullable;

import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;
import reactor.util.retry.Retry;

import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;

/**
 * A secret in a key, as it is now: read once, and again whenever the kernel reports that the key
 * was updated, replaced, revoked, invalidated or unlinked, or that it has dropped notifications.
 *
 * <pre>{@code
 * RotatingSecret token = RotatingSecret.follow("@u", "user", "api-token");
 * WebClient client = WebClient.builder()
 *         .filter(BearerTokenFilter.of(token, URI.create("https://api.example.org")))
 *         .build();
 * }</pre>
 *
 * <p><b>Ownership:</b> this owns its queue and the secret until {@link #dispose()}, which closes
 * the one and wipes the other; a function that is given the secret may use it only until it
 * returns.
 *
 * <p>A secret that is replaced is wiped. There is one queue with two watches, on the keyring and on
 * the key in it; if it fails, or the keyring is destroyed, there is no secret until there is a
 * queue again, which is tried 100 ms later at first, and every 10 s in the end.
 */
public final class RotatingSecret implements Disposable {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(10);

    private final Keyctl keys = Keyctl.system();
    private final SecretName name;
    private final SecretKeyring keyring;
    private final Sinks.Many<Rotation> rotations = Sinks.many().replay().latest();
    private final Disposable.Swap following = Disposables.swap();
    private volatile @Nullable FollowedKey followed;

    // Guarded by this; there is one of the two as soon as it is known which.
    private @Nullable Secret secret;
    private @Nullable CredentialUnavailableException unavailable;
    private long version;

    private RotatingSecret(SecretName name) {
        this.name = name;
        this.keyring = new SecretKeyring(keys, name);
        keyring.find();
    }

    /**
     * Begins to follow a key.
     *
     * @param keyring the keyring that has the key, as {@link Keyctl#find} understands it: a special
     *     one such as {@code @u}, which is created if need be, a serial, or {@code %:NAME}, which
     *     is looked up again when that keyring is gone. It has to grant View, Search and Read. A
     *     keyring of that name is followed only if this process possesses it or its user owns it:
     *     any user can make a keyring of any name. Likewise, a serial is followed only as long as
     *     its owner is the same
     * @param type the key's type, such as {@code user}
     * @param description the key's description; the key has to grant View, Search and Read, and be
     *     in the keyring itself, not in one that is in it. It may be absent
     * @return the secret, to be disposed of
     * @throws IllegalArgumentException if the keyring is not understood
     * @throws io.watchqueue.KeyUnavailableException if there is no such keyring
     * @throws io.watchqueue.KeyPermissionException if it does not grant View
     * @throws CredentialUnavailableException if the only keyring of that name is another user's
     */
    public static RotatingSecret follow(String keyring, String type, String description) {
        RotatingSecret rotating = new RotatingSecret(new SecretName(keyring, type, description));
        rotating.start();
        return rotating;
    }

    private void start() {
        following.update(
                Flux.usingWhen(
                                Mono.fromCallable(() -> FollowedKey.of(keys, name, keyring.find())),
                                this::follow,
                                FollowedKey::close)
                        .subscribeOn(Schedulers.boundedElastic())
                        .doOnError(this::notFollowed)
                        .retryWhen(
                                Retry.backoff(Long.MAX_VALUE, FIRST_PAUSE)
                                        .maxBackoff(LONGEST_PAUSE)
                                        .transientErrors(true))
                        .subscribe());
    }

    SecretName name() {
        return name;
    }

    private Flux<FollowedKey> follow(FollowedKey key) {
        followed = key;
        return key.reasonsToLook().doOnNext(this::refresh);
    }

    private synchronized void notFollowed(Throwable cause) {
        drop(CredentialUnavailableException.notFollowed(name, cause), followed);
        followed = null;
    }

    /** One at a time for a queue, so that what was seen last is what is held. */
    private void refresh(FollowedKey key) {
        synchronized (key) {
            try {
                hold(key.look(), key);
            } catch (CredentialUnavailableException e) {
                drop(e, key);
            }
        }
    }

    /** A look may take its time; what it finds counts only if its queue has no successor yet. */
    private boolean isOutdated(@Nullable FollowedKey key) {
        return isDisposed() || key != followed;
    }

    private synchronized void hold(Found found, FollowedKey key) {
        if (isOutdated(key) || secret != null && secret.isStill(found.key(), found.payload())) {
            Arrays.fill(found.payload(), (byte) 0);
            return;
        }
        wipe();
        unavailable = null;
        secret = new Secret(found.key(), ++version, found.payload());
        rotations.tryEmitNext(new Rotation.Loaded(found.key(), version));
    }

    private synchronized void drop(
            CredentialUnavailableException reason, @Nullable FollowedKey key) {
        if (isOutdated(key)) {
            return;
        }
        boolean told = unavailable != null && unavailable.reason() == reason.reason();
        wipe();
        unavailable = reason;
        if (!told) {
            rotations.tryEmitNext(new Rotation.Unavailable(reason));
        }
    }

    private void wipe() {
        if (secret != null) {
            secret.wipe();
            secret = null;
        }
    }

    /**
     * Returns what a function makes of the secret as it is now. A secret that the kernel would not
     * give out any more, being revoked or expired, is not used, even if its notification is still
     * on its way, or never comes, as for an expiry: each use asks the kernel, in a system call of a
     * microsecond. An update or a replacement is seen when its notification has come.
     *
     * <p><b>Cold.</b> Waits for the first look at the key, without a limit, and works on the
     * subscribing thread then; on one of {@link Schedulers#boundedElastic()} if there is reason to
     * look again.
     *
     * @param <T> what the function returns
     * @param use is given the secret, of which it must keep no part but what it returns; must not
     *     block, as the secret cannot be replaced meanwhile
     * @return what it returned; or a {@link CredentialUnavailableException}
     */
    public <T> Mono<T> current(Function<? super Secret, T> use) {
        Objects.requireNonNull(use, "use");
        return Mono.defer(() -> isKnown() ? Mono.empty() : rotations().next())
                .then(Mono.fromCallable(() -> useIfValid(use)))
                .switchIfEmpty(
                        Mono.fromCallable(() -> lookAndUse(use))
                                .subscribeOn(Schedulers.boundedElastic()));
    }

    private synchronized boolean isKnown() {
        return secret != null || unavailable != null;
    }

    /** Null if it has to be looked at again. */
    private synchronized <T> @Nullable T useIfValid(Function<? super Secret, T> use) {
        if (secret == null) {
            return null;
        }
        try {
            keys.describe(secret.key());
        } catch (WatchQueueException e) {
            return null;
        }
        return Objects.requireNonNull(use.apply(secret), "what was made of the secret");
    }

    private <T> T lookAndUse(Function<? super Secret, T> use) {
        FollowedKey key = followed;
        if (key != null) {
            lookAgain(key);
        }
        synchronized (this) {
            if (secret != null) {
                return Objects.requireNonNull(use.apply(secret), "what was made of the secret");
            }
            throw Objects.requireNonNull(unavailable);
        }
    }

    /** Looks because somebody asks, and not because of a notification. */
    void lookAgain(FollowedKey key) {
        try {
            refresh(key);
        } catch (WatchQueueException e) {
            drop(CredentialUnavailableException.notFollowed(name, e), key);
        }
    }

    /** The key that is followed now; null if none is. */
    @Nullable FollowedKey followed() {
        return followed;
    }

    /**
     * Reports each new secret, and when there is none any more; late subscribers get the latest
     * report. An expiry is reported when somebody asks for the {@link #current} secret, or when the
     * kernel destroys the key, kernel.keys.gc_delay later, by default five minutes.
     *
     * <p><b>Hot</b>, for any number of subscribers. <b>Demand:</b> a slow subscriber gets the
     * latest, and none of those between. <b>Threading:</b> on {@link Schedulers#parallel()}.
     * <b>Termination:</b> completes when this is disposed of; never fails. <b>Loss:</b> is made up
     * for, and does not show.
     *
     * @return without the secrets
     */
    public Flux<Rotation> rotations() {
        // No foreign code where the secret is replaced.
        return rotations.asFlux().onBackpressureLatest().publishOn(Schedulers.parallel(), 1);
    }

    /** Wipes the secret, completes the rotations, and closes the queue. Returns without waiting. */
    @Override
    public synchronized void dispose() {
        following.dispose();
        wipe();
        unavailable = new CredentialUnavailableException(name, Reason.DISPOSED);
        rotations.tryEmitComplete();
    }

    @Override
    public boolean isDisposed() {
        return following.isDisposed();
    }

    @Override
    public String toString() {
        return "RotatingSecret[" + name + "]";
    }
}
