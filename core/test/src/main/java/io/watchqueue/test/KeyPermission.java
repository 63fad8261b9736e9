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

import io.watchqueue.internal.Errno;

/** The permissions of keys: security/keys/permission.c, and the masks of include/linux/key.h. */
final class KeyPermission {

    static final int POS_ALL = SimulatedKey.ALL << SimulatedKey.POSSESSOR;
    static final int POS_SETATTR = SimulatedKey.SETATTR << SimulatedKey.POSSESSOR;
    static final int USR_VIEW = SimulatedKey.VIEW << SimulatedKey.OWNER;
    static final int USR_READ = SimulatedKey.READ << SimulatedKey.OWNER;
    static final int USR_LINK = SimulatedKey.LINK << SimulatedKey.OWNER;
    static final int USR_ALL = SimulatedKey.ALL << SimulatedKey.OWNER;
    static final int EVERY = 0x3f3f3f3f;

    private KeyPermission() {}

    /** key_task_permission(). */
    static boolean permits(
            SimulatedKey key, boolean possessed, Credentials credentials, int permission) {
        int granted;
        if (key.uid == credentials.uid()) {
            granted = key.permissions >> SimulatedKey.OWNER;
        } else if (key.gid == credentials.gid()
                && (key.permissions & SimulatedKey.ALL << SimulatedKey.GROUP) != 0) {
            granted = key.permissions >> SimulatedKey.GROUP;
        } else {
            granted = key.permissions;
        }
        if (possessed) {
            granted |= key.permissions >> SimulatedKey.POSSESSOR;
        }
        return (granted & permission) == permission;
    }

    /** key_validate(). */
    static void validate(SimulatedKey key, KeyTable table) {
        require(!key.invalidated, Errno.ENOKEY);
        require(!key.revoked, Errno.EKEYREVOKED);
        require(!table.hasExpired(key), Errno.EKEYEXPIRED);
    }
}
