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

import io.watchqueue.KeyId;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A secret that was read from a key. A function may use it until it returns, see {@link
 * RotatingSecret#current}. It is wiped when another secret replaces it, when its key is no longer
 * valid, and on {@link RotatingSecret#dispose()}.
 */
public final class Secret {

    private final KeyId key;
    private final long version;
    private final byte[] payload;

    Secret(KeyId key, long version, byte[] payload) {
        this.key = key;
        this.version = version;
        this.payload = payload;
    }

    /**
     * Returns the key that the secret was read from.
     *
     * @return its serial
     */
    public KeyId key() {
        return key;
    }

    /**
     * Returns a number that distinguishes the secrets of one {@link RotatingSecret} without a look
     * at them. The next one has a greater number.
     *
     * @return 1 for the first
     */
    public long version() {
        return version;
    }

    /**
     * Returns the secret itself.
     *
     * @return its bytes, read-only; zeros after the secret was wiped
     */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(payload).asReadOnlyBuffer();
    }

    boolean isStill(KeyId otherKey, byte[] otherPayload) {
        return key.equals(otherKey) && Arrays.equals(payload, otherPayload);
    }

    void wipe() {
        Arrays.fill(payload, (byte) 0);
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "Secret[key=" + key + ", version=" + version + "]";
    }
}
