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

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.secret.SecretUnavailableException.Reason;

import org.jspecify.annotations.Nullable;

/**
 * The keyring of a secret. A name or a serial may lead to another keyring later.
 *
 * <p>Any user can create a keyring of any name and make it visible to all, and can get the serial
 * of a destroyed keyring. A keyring is therefore used only if the thread possesses it, or if it has
 * the right owner: for a name, this process's user; for a serial or a special keyring, its first
 * owner.
 */
final class SecretKeyring {

    private final Keyctl keys;
    private final SecretName name;

    /** Null if the keyring is looked up by its name each time. */
    private final @Nullable KeyId fixed;

    private final int owner;

    /** Finds the keyring for the first time. */
    SecretKeyring(Keyctl keys, SecretName name) {
        this.keys = keys;
        this.name = name;
        if (name.keyring().startsWith("%")) {
            this.fixed = null;
            this.owner = keys.describe(keys.resolve(Keyring.USER, true)).uid();
        } else {
            KeyId keyring = keys.find(name.keyring());
            // A special keyring depends on the calling thread, so it is resolved here, once.
            this.fixed = keyring.isSpecial() ? keys.resolve(keyring, true) : keyring;
            this.owner = keys.describe(fixed).uid();
        }
        find();
    }

    /**
     * Finds the keyring.
     *
     * @throws SecretUnavailableException if it belongs to another user
     * @throws KeyUnavailableException if it does not exist
     */
    KeyId find() {
        KeyId keyring = fixed != null ? fixed : keys.find(name.keyring());
        KeyDescription description = keys.describe(keyring);
        if (description.uid() != owner && !keys.possesses(keyring)) {
            throw new SecretUnavailableException(
                    name,
                    Reason.FOREIGN,
                    "keyring "
                            + keyring
                            + " is owned by user "
                            + Integer.toUnsignedString(description.uid()));
        }
        return keyring;
    }
}
