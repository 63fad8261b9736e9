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

import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.EndpointId;
import org.springframework.boot.actuate.endpoint.web.PathMappedEndpoints;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;

import reactor.core.publisher.Mono;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Answers only requests whose Host header has a known name of this host. The owner of a foreign
 * page can let its name point to 127.0.0.1 (DNS rebinding). The browser then takes both for the
 * same origin, and lets the page read everything here; but the Host header has the foreign name.
 * The health status is for any host, because a probe uses an address that is not known beforehand.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 1)
class KnownHosts implements WebFilter {

    private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

    private final Set<String> configured;
    private final Set<String> statuses;

    KnownHosts(WatchqueueProperties properties, PathMappedEndpoints endpoints) {
        String health = endpoints.getPath(EndpointId.of("health"));
        this.statuses =
                health == null
                        ? Set.of()
                        : Set.of(health, health + "/liveness", health + "/readiness");
        this.configured =
                properties.hosts().stream()
                        .map(name -> name.toLowerCase(Locale.ROOT))
                        .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        ServerHttpRequest request = exchange.getRequest();
        InetSocketAddress host = request.getHeaders().getHost();
        return isKnown(host == null ? null : host.getHostString())
                        || statuses.contains(request.getPath().pathWithinApplication().value())
                ? chain.filter(exchange)
                : refuse(exchange.getResponse());
    }

    private boolean isKnown(@Nullable String host) {
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT);
        return LOOPBACK.contains(name) || configured.contains(name);
    }

    private static Mono<Void> refuse(ServerHttpResponse response) {
        response.setStatusCode(HttpStatus.MISDIRECTED_REQUEST);
        response.getHeaders().setContentType(MediaType.TEXT_PLAIN);
        byte[] reason =
                "This host is not known here by the name in the request's Host header;"
                        .concat(" watchqueue.hosts lists those that are, beside localhost.\n")
                        .getBytes(StandardCharsets.UTF_8);
        return response.writeWith(Mono.just(response.bufferFactory().wrap(reason)));
    }
}
