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
package io.watchqueue.examples.kerberos;

import io.watchqueue.KeyDescription;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.FollowedKey.State;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringFlux;

import reactor.core.publisher.Flux;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * Prints the Kerberos tickets of this process's user, and then those that come and go. MIT Kerberos
 * keeps them in keys if krb5.conf has {@code default_ccache_name = KEYRING:persistent:%{uid}}: the
 * user's persistent keyring has a keyring {@code _krb}, in which each credential cache is a
 * keyring, in which each ticket is a key with the name of its service.
 */
public final class ListTickets {

    private ListTickets() {}

    /**
     * Prints until it is killed.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        // Possession of the persistent keyring grants Read on the caches. Threads that start from
        // now on have this process keyring too.
        KeyId persistent = Keyctl.system().persistent(Keyring.PROCESS);
        tickets(persistent).doOnNext(out::println).blockLast();
    }

    /**
     * Follows the tickets below a keyring.
     *
     * @param persistent a persistent keyring that the threads of boundedElastic() possess
     * @return "new", "expired" or "gone", and the name of the ticket's service: first of those that
     *     are there. Cold; ends as {@link KeyringFlux} does
     */
    static Flux<String> tickets(KeyId persistent) {
        return KeyringFlux.builder(persistent)
                .keys(ListTickets::isTicket)
                .lookAgain(Duration.ofSeconds(5)) // the kernel does not report that one has expired
                .build()
                .concatMapIterable(
                        event ->
                                event instanceof KeyringEvent.Snapshot snapshot
                                        ? snapshot.links()
                                        : List.of(event))
                .<String>handle(
                        (event, sink) -> {
                            if (event instanceof KeyringEvent.Linked linked) {
                                report("new", linked.key(), sink::next);
                            } else if (event instanceof KeyringEvent.Replaced replaced) {
                                report("new", replaced.key(), sink::next);
                            } else if (event instanceof KeyringEvent.Changed changed
                                    && changed.key().state() == State.EXPIRED) {
                                report("expired", changed.key(), sink::next);
                            } else if (event instanceof KeyringEvent.Unlinked unlinked) {
                                report("gone", unlinked.key(), sink::next);
                            } else if (event instanceof KeyringEvent.Gone gone) {
                                report("gone", gone.key(), sink::next);
                            }
                            // Differences follow a loss as events of these kinds.
                        });
    }

    private static void report(String what, FollowedKey key, Consumer<String> sink) {
        KeyDescription description = key.description();
        if (description != null && isTicket(description)) {
            sink.accept(what + " " + description.description());
        }
    }

    /** A ticket has the name of a principal. Other keys are the library's own notes. */
    private static boolean isTicket(KeyDescription key) {
        String name = key.description();
        return !key.isKeyring() && name.contains("@") && !name.contains("@X-CACHECONF:");
    }
}
