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

import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;

import org.jspecify.annotations.Nullable;

/**
 * There is no secret to use now. The message says which, why, and what to do; no secret is in it.
 */
public final class CredentialUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** Why there is none. */
    public enum Reason {
        /** The keyring has no such key. */
        ABSENT("is not there", "add it by 'keyctl padd'"),
        /** Somebody has revoked the key. */
        REVOKED("was revoked", "add it again by 'keyctl padd', which replaces the revoked one"),
        /** The key's time is over. */
        EXPIRED("has expired", "add it again by 'keyctl padd'"),
        /** It was asked for, and refused. */
        REJECTED("was refused", "add it by 'keyctl padd'"),
        /** This process may not read it. */
        FORBIDDEN(
                "is forbidden",
                "grant View, Search and Read on key and keyring by 'keyctl setperm'"),
        /** The key's payload has the wrong form. */
        MALFORMED("is malformed", "replace it by 'keyctl pupdate'"),
        /** Another user's keyring has the name of the one that is gone. */
        FOREIGN(
                "is in a keyring of another user",
                "link that keyring to this process's session keyring by 'keyctl link' if it is the right"
                        + " one, or make one of that name for this process's user"),
        /** The keyring is not there, or the kernel does not report its changes. */
        NOT_FOLLOWED("cannot be followed", "this is tried again by itself"),
        /** It was asked for after the end. */
        DISPOSED("is not followed any more", "do not use it after RotatingSecret.dispose()");

        private final String what;
        private final String wayOut;

        Reason(String what, String wayOut) {
            this.what = what;
            this.wayOut = wayOut;
        }
    }

    /** Why there is none. */
    private final Reason reason;

    CredentialUnavailableException(SecretName name, Reason reason) {
        this(name, reason, "", null);
    }

    CredentialUnavailableException(SecretName name, Reason reason, String detail) {
        this(name, reason, ", as " + detail, null);
    }

    private CredentialUnavailableException(
            SecretName name, Reason reason, String detail, @Nullable Throwable cause) {
        super(name + " " + reason.what + detail + ": " + reason.wayOut, cause);
        this.reason = reason;
    }

    static CredentialUnavailableException of(SecretName name, KeyUnavailableException cause) {
        Reason reason =
                switch (cause.errnoName()) {
                    case "EKEYREVOKED" -> Reason.REVOKED;
                    case "EKEYEXPIRED" -> Reason.EXPIRED;
                    case "EKEYREJECTED" -> Reason.REJECTED;
                    default -> Reason.ABSENT;
                };
        return new CredentialUnavailableException(name, reason, "", cause);
    }

    static CredentialUnavailableException notFollowed(SecretName name, Throwable cause) {
        if (cause instanceof CredentialUnavailableException reason) {
            return reason;
        }
        Reason reason =
                cause instanceof KeyPermissionException ? Reason.FORBIDDEN : Reason.NOT_FOLLOWED;
        return new CredentialUnavailableException(
                name, reason, " (" + cause.getMessage() + ")", cause);
    }

    /**
     * Returns why there is none.
     *
     * @return for programs; the message is for people
     */
    public Reason reason() {
        return reason;
    }
}
