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

import io.watchqueue.KeyId;

import java.time.Duration;
import java.util.Set;

/** The application for the tests of the page, and the keys of its kernel. */
interface ServedApplication extends AutoCloseable {

    /** A change that the kernel refused. */
    final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1;

        RefusedException(String message) {
            super(message);
        }
    }

    String address();

    /** Ends the application. Its kernel and the keys stay. */
    void stop();

    /** Starts it again, at the same address. */
    void start();

    KeyId addKeyring(String description, KeyId keyring);

    KeyId addKey(String description, String payload, KeyId keyring);

    void update(KeyId key, String payload);

    /** Updates a key 5,000 times, faster than the application handles changes. */
    void flood(KeyId key);

    void setTimeout(KeyId key, Duration timeout);

    void link(KeyId key, KeyId keyring);

    void unlink(KeyId key, KeyId keyring);

    void move(KeyId key, KeyId from, KeyId to);

    void clear(KeyId keyring);

    void revoke(KeyId key);

    void invalidate(KeyId key);

    /** Each member of a keyring, and of the keyrings in it, as "keyring-member". */
    Set<String> links(KeyId keyring);

    @Override
    void close();
}
