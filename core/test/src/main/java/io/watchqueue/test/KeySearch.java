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
package io.watchqueue.test;

import io.watchqueue.internal.Errno;

import org.jspecify.annotations.Nullable;

/**
 * A search through a keyring and the keyrings in it: search_nested_keyrings() of
 * security/keys/keyring.c. If several keys match, or are refused for several reasons, the first one
 * in the order of the links counts; in a real kernel a hash decides.
 */
final class KeySearch {

    /** The depth to which keyrings are searched. */
    private static final int MOST_DEPTH = 6;

    private enum Step {
        GO_ON,
        SKIPPED,
        FOUND
    }

    private final KeyTable table;
    private final SimulatedKey.Index index;
    private final Credentials credentials;

    /** The only key that matches; null if any key of that type and description does. */
    private @Nullable SimulatedKey only;

    private boolean checksState = true;
    private boolean skipsExpired;
    private boolean checksPermission = true;
    private boolean failsIfTooDeep;

    private boolean possessed;
    private int error;
    private @Nullable SimulatedKey found;

    KeySearch(KeyTable table, SimulatedKey.Index index, Credentials credentials) {
        this.table = table;
        this.index = index;
        this.credentials = credentials;
    }

    /** Looks for one key in any state, to find out whether it is possessed. */
    KeySearch only(SimulatedKey key) {
        only = key;
        checksState = false;
        return this;
    }

    KeySearch skippingExpired() {
        skipsExpired = true;
        return this;
    }

    /** Looks at any depth and without permissions, to find out whether a link makes a cycle. */
    KeySearch anyDepthAndPermission() {
        checksPermission = false;
        failsIfTooDeep = true;
        return this;
    }

    /** The key that was found; throws if there is none. */
    SimulatedKey found() {
        if (found == null) {
            throw new KernelError(error);
        }
        return found;
    }

    /** Returns 0 if a key is found, EAGAIN if there is none, or the errno that refused it. */
    int in(SimulatedKey keyring, boolean possessed) {
        this.possessed = possessed;
        this.error = Errno.EAGAIN;
        if (!keyring.isKeyring()) {
            error = Errno.ENOTDIR;
        } else if (checksPermission
                && !KeyPermission.permits(keyring, possessed, credentials, SimulatedKey.SEARCH)) {
            error = Errno.EACCES;
        } else {
            Step top = keyring.index.equals(index) ? look(keyring) : Step.GO_ON;
            if (top == Step.FOUND || top == Step.GO_ON && descend(keyring, 0)) {
                return 0;
            }
        }
        return error;
    }

    private boolean descend(SimulatedKey keyring, int depth) {
        if (keyring.invalidated || keyring.revoked) {
            return false;
        }
        SimulatedKey match = keyring.members.get(index);
        if (match != null && look(match) == Step.FOUND) {
            return true;
        }
        for (SimulatedKey member : keyring.members.values()) {
            if (!member.isKeyring()) {
                continue;
            }
            if (depth == MOST_DEPTH) {
                if (failsIfTooDeep) {
                    throw new KernelError(Errno.ELOOP);
                }
                return false;
            }
            if (checksPermission
                    && !KeyPermission.permits(
                            member, possessed, credentials, SimulatedKey.SEARCH)) {
                continue;
            }
            if (descend(member, depth + 1)) {
                return true;
            }
        }
        return false;
    }

    /** keyring_search_iterator(). */
    private Step look(SimulatedKey key) {
        if (checksState) {
            if (key.invalidated || key.revoked) {
                error = Errno.EKEYREVOKED;
                return Step.SKIPPED;
            }
            if (table.hasExpired(key)) {
                error = skipsExpired ? error : Errno.EKEYEXPIRED;
                return Step.SKIPPED;
            }
        }
        if (only != null && only != key) {
            return Step.GO_ON;
        }
        if (checksPermission
                && !KeyPermission.permits(key, possessed, credentials, SimulatedKey.SEARCH)) {
            error = Errno.EACCES;
            return Step.SKIPPED;
        }
        if (checksState && key.state < 0) {
            error = -key.state;
            return Step.SKIPPED;
        }
        found = key;
        return Step.FOUND;
    }
}
