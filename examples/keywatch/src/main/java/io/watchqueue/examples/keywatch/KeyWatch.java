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

import io.watchqueue.WatchQueueException;
import io.watchqueue.WatchQueueUnsupportedException;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;

/** The command line: prints key changes as the kernel reports them. */
@Command(
        name = "keywatch",
        mixinStandardHelpOptions = true,
        versionProvider = KeyWatch.Version.class,
        description = {
            "Prints changes of kernel keys and keyrings as they happen.",
            "Without a command: a demonstration on keys of its own, which ends by itself."
        },
        subcommands = WatchCommand.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all was well",
            "1:the kernel refused something",
            "2:the command line was wrong",
            "3:this machine has no watch queues"
        })
public final class KeyWatch implements Callable<Integer> {

    private static final int REFUSED = 1;
    private static final int UNSUPPORTED = 3;

    @Spec private CommandSpec spec;

    @Option(
            names = "--simulated",
            description = "The demonstration on the library's simulated kernel, on any machine.")
    private boolean simulated;

    /**
     * Runs the command.
     *
     * @param arguments see {@code --help}
     */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new KeyWatch())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler(KeyWatch::complain);
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        return simulated ? SimulatedDemonstration.run(out) : new Demonstration(out).run();
    }

    private static int complain(
            Exception failure, CommandLine command, CommandLine.ParseResult parsed)
            throws Exception {
        if (failure instanceof WatchQueueException
                || failure instanceof IOException
                || failure instanceof TimeoutException) {
            command.getErr().println("keywatch: " + failure.getMessage());
            return failure instanceof WatchQueueUnsupportedException ? UNSUPPORTED : REFUSED;
        }
        throw failure;
    }

    /** The version that the build wrote into the jar. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = KeyWatch.class.getPackage().getImplementationVersion();
            return new String[] {"keywatch " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
