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

import static io.watchqueue.test.KernelError.require;

import io.watchqueue.KeyEvent;
import io.watchqueue.internal.Errno;

/** Links from keyrings to keys: the part of security/keys/keyring.c that does not search. */
final class KeyLinks {

    private final KeyTable table;

    KeyLinks(KeyTable table) {
        this.table = table;
    }

    static void checkKeyring(SimulatedKey key) {
        require(key.isKeyring(), Errno.ENOTDIR);
    }

    /** __key_link_check_restriction() and __key_link_check_live_key(): no cycles. */
    void checkLink(SimulatedKey keyring, SimulatedKey key, Credentials credentials) {
        require(!keyring.restricted, Errno.EPERM);
        if (key.isKeyring()) {
            KeySearch cycle =
                    new KeySearch(table, keyring.index, credentials)
                            .only(keyring)
                            .anyDepthAndPermission();
            require(cycle.in(key, true) != 0, Errno.EDEADLK);
        }
    }

    /** __key_link(). */
    void add(SimulatedKey keyring, SimulatedKey key) {
        if (keyring.members.remove(key.index) != null) {
            table.released();
        }
        keyring.members.put(key.index, key);
        keyring.post(KeyEvent.LINKED, key.serial);
    }

    /** key_link(). */
    void addChecked(SimulatedKey keyring, SimulatedKey key, Credentials credentials) {
        checkKeyring(keyring);
        checkLink(keyring, key, credentials);
        add(keyring, key);
    }

    /** key_unlink(). */
    void remove(SimulatedKey keyring, SimulatedKey key) {
        // The kernel looks for the type and description, and so unlinks the key that has this place
        // now.
        keyring.members.remove(key.index);
        table.released();
        keyring.post(KeyEvent.UNLINKED, key.serial);
    }

    /** keyring_clear(). */
    void clear(SimulatedKey keyring) {
        keyring.members.clear();
        table.released();
        keyring.post(KeyEvent.CLEARED, 0);
    }
}
