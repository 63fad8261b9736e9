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

import io.watchqueue.reactor.secret.RotatingSecret;
import io.watchqueue.reactor.secret.Secret;

import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpStatus;
import org.springframework.web.reactive.function.client.ClientRequest;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.ExchangeFilterFunction;
import org.springframework.web.reactive.function.client.ExchangeFunction;

import reactor.core.publisher.Mono;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Sends a {@link RotatingSecret} as a bearer token (RFC 6750), to one origin only. Requests to
 * other origins, as after a redirect, are sent without it.
 *
 * <p>If the server answers 401, the request is repeated once with the next token, provided that it
 * arrives within a second. A rotation changes the token on the server and in the keyring, in either
 * order. A repeated request subscribes to its body again.
 */
public final class BearerTokenFilter implements ExchangeFilterFunction {

    private static final Duration PATIENCE = Duration.ofSeconds(1);

    /** A timeout is counted in nanoseconds, which would overflow beyond this. */
    private static final Duration LONGEST_PATIENCE = Duration.ofNanos(Long.MAX_VALUE);

    /** The b64token of RFC 6750. A token from a file may end with a newline. */
    private static final Pattern TOKEN = Pattern.compile("([A-Za-z0-9._~+/-]+=*)\n?");

    private final RotatingSecret secret;
    private final Origin origin;
    private final Duration patience;

    private BearerTokenFilter(RotatingSecret secret, Origin origin, Duration patience) {
        this.secret = secret;
        this.origin = origin;
        this.patience = patience;
    }

    /**
     * Sends a secret to an origin.
     *
     * @param secret a token
     * @param origin scheme, host and port that may get the token; the rest of the URI is ignored
     * @return the filter
     * @throws IllegalArgumentException if the origin is neither https, nor http on loopback
     */
    public static BearerTokenFilter of(RotatingSecret secret, URI origin) {
        return of(secret, origin, PATIENCE);
    }

    /**
     * Sends a secret to an origin.
     *
     * @param patience how long to wait for the next token after a refusal, 0 to 292 years
     * @throws IllegalArgumentException if the origin is not confidential, or the patience is out of
     *     range
     */
    static BearerTokenFilter of(RotatingSecret secret, URI origin, Duration patience) {
        Objects.requireNonNull(secret, "secret");
        Origin checked = Origin.of(origin);
        if (!checked.isConfidential()) {
            throw new IllegalArgumentException(
                    "send a bearer token to "
                            + origin
                            + ": anybody on the way could read it; use an origin with https, or"
                            + " http with localhost, 127.0.0.1 or [::1]");
        }
        if (patience.isNegative() || patience.compareTo(LONGEST_PATIENCE) > 0) {
            throw new IllegalArgumentException(
                    "send a bearer token to "
                            + origin
                            + ": a patience of "
                            + patience
                            + " is not from PT0S to "
                            + LONGEST_PATIENCE
                            + ", the range of a timeout; pass a shorter one, such as "
                            + PATIENCE);
        }
        return new BearerTokenFilter(secret, checked, patience);
    }

    @Override
    public Mono<ClientResponse> filter(ClientRequest request, ExchangeFunction next) {
        if (!origin.equals(Origin.of(request.url()))) {
            return next.exchange(request);
        }
        return token().flatMap(
                        token ->
                                next.exchange(token.in(request))
                                        .flatMap(
                                                response ->
                                                        response.statusCode()
                                                                        .isSameCodeAs(
                                                                                HttpStatus
                                                                                        .UNAUTHORIZED)
                                                                ? afterRotation(
                                                                        token, response, request,
                                                                        next)
                                                                : Mono.just(response)));
    }

    private Mono<ClientResponse> afterRotation(
            Token refused, ClientResponse response, ClientRequest request, ExchangeFunction next) {
        return NextVersion.after(secret, refused.version(), patience)
                // A cancelled call would leave the response unread, so release it.
                .doOnCancel(() -> response.releaseBody().subscribe())
                .flatMap(
                        rotated ->
                                rotated
                                        ? response.releaseBody()
                                                .then(token())
                                                .flatMap(token -> next.exchange(token.in(request)))
                                        : Mono.just(response));
    }

    private Mono<Token> token() {
        return secret.current(this::token);
    }

    private Token token(Secret current) {
        Matcher token = TOKEN.matcher(StandardCharsets.ISO_8859_1.decode(current.payload()));
        if (!token.matches()) {
            throw new MalformedTokenException(secret, current.key());
        }
        return new Token(token.group(1), current.version());
    }

    private record Token(String text, long version) {

        ClientRequest in(ClientRequest request) {
            return ClientRequest.from(request)
                    .headers(headers -> headers.setBearerAuth(text))
                    .build();
        }

        /** Without the token. */
        @Override
        public String toString() {
            return "Token[version=" + version + "]";
        }
    }

    private record Origin(String scheme, String host, int port) {

        private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

        static Origin of(URI uri) {
            String scheme = lowerCase(uri.getScheme());
            int port = uri.getPort();
            if (port < 0) {
                port = scheme.equals("https") ? 443 : 80;
            }
            return new Origin(scheme, lowerCase(uri.getHost()), port);
        }

        private static String lowerCase(@Nullable String part) {
            return part == null ? "" : part.toLowerCase(Locale.ROOT);
        }

        boolean isConfidential() {
            return scheme.equals("https") && !host.isEmpty()
                    || scheme.equals("http") && LOOPBACK.contains(host);
        }
    }
}
