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
package io.watchqueue.examples.credentials;

import io.lettuce.core.RedisCredentials;
import io.lettuce.core.RedisCredentialsProvider;
import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Rotation;
import io.watchqueue.reactor.secret.Secret;
import io.watchqueue.reactor.secret.SecretUnavailableException;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;

/**
 * The current password of a Redis user, for Lettuce, which asks for it whenever it opens a
 * connection or opens one again. Connections that are open stay open when the password is rotated,
 * because the server asks for it only at the beginning. With {@code
 * ClientOptions.ReauthenticateBehavior.ON_NEW_CREDENTIALS} Lettuce also authenticates them again.
 *
 * <p>A Redis user can have two passwords, so no connection is ever refused. A rotation adds the
 * next password on the server by {@code ACL SETUSER app >NEXT}, updates the key, and removes the
 * previous password by {@code ACL SETUSER app <PREVIOUS} when no client uses it any more.
 */
public final class RotatingRedisCredentials implements RedisCredentialsProvider {

    private final RotatingSecret password;
    private final String user;

    private RotatingRedisCredentials(RotatingSecret password, String user) {
        this.password = password;
        this.user = user;
    }

    /**
     * Authenticates a user with a password.
     *
     * @param password the password, in UTF-8; a newline at the end, as files have, is left out
     * @param user the name of the user
     * @return the credentials
     */
    public static RotatingRedisCredentials of(RotatingSecret password, String user) {
        return new RotatingRedisCredentials(
                Objects.requireNonNull(password, "password"), Objects.requireNonNull(user, "user"));
    }

    @Override
    public Mono<RedisCredentials> resolveCredentials() {
        return password.current(this::copy);
    }

    /** Lettuce copies the password, and does not wipe its copies. */
    private RedisCredentials copy(Secret secret) {
        CharBuffer text = StandardCharsets.UTF_8.decode(secret.payload());
        int length = text.length();
        if (length > 0 && text.charAt(length - 1) == '\n') {
            length--;
        }
        char[] copy = Arrays.copyOf(text.array(), length);
        try {
            return RedisCredentials.just(user, copy);
        } finally {
            Arrays.fill(text.array(), '\0');
            Arrays.fill(copy, '\0');
        }
    }

    @Override
    public boolean supportsStreaming() {
        return true;
    }

    /**
     * Emits the current password, and each one that follows. Lettuce subscribes for each open
     * connection if it is to authenticate it again.
     */
    @Override
    public Flux<RedisCredentials> credentials() {
        return password.rotations()
                .ofType(Rotation.Loaded.class)
                .concatMap(
                        loaded ->
                                resolveCredentials()
                                        // If it is gone already, the next one is reported too.
                                        .onErrorComplete(SecretUnavailableException.class));
    }
}
