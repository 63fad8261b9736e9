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

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/** An API server on loopback, which accepts one token and refuses all others. */
final class TokenServer implements AutoCloseable {

    private static final int NO_BODY = -1;

    private final HttpServer server;
    private final AtomicInteger refusals = new AtomicInteger();
    private volatile String token = "";

    TokenServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** Sets the token that is accepted from now on. */
    void accept(String onlyToken) {
        token = onlyToken;
    }

    /** The number of requests that were answered with 401. */
    int refusals() {
        return refusals.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            exchange.getRequestBody().readAllBytes();
            boolean known =
                    ("Bearer " + token)
                            .equals(exchange.getRequestHeaders().getFirst("Authorization"));
            if (!known) {
                refusals.incrementAndGet();
                exchange.getResponseHeaders()
                        .set("WWW-Authenticate", "Bearer error=\"invalid_token\"");
            }
            exchange.sendResponseHeaders(known ? 204 : 401, NO_BODY);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
