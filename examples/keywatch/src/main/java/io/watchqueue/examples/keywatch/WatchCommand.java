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

import io.watchqueue.Keyctl;
import io.watchqueue.WatchQueueSupport;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import reactor.core.publisher.Flux;

import java.io.PrintWriter;
import java.util.concurrent.Callable;

/** {@code keywatch watch}: prints changes until Ctrl-C, or until all watched keys are gone. */
@Command(
        name = "watch",
        mixinStandardHelpOptions = true,
        description = "Prints the changes of keys until Ctrl-C, or until all of them are gone.")
final class WatchCommand implements Callable<Integer> {

    @Mixin private final NamedKeys named = new NamedKeys();

    @Mixin private final WatchOptions options = new WatchOptions();

    @Option(
            names = "--tag",
            paramLabel = "N",
            description =
                    "Without --recursive: the tag of the notifications, 0 to 255; default: 1.")
    private @Nullable Integer tag;

    @Option(
            names = "--format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description =
                    "text, json (one object per line), or keyctl (the lines of 'keyctl watch'); default: ${DEFAULT-VALUE}.")
    private LineFormat format;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() {
        WatchQueueSupport.probe().requireFor("watch keys");
        PrintWriter out = spec.commandLine().getOut();
        reports().takeUntil(report -> !print(report, out)).blockLast();
        return CommandLine.ExitCode.OK;
    }

    private Flux<Report> reports() {
        Keyctl keys = Keyctl.system();
        try {
            return options.reports(keys, named, tag, format, spec.commandLine().getErr());
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    /** Returns false if nobody reads the output. */
    private static boolean print(Report report, PrintWriter out) {
        out.print(report.line() + '\n');
        return !out.checkError(); // flushes first
    }
}
