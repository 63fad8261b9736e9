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

import io.watchqueue.ForeignKeyException;
import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;

import org.jspecify.annotations.Nullable;

/**
 * The keyring of a secret. A name or a serial may lead to another keyring later.
 *
 * <p>Any user can get the serial of a destroyed keyring. One that is found by its serial is
 * therefore used only if it has its first owner, or if the thread possesses it. {@link Keyctl#find}
 * has such a rule for names.
 */
final class SecretKeyring {

    private final Keyctl keys;
    private final SecretName name;

    /** Null if the keyring is looked up by its name each time. */
    private final @Nullable KeyDescription fixed;

    /** Finds the keyring for the first time. */
    SecretKeyring(Keyctl keys, SecretName name) {
        this.keys = keys;
        this.name = name;
        if (name.keyring().startsWith("%")) {
            this.fixed = null;
            find();
        } else {
            // A special keyring depends on the calling thread, so it is resolved here, once.
            this.fixed = keys.describe(keys.serial(keys.find(name.keyring())));
        }
    }

    /**
     * Finds the keyring.
     *
     * @throws SecretUnavailableException if it belongs to another user
     * @throws io.watchqueue.KeyUnavailableException if it does not exist
     * @throws io.watchqueue.KeyPermissionException if it does not grant View
     */
    KeyId find() {
        return fixed != null ? same(fixed) : named();
    }

    private KeyId same(KeyDescription first) {
        KeyDescription now = keys.describe(first.key());
        if (now.uid() != first.uid() && !keys.possesses(now.key())) {
            throw SecretUnavailableException.foreign(name, now.key(), now.uid(), null);
        }
        return now.key();
    }

    private KeyId named() {
        try {
            return keys.describe(keys.find(name.keyring())).key();
        } catch (ForeignKeyException e) {
            throw SecretUnavailableException.foreign(name, e.key(), e.owner(), e);
        }
    }
}
