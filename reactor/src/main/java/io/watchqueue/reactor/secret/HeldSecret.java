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
import io.watchqueue.reactor.internal.Log;
import io.watchqueue.reactor.secret.FollowedSecret.Found;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.Function;

/**
 * The current secret, or the reason why there is none.
 *
 * <p><b>Ownership:</b> this object owns the payloads that it is given, and wipes each when another
 * one or a reason takes its place. It holds none after {@link #dispose()}.
 *
 * <p>Only one {@link FollowedSecret} counts at a time. A look can take long, so its result is
 * ignored if the key has been {@linkplain #follow replaced} meanwhile.
 *
 * <p><b>Threads:</b> any. Functions use the secret under the lock of this, so that it is not wiped
 * meanwhile. Subscribers of the rotations are signalled without the lock.
 */
final class HeldSecret {

    private static final Log LOG = Log.of(HeldSecret.class);

    private final SecretName name;
    private final Rotations rotations;

    // Guarded by this. After the first look one of the two is set.
    private @Nullable Secret secret;
    private @Nullable SecretUnavailableException unavailable;
    private @Nullable FollowedSecret followed;
    private long version;
    private boolean disposed;

    HeldSecret(SecretName name, Rotations rotations) {
        this.name = name;
        this.rotations = rotations;
    }

    /** From now on the looks of this key count. */
    synchronized void follow(FollowedSecret key) {
        followed = disposed ? null : key;
    }

    /** The key whose looks count; null if there is none. */
    synchronized @Nullable FollowedSecret followed() {
        return followed;
    }

    /** Takes a secret. */
    void hold(Found found, FollowedSecret by) {
        signal(replace(found, by));
    }

    private synchronized @Nullable Rotation replace(Found found, FollowedSecret by) {
        if (isOutdated(by) || secret != null && secret.isStill(found.key(), found.payload())) {
            Arrays.fill(found.payload(), (byte) 0);
            return null;
        }
        wipe();
        unavailable = null;
        secret = new Secret(found.key(), ++version, found.payload());
        return report(new Rotation.Loaded(found.key(), version));
    }

    /** Takes a reason. */
    void drop(SecretUnavailableException reason, FollowedSecret by) {
        signal(replace(reason, by));
    }

    private synchronized @Nullable Rotation replace(
            SecretUnavailableException reason, FollowedSecret by) {
        return isOutdated(by) ? null : replace(reason);
    }

    /** Takes the reason why no key is followed. */
    void unfollow(SecretUnavailableException reason) {
        signal(replaceByNone(reason));
    }

    private synchronized @Nullable Rotation replaceByNone(SecretUnavailableException reason) {
        followed = null;
        return disposed ? null : replace(reason);
    }

    private @Nullable Rotation replace(SecretUnavailableException reason) {
        boolean reported = unavailable != null && unavailable.reason() == reason.reason();
        wipe();
        unavailable = reason;
        return reported ? null : report(new Rotation.Unavailable(reason));
    }

    private boolean isOutdated(FollowedSecret key) {
        return disposed || key != followed;
    }

    private void wipe() {
        if (secret != null) {
            secret.wipe();
            secret = null;
        }
    }

    private Rotation report(Rotation rotation) {
        rotations.report(rotation);
        return rotation;
    }

    private void signal(@Nullable Rotation rotation) {
        if (rotation != null) {
            LOG.debug(() -> name + ": " + rotation);
            rotations.signal();
        }
    }

    /** Whether there was a look. */
    synchronized boolean isKnown() {
        return secret != null || unavailable != null;
    }

    /** The key of the secret; null if there is no secret. */
    synchronized @Nullable KeyId key() {
        return secret == null ? null : secret.key();
    }

    /** Applies a function to the secret; returns null if there is none. */
    synchronized <T> @Nullable T useIfAny(Function<? super Secret, ? extends T> use) {
        return secret == null
                ? null
                : Objects.requireNonNull(
                        use.apply(secret),
                        "use the current secret: the function returned null; let it return a value");
    }

    /**
     * Applies a function to the secret.
     *
     * @throws SecretUnavailableException if there is none
     */
    synchronized <T> T use(Function<? super Secret, ? extends T> use) {
        T result = this.<T>useIfAny(use);
        if (result == null) {
            throw Objects.requireNonNull(unavailable, "unavailable").copy();
        }
        return result;
    }

    /** Wipes the secret, and completes the rotations. */
    void dispose() {
        synchronized (this) {
            disposed = true;
            followed = null; // a use does not wait for a look that is under way
            wipe();
            unavailable = new SecretUnavailableException(name, Reason.DISPOSED);
            rotations.complete();
        }
        rotations.signal();
    }
}
