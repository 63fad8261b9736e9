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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.test.SimulatedKernel;

import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.util.UriComponentsBuilder;

import reactor.core.publisher.Flux;

import tools.jackson.databind.JsonNode;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** The application on a port of its own, and a client for it. */
final class RunningApplication implements AutoCloseable {

    static final ParameterizedTypeReference<ServerSentEvent<JsonNode>> EVENT =
            new ParameterizedTypeReference<>() {};

    private static final List<String> QUIETLY =
            List.of("spring.main.banner-mode=off", "logging.level.root=warn");

    private static final Duration SOON = Duration.ofMinutes(2);

    private final ConfigurableApplicationContext context;

    private RunningApplication(ConfigurableApplicationContext context) {
        this.context = context;
    }

    static RunningApplication start(String... properties) {
        return start(List.of(), properties);
    }

    /** With these configurations as well. */
    static RunningApplication start(List<Class<?>> configurations, String... properties) {
        return start(0, configurations, properties);
    }

    /** On that port, or on any if it is 0. */
    static RunningApplication start(int port, List<Class<?>> configurations, String... properties) {
        String[] arguments =
                Stream.of(QUIETLY.stream(), Stream.of("server.port=" + port), Stream.of(properties))
                        .flatMap(all -> all)
                        .map(property -> "--" + property)
                        .toArray(String[]::new);
        return new RunningApplication(
                new SpringApplicationBuilder(KeyringApplication.class)
                        .sources(configurations.toArray(Class<?>[]::new))
                        .run(arguments));
    }

    int port() {
        return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    }

    <T> T bean(Class<T> type) {
        return context.getBean(type);
    }

    WebClient client() {
        return WebClient.builder().baseUrl("http://127.0.0.1:" + port()).build();
    }

    JsonNode get(String path, Object... variables) {
        return client().get().uri(path, variables).retrieve().bodyToMono(JsonNode.class).block();
    }

    Flux<ServerSentEvent<JsonNode>> changes(String keyring) {
        return client().get()
                .uri("/keyrings/{reference}/changes", keyring)
                .accept(MediaType.TEXT_EVENT_STREAM)
                .retrieve()
                .bodyToFlux(EVENT);
    }

    /** The value of a counter. */
    double count(String meter, String... tags) {
        return measurement(meter, "COUNT", tags);
    }

    /** The value of a gauge. */
    double gauge(String meter, String... tags) {
        return measurement(meter, "VALUE", tags);
    }

    private double measurement(String meter, String statistic, String... tags) {
        UriComponentsBuilder uri =
                UriComponentsBuilder.fromPath("/actuator/metrics/{meter}")
                        .queryParam("tag", (Object[]) tags);
        for (JsonNode measured : get(uri.build().toUriString(), meter).get("measurements")) {
            if (measured.get("statistic").asString().equals(statistic)) {
                return measured.get("value").asDouble();
            }
        }
        throw new AssertionError(meter + " has no " + statistic);
    }

    static void eventually(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("still not so after " + SOON + ": " + what);
            }
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Override
    public void close() {
        context.close();
    }

    /** Closes this and the kernel it runs on, of which nothing may be left open. */
    void closeWith(SimulatedKernel kernel) {
        close();
        kernel.settle();
        kernel.close();
        assertThat(kernel.openDescriptors()).isZero();
    }
}
