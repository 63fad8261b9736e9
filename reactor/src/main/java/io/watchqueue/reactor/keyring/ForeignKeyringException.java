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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;

/**
 * A keyring that was found by its name belongs to another user, who may have made it to be found.
 * It is not followed.
 */
public final class ForeignKeyringException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** The serial. */
    private final int serial;

    ForeignKeyringException(String reference, KeyDescription found) {
        super(
                "follow keyring "
                        + reference
                        + ": keyring "
                        + found.key()
                        + " is owned by user "
                        + Integer.toUnsignedString(found.uid())
                        + ", and this thread does not possess it. Link it to this process's session keyring by"
                        + " 'keyctl link' if it is the right one, or create one of that name for this process's"
                        + " user.");
        this.serial = found.key().value();
    }

    /**
     * Returns the keyring that was found.
     *
     * @return its serial
     */
    public KeyId key() {
        return KeyId.of(serial);
    }
}
