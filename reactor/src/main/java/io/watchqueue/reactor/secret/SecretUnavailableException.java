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
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;

import org.jspecify.annotations.Nullable;

/**
 * There is no secret to use now. The message names the secret, the reason and the way out. It
 * contains no secret.
 */
public final class SecretUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** The reason why there is no secret. */
    public enum Reason {
        /** The keyring has no such key. */
        ABSENT("is not there", "add it by 'keyctl padd'"),
        /** Somebody has revoked the key. */
        REVOKED("was revoked", "add it again by 'keyctl padd', which replaces the revoked one"),
        /** The key has expired. */
        EXPIRED("has expired", "add it again by 'keyctl padd'"),
        /** The key was requested, and refused. */
        REJECTED("was refused", "add it by 'keyctl padd'"),
        /** This process may not read the key. */
        FORBIDDEN(
                "is forbidden",
                "grant View, Search and Read on key and keyring by 'keyctl setperm'"),
        /** Another user's keyring has the name or the serial of the one that is gone. */
        FOREIGN(
                "is in a keyring of another user",
                "link that keyring to this process's session keyring by 'keyctl link' if it is the right"
                        + " one, or create one of that name for this process's user"),
        /** The keyring does not exist, or the kernel does not report its changes. */
        NOT_FOLLOWED("cannot be followed", "it is tried again automatically"),
        /** {@link RotatingSecret#current} was called after {@link RotatingSecret#dispose()}. */
        DISPOSED("is no longer followed", "do not use it after RotatingSecret.dispose()");

        private final String what;
        private final String wayOut;

        Reason(String what, String wayOut) {
            this.what = what;
            this.wayOut = wayOut;
        }
    }

    /** The reason why there is no secret. */
    private final Reason reason;

    SecretUnavailableException(SecretName name, Reason reason) {
        this(name, reason, "", null);
    }

    SecretUnavailableException(SecretName name, Reason reason, String detail) {
        this(name, reason, " because " + detail, null);
    }

    private SecretUnavailableException(
            SecretName name, Reason reason, String detail, @Nullable Throwable cause) {
        this(name + " " + reason.what + detail + ": " + reason.wayOut, reason, cause);
    }

    private SecretUnavailableException(
            @Nullable String message, Reason reason, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    static SecretUnavailableException of(SecretName name, KeyUnavailableException cause) {
        Reason reason =
                switch (cause.errnoName()) {
                    case "EKEYREVOKED" -> Reason.REVOKED;
                    case "EKEYEXPIRED" -> Reason.EXPIRED;
                    case "EKEYREJECTED" -> Reason.REJECTED;
                    default -> Reason.ABSENT;
                };
        return new SecretUnavailableException(name, reason, "", cause);
    }

    static SecretUnavailableException foreign(
            SecretName name, KeyId keyring, int owner, @Nullable Throwable cause) {
        String detail =
                " because keyring "
                        + keyring
                        + " is owned by user "
                        + Integer.toUnsignedString(owner);
        return new SecretUnavailableException(name, Reason.FOREIGN, detail, cause);
    }

    static SecretUnavailableException notFollowed(SecretName name, Throwable cause) {
        if (cause instanceof SecretUnavailableException reason) {
            return reason;
        }
        Reason reason =
                cause instanceof KeyPermissionException ? Reason.FORBIDDEN : Reason.NOT_FOLLOWED;
        return new SecretUnavailableException(name, reason, " (" + cause.getMessage() + ")", cause);
    }

    /**
     * Returns one for another caller. Operators add suppressed exceptions to those that they pass
     * on, so a shared one would grow with each use.
     */
    SecretUnavailableException copy() {
        return new SecretUnavailableException(getMessage(), reason, getCause());
    }

    /**
     * Returns the reason.
     *
     * @return the reason, for programs; the message is for people
     */
    public Reason reason() {
        return reason;
    }
}
