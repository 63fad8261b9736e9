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
import io.watchqueue.KeyPermissionException;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.Watch;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.ReactiveWatchQueue;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.concurrent.Callable;

/** {@code keywatch watch}: until Ctrl-C, or until all that is watched is gone. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description = "Prints the changes of keys until Ctrl-C, or until all of them are gone.")
final class WatchCommand implements Callable<Integer> {

    /** Enough to print in one go, and little beside what the kernel keeps. */
    private static final int BATCH = 32;

    @Option(
            names = "--filter",
            split = ",",
            converter = EventConverter.class,
            paramLabel = "EVENT",
            description = {
                "Print only these events: instantiated, updated, linked, unlinked, cleared, revoked,"
                        + " invalidated, setattr, or as keyctl(1) has them: inst, upd, link, unlk, clr, rev, inv, attr."
                        + " The kernel does the filtering. Removals and losses always come."
            })
    private List<KeyEvent> events = List.of();

    @Option(
            names = "--tag",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "What the notifications are to carry, 0 to 255; default: ${DEFAULT-VALUE}.")
    private int tag;

    @Option(
            names = "--capacity",
            paramLabel = "N",
            defaultValue = "" + WatchQueue.MAX_CAPACITY,
            description =
                    "How many notifications the kernel keeps before it drops, 1 to 512; default: ${DEFAULT-VALUE}.")
    private int capacity;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description =
                    "text, json (an object a line), or keyctl (what 'keyctl watch' prints); default: ${DEFAULT-VALUE}.")
    private LineFormat format;

    @Parameters(
            arity = "1..*",
            paramLabel = "KEYRING",
            description =
                    "What to watch: a special keyring (@s, @u, @us, @p, @t), %%TYPE:DESCRIPTION such as"
                            + " %%keyring:tokens, or a serial.")
    private List<String> references;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        WatchQueueSupport.probe().requireFor("watch keys");
        Keyctl keys = Keyctl.system();
        KeyNames names = new KeyNames(keys);
        ReactiveWatchQueue queue = queue(keys, names).queue();
        try {
            queue.open().block();
            announce(queue, names);
            print(queue, keys, names);
        } finally {
            queue.dispose();
        }
        return CommandLine.ExitCode.OK;
    }

    private void announce(ReactiveWatchQueue queue, KeyNames names) {
        PrintWriter err = spec.commandLine().getErr();
        for (Watch watch : queue.watches()) {
            err.println("keywatch: watching " + LineFormat.text(watch.key().value(), names));
        }
    }

    private void print(ReactiveWatchQueue queue, Keyctl keys, KeyNames names) {
        PrintWriter out = spec.commandLine().getOut();
        // Iterating prints on this thread: the reader never waits for a terminal, the kernel's
        // queue does.
        for (Notification notification : queue.receive().toIterable(BATCH)) {
            ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
            out.print(format.line(now, notification, names) + '\n');
            if (out.checkError()) { // which flushes first
                return;
            }
            if (notification instanceof RemovalNotification removal) {
                names.forget((int) removal.id());
            } else if (notification instanceof LossNotification) {
                unwatchWhatIsGone(queue, keys);
            }
        }
    }

    /** The removal of a key may have been lost: then only this shows that it is gone. */
    private static void unwatchWhatIsGone(ReactiveWatchQueue queue, Keyctl keys) {
        for (Watch watch : queue.watches()) {
            try {
                keys.describe(watch.key());
            } catch (KeyPermissionException e) {
                // It is there.
            } catch (KeyUnavailableException e) {
                queue.unwatch(watch.key())
                        .block(); // does nothing if it is only revoked, or expired
            }
        }
    }

    private NotificationFlux.Builder queue(Keyctl keys, KeyNames names) {
        NotificationFlux.Builder builder = NotificationFlux.builder().completeWhenUnwatched();
        try {
            builder.capacity(capacity);
            if (!events.isEmpty()) {
                builder.filter(
                        NotificationFilter.of(
                                NotificationFilter.events(events.toArray(KeyEvent[]::new))));
            }
            for (String reference : references) {
                KeyId key = keys.find(reference);
                // Not a serial: that would take the permission to search it.
                KeyId serial = key.isSpecial() ? keys.resolve(key, true) : key;
                builder.watch(serial, tag);
                names.of(serial.value()); // while it is there
            }
            return builder;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    /** Event names in any case, or keyctl's abbreviations. */
    static final class EventConverter implements CommandLine.ITypeConverter<KeyEvent> {
        @Override
        public KeyEvent convert(String name) {
            for (KeyEvent event : KeyEvent.values()) {
                if (event.name().equalsIgnoreCase(name)
                        || LineFormat.keyctlName(event).equals(name)) {
                    return event;
                }
            }
            throw new CommandLine.TypeConversionException(
                    "'" + name + "' is no event; see 'keywatch watch --help'");
        }
    }
}
