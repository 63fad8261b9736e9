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
package io.watchqueue.examples.keywatch;

import io.watchqueue.KeyId;
import io.watchqueue.reactor.keyring.FollowedKey;
import io.watchqueue.reactor.keyring.KeyringEvent;
import io.watchqueue.reactor.keyring.KeyringFlux;

import reactor.core.publisher.Flux;

import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.function.Function;

/** Reports of what happens in followed keyrings. */
final class KeyringReports {

    private final KeyNames names;
    private final LineFormat format;
    private final PrintWriter err;

    /** An event of one of the followed keyrings. */
    private record Followed(KeyId root, KeyringEvent event) {}

    KeyringReports(KeyNames names, LineFormat format, PrintWriter err) {
        this.names = names;
        this.format = format;
        this.err = err;
    }

    /**
     * Follows keyrings, and announces each when all keys in it are watched.
     *
     * @param keyrings their serials
     * @param flux how each is followed
     * @return cold: reported on threads that may block, one after the other; completes when no
     *     keyring is left
     */
    Flux<Report> follow(List<KeyId> keyrings, Function<KeyId, KeyringFlux> flux) {
        // All of them at the same time, however many there are.
        return Flux.fromIterable(keyrings)
                .flatMap(
                        root -> flux.apply(root).map(event -> new Followed(root, event)),
                        Math.max(1, keyrings.size()))
                .map(this::report);
    }

    private Report report(Followed followed) {
        KeyringEvent event = followed.event();
        rememberKeyrings(event);
        ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
        String line = format.line(now, followed.root(), event, names);
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            err.println("keywatch: watching " + TextLines.key(snapshot.keyring()) + " and below");
            return new Report(line, Report.Kind.FOUND);
        }
        if (event instanceof KeyringEvent.Gone gone) {
            names.forget(gone.key().key().value());
        }
        return new Report(
                line, event instanceof KeyringEvent.Lost ? Report.Kind.LOSS : Report.Kind.CHANGE);
    }

    /** Events name only the serials of the keyrings in which something happened. */
    private void rememberKeyrings(KeyringEvent event) {
        if (event instanceof KeyringEvent.Snapshot snapshot) {
            snapshot.links().forEach(link -> remember(link.key()));
            remember(snapshot.keyring());
        } else if (event instanceof KeyringEvent.Linked linked) {
            remember(linked.key());
        } else if (event instanceof KeyringEvent.Replaced replaced) {
            remember(replaced.key());
        } else if (event instanceof KeyringEvent.Changed changed) {
            remember(changed.key());
        }
    }

    private void remember(FollowedKey key) {
        if (key.isKeyring() && key.description() != null) {
            names.remember(key.description());
        }
    }
}
