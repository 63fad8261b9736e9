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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.NotificationFilter;
import io.watchqueue.WatchQueue;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.keyring.KeyringFlux;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Option;

import reactor.core.publisher.Flux;

import java.io.PrintWriter;
import java.util.List;

/** The options of commands that watch keys, and the reports that they ask for. */
final class WatchOptions {

    private static final int DEFAULT_TAG = 1;

    @Option(
            names = "--filter",
            split = ",",
            converter = EventConverter.class,
            paramLabel = "EVENT",
            description = {
                "Only these events: instantiated, updated, linked, unlinked, cleared, revoked,"
                        + " invalidated, setattr, or as keyctl(1) has them: inst, upd, link, unlk, clr, rev, inv, attr."
                        + " The kernel does the filtering. Removals and losses always pass. With --recursive,"
                        + " links and changes of a state pass too."
            })
    private List<KeyEvent> events = List.of();

    @Option(
            names = "--capacity",
            paramLabel = "N",
            defaultValue = "" + WatchQueue.MAX_CAPACITY,
            description =
                    "The number of notifications that the kernel keeps before it drops new ones, 1 to 512; default: ${DEFAULT-VALUE}.")
    private int capacity;

    @Option(
            names = "--recursive",
            description =
                    "Follow all keys below each KEYRING, which grants Read; keyrings in it too.")
    private boolean recursive;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description =
                    "With --recursive: how deep; 1 follows the members of KEYRING only. Without it: any depth.")
    private @Nullable Integer depth;

    /**
     * Prepares to watch keys.
     *
     * @param named the keys
     * @param tag the tag of the notifications, null for the default
     * @param format the format of each report
     * @param err where the watches are announced
     * @return cold; completes when no key is left
     * @throws IllegalArgumentException if an option is out of range, or does not fit the keys or
     *     another option
     * @throws io.watchqueue.WatchQueueException if the kernel does not find a key
     */
    Flux<Report> reports(
            Keyctl keyctl,
            NamedKeys named,
            @Nullable Integer tag,
            LineFormat format,
            PrintWriter err) {
        KeyNames names = new KeyNames(keyctl);
        if (recursive) {
            if (tag != null) {
                throw new IllegalArgumentException(
                        "--tag "
                                + tag
                                + ": with --recursive each watch has a tag of its own; leave out --tag");
            }
            List<KeyId> keys = named.findKeyrings(keyctl);
            keys.forEach(this::keyringFlux); // checks the options before anything is watched
            return new KeyringReports(names, format, err).follow(keys, this::keyringFlux);
        }
        if (depth != null) {
            throw new IllegalArgumentException(
                    "--depth " + depth + " limits --recursive, which is not given; add it");
        }
        List<KeyId> keys = named.find(keyctl);
        keys.forEach(key -> names.of(key.value())); // while they exist
        return new NotificationReports(keyctl, names, format, err)
                .follow(notifications(keys, tag == null ? DEFAULT_TAG : tag));
    }

    private KeyringFlux keyringFlux(KeyId keyring) {
        KeyringFlux.Builder builder = KeyringFlux.builder(keyring).capacity(capacity);
        if (depth != null) {
            builder.depth(depth);
        }
        if (!events.isEmpty()) {
            builder.events(events.toArray(KeyEvent[]::new));
        }
        return builder.build();
    }

    private NotificationFlux.Builder notifications(List<KeyId> keys, int tag) {
        NotificationFlux.Builder builder = NotificationFlux.builder().capacity(capacity);
        if (!events.isEmpty()) {
            builder.filter(
                    NotificationFilter.of(
                            NotificationFilter.events(events.toArray(KeyEvent[]::new))));
        }
        keys.forEach(key -> builder.watch(key, tag));
        return builder;
    }

    /** Converts event names in any case, and keyctl's abbreviations. */
    static final class EventConverter implements CommandLine.ITypeConverter<KeyEvent> {
        @Override
        public KeyEvent convert(String name) {
            for (KeyEvent event : KeyEvent.values()) {
                if (event.name().equalsIgnoreCase(name) || KeyctlLines.event(event).equals(name)) {
                    return event;
                }
            }
            throw new CommandLine.TypeConversionException(
                    "'" + name + "' is not an event; see 'keywatch watch --help'");
        }
    }
}
