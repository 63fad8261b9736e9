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
package io.watchqueue;

/**
 * All keys of a name belong to other users, and none is in the keyrings of the calling thread. Any
 * user can create a key of any name and show it to all, so it may not be the right one.
 */
public final class ForeignKeyException extends WatchQueueException {

    private static final long serialVersionUID = 1;

    /** The serial. */
    private final int serial;

    /** The number of a user. */
    private final int owner;

    ForeignKeyException(String operation, KeyDescription found) {
        super(
                operation,
                0,
                "key "
                        + found.key()
                        + " is owned by user "
                        + Integer.toUnsignedString(found.uid())
                        + ", and the thread, process and session keyring of this thread do not lead to it. Any user can"
                        + " create a key of any name, so it is not used. If it is the right one, link it into this process's"
                        + " session keyring (keyctl link "
                        + found.key()
                        + " @s), or name it by its serial. Otherwise create one of that name for this process's user.");
        this.serial = found.key().value();
        this.owner = found.uid();
    }

    /**
     * Returns the first of the keys that were found.
     *
     * @return its serial
     */
    public KeyId key() {
        return KeyId.of(serial);
    }

    /**
     * Returns the owner of that key.
     *
     * @return its user, unsigned, as of {@link KeyDescription#uid()}
     */
    public int owner() {
        return owner;
    }
}
