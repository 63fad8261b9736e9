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

import io.lettuce.core.AclSetuserArgs;
import io.lettuce.core.KillArgs;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;

/** A Redis server of the Debian package, with a user whose password is rotated. */
final class RedisServer implements AutoCloseable {

    private final ServerProcess server;
    private final RedisClient client = RedisClient.create();
    private final RedisURI administration;
    private @Nullable StatefulRedisConnection<String, String> administrator;

    /**
     * Starts a server. The first start may install the package.
     *
     * @param folder see {@link ServerProcess}
     */
    RedisServer(Path folder) throws Exception {
        String password = UUID.randomUUID().toString();
        server = new ServerProcess("./redis", folder, Map.of("ADMIN_PASSWORD", password));
        administration = uri().withAuthentication("admin", password).build();
        server.await(this::answers);
    }

    private boolean answers() {
        try {
            administrator = client.connect(administration);
            return true;
        } catch (RedisConnectionException e) {
            return false;
        }
    }

    RedisURI.Builder uri() {
        return RedisURI.builder().withHost("127.0.0.1").withPort(server.port());
    }

    /** Changes the user "app" as the administrator. */
    void setUser(AclSetuserArgs change) {
        administrator.sync().aclSetuser("app", change);
    }

    /** Closes the connections of the user "app". */
    void disconnectUser() {
        administrator.sync().clientKill(KillArgs.Builder.user("app"));
    }

    /** The number of authentications that were refused. */
    long refusals() {
        return administrator
                .sync()
                .info("errorstats")
                .lines()
                .filter(line -> line.startsWith("errorstat_WRONGPASS:count="))
                .mapToLong(line -> Long.parseLong(line.substring(line.indexOf('=') + 1)))
                .sum();
    }

    @Override
    public void close() throws InterruptedException {
        client.shutdown();
        server.close();
    }
}
