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
package io.watchqueue.reactor;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import java.util.ArrayList;
import java.util.List;

/** A keyring for a test, below the user's. */
final class TestKeys implements AutoCloseable {

    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;

    final Keyctl keys = Keyctl.system();
    final KeyId keyring = keys.addKeyring("watchqueue-test", Keyring.USER);

    KeyId add(String description) {
        return keys.add("user", description, new byte[] {1}, keyring);
    }

    List<KeyId> add(int count) {
        List<KeyId> added = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            added.add(add("key " + i));
        }
        return added;
    }

    void update(KeyId key) {
        keys.update(key, new byte[] {2});
    }

    /** Has the kernel post that many SETATTR, which is the cheapest that there is. */
    void post(KeyId key, int times) {
        for (int i = 0; i < times; i++) {
            keys.setPermissions(key, ALL_PERMISSIONS);
        }
    }

    @Override
    public void close() {
        keys.unlink(keyring, Keyring.USER);
    }
}
