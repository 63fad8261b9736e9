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
import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.reactor.keyring.KeyringEvent.Snapshot;
import io.watchqueue.reactor.keyring.KeyringFlux;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;

/** {@code keywatch members}: prints the keys below keyrings as they are now. */
@Command(
        name = "members",
        mixinStandardHelpOptions = true,
        description = "Prints the keys below each keyring as they are now, and ends.")
final class MembersCommand implements Callable<Integer> {

    /** How the keys are printed. */
    enum Format {
        TEXT,
        JSON
    }

    @Mixin private final NamedKeys named = new NamedKeys();

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "How deep; 1 prints the members of KEYRING only. Without it: any depth.")
    private @Nullable Integer depth;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description =
                    "text (a tree), or json (for each KEYRING the object that 'watch --recursive' begins with);"
                            + " default: ${DEFAULT-VALUE}.")
    private Format format;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        WatchQueueSupport.probe().requireFor("look at keys while they are watched");
        Keyctl keys = Keyctl.system();
        KeyNames names = new KeyNames(keys);
        PrintWriter out = spec.commandLine().getOut();
        for (KeyringFlux keyring : keyrings(keys)) {
            Snapshot snapshot = Objects.requireNonNull(keyring.ofType(Snapshot.class).blockFirst());
            if (format == Format.JSON) {
                ZonedDateTime now = ZonedDateTime.now(ZoneId.systemDefault());
                out.print(
                        LineFormat.JSON.line(now, snapshot.keyring().key(), snapshot, names)
                                + '\n');
            } else {
                new MemberTree(snapshot).print(out);
            }
            out.flush();
        }
        return CommandLine.ExitCode.OK;
    }

    private List<KeyringFlux> keyrings(Keyctl keys) {
        try {
            return named.findKeyrings(keys).stream().map(this::keyring).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private KeyringFlux keyring(KeyId keyring) {
        KeyringFlux.Builder builder = KeyringFlux.builder(keyring);
        return depth == null ? builder.build() : builder.depth(depth).build();
    }
}
