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

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeoutException;

/** The command line: prints key changes as the kernel reports them. */
@Command(
        name = "keywatch",
        mixinStandardHelpOptions = true,
        versionProvider = KeyWatch.Version.class,
        description = {
            "Prints kernel keys and keyrings, and their changes as they happen, or runs a command after changes.",
            "Without a command: a demonstration on keys of its own, which ends by itself."
        },
        subcommands = {WatchCommand.class, MembersCommand.class, ExecCommand.class},
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:success",
            "1:the kernel refused an operation, or the output failed",
            "2:the command line was wrong",
            "3:this machine has no watch queues",
            "141:the reader of the output has gone"
        })
public final class KeyWatch implements Callable<Integer> {

    private static final int REFUSED = 1;
    private static final int UNSUPPORTED = 3;

    /**
     * The exit status of a filter that SIGPIPE ended, as shells report it. A JVM ignores SIGPIPE.
     */
    private static final int NOBODY_READS = 141;

    private static final char REPLACEMENT = '\ufffd';

    @Spec private CommandSpec spec;

    @Option(
            names = "--simulated",
            description = "The demonstration on the library's simulated kernel, on any machine.")
    private boolean simulated;

    /**
     * Runs the command. It prints UTF-8 in every locale, because programs read it.
     *
     * @param arguments see {@code --help}
     * @throws Exception if it fails unexpectedly
     */
    public static void main(String[] arguments) throws Exception {
        StandardOutput output = new StandardOutput();
        PrintWriter out = inUtf8(output);
        PrintWriter err = inUtf8(new FileOutputStream(FileDescriptor.err));
        int status = execute(List.of(arguments), out, err);
        out.flush();
        IOException failure = output.failure();
        if (failure != null) {
            status = output.isReadByAProgram() ? NOBODY_READS : REFUSED;
            if (status == REFUSED) {
                err.println("keywatch: write to standard output: " + failure.getMessage());
            }
        }
        System.exit(status);
    }

    private static int execute(List<String> arguments, PrintWriter out, PrintWriter err)
            throws Exception {
        if (!arguments.isEmpty()) {
            return commandLine().setOut(out).setErr(err).execute(asTyped(arguments));
        }
        // Nothing to parse, and the parser's classes take an emulated JVM some seconds to load.
        try {
            return new Demonstration(out).run();
        } catch (Exception e) {
            return complain(e, err);
        }
    }

    private static PrintWriter inUtf8(OutputStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }

    /**
     * In a locale such as C, the JVM replaces all characters of arguments that are not ASCII. /proc
     * has the originals.
     */
    private static String[] asTyped(List<String> arguments) {
        if (arguments.stream().noneMatch(argument -> argument.indexOf(REPLACEMENT) >= 0)) {
            return arguments.toArray(String[]::new);
        }
        try {
            List<String> words =
                    List.of(Files.readString(Path.of("/proc/self/cmdline")).split("\0", -1));
            int end = words.size() - 1; // the last word is empty, after the final zero
            return words.subList(end - arguments.size(), end).toArray(String[]::new);
        } catch (IOException e) {
            return arguments.toArray(String[]::new); // not in UTF-8, or there is no /proc
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new KeyWatch())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false) // @u is a keyring, even if there is a file named u
                .setExecutionExceptionHandler(
                        (failure, command, parsed) -> complain(failure, command.getErr()));
    }

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        return simulated ? SimulatedDemonstration.run(out) : new Demonstration(out).run();
    }

    private static int complain(Exception failure, PrintWriter err) throws Exception {
        if (failure instanceof WatchQueueException
                || failure instanceof IOException
                || failure instanceof TimeoutException) {
            err.println("keywatch: " + failure.getMessage());
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
