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

import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.http.server.HttpServerResponse;

import java.util.List;
import java.util.Map;

/** The requests of browsers. */
@RestController
@RequestMapping("/keyrings")
class KeyringController {

    private final KeyringFeeds feeds;
    private final ChangeStreams streams;

    KeyringController(KeyringFeeds feeds, ChangeStreams streams) {
        this.feeds = feeds;
        this.streams = streams;
    }

    @GetMapping
    Map<String, List<String>> keyrings() {
        return Map.of("keyrings", feeds.references());
    }

    @GetMapping(path = "/{reference}", produces = MediaType.APPLICATION_JSON_VALUE)
    Mono<String> keyring(@PathVariable String reference) {
        return feeds.get(reference).updates().next().map(KeyringUpdate::json);
    }

    @GetMapping(path = "/{reference}/changes", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<ServerSentEvent<String>> changes(
            @PathVariable String reference, ServerHttpResponse response) {
        // A proxy that buffers responses would hold back the whole stream.
        response.getHeaders().set("X-Accel-Buffering", "no");
        return streams.open(feeds.get(reference), () -> disconnect(response));
    }

    private static void disconnect(ServerHttpResponse response) {
        HttpServerResponse server = ServerHttpResponseDecorator.getNativeResponse(response);
        server.withConnection(Connection::dispose);
    }
}
