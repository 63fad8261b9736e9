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
package io.watchqueue.examples.webflux;

import io.watchqueue.KeyDescription;

import org.springframework.http.HttpStatus;
import org.springframework.web.ErrorResponseException;

/** A keyring that is not on the list, or only by a name that another user has taken. */
final class KeyringRefusedException extends ErrorResponseException {

    private static final long serialVersionUID = 1;

    private KeyringRefusedException(String reference, String reason) {
        super(HttpStatus.FORBIDDEN);
        setTitle("Keyring refused");
        setDetail("Keyring '" + reference + "' " + reason);
    }

    static KeyringRefusedException notListed(String reference) {
        return new KeyringRefusedException(
                reference,
                "is not among those of watchqueue.keyrings, which are all that this application shows;"
                        + " GET /keyrings lists them.");
    }

    static KeyringRefusedException ofAnotherUser(String reference, KeyDescription keyring) {
        return new KeyringRefusedException(
                reference,
                "is "
                        + keyring.key()
                        + ", which is owned by user "
                        + Integer.toUnsignedString(keyring.uid())
                        + ": any user can make a keyring of any name. If it is the right one, name it"
                        + " by that serial in watchqueue.keyrings.");
    }
}
