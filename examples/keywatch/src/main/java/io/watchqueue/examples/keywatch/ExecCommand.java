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

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import reactor.core.Disposable;
import reactor.core.publisher.Flux;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Stack;
import java.util.concurrent.Callable;

/** {@code keywatch exec}: runs a command after changes. */
@Command(
        name = "exec",
        mixinStandardHelpOptions = true,
        preprocessor = ExecCommand.CommandCutter.class,
        customSynopsis = "Usage: keywatch exec [OPTION...] KEYRING... -- COMMAND [ARG...]",
        description = {
            "Runs COMMAND after changes of keys, until a signal ends it or all of the keys are gone.",
            "One run at a time: changes during a run lead to one more run. If COMMAND fails, its status is"
                    + " printed, and the next change runs it again. It reads nothing from standard input.",
            "Its environment has the changes since the last run: WATCHQUEUE_EVENTS, one JSON object on each"
                    + " line, of at most 64 KiB in all; WATCHQUEUE_EVENTS_OMITTED, the number of later ones that"
                    + " had no room, if there are any; and WATCHQUEUE_LOSS=1 if changes were lost.",
            "HUP, INT and TERM end COMMAND and all that it has started, by TERM, and after 5 s by KILL."
        })
final class ExecCommand implements Callable<Integer> {

    private static final String DELIMITER = "--";

    @Mixin private final NamedKeys named = new NamedKeys();

    @Mixin private final WatchOptions options = new WatchOptions();

    @Option(
            names = "--debounce",
            converter = DurationConverter.class,
            paramLabel = "DURATION",
            defaultValue = "200ms",
            description =
                    "How long changes are gathered after the first one, such as 0ms, 200ms, 2s or 1m; default: ${DEFAULT-VALUE}.")
    private Duration debounce;

    @Spec private CommandSpec spec;

    private List<String> command = List.of();

    @Override
    public Integer call() throws InterruptedException {
        checkCommand();
        WatchQueueSupport.probe().requireFor("watch keys");
        CommandRunner runner = new CommandRunner(command, spec.commandLine().getErr());
        PendingChanges changes = new PendingChanges();
        Flux<Report> reports = reports();
        Runtime.getRuntime().addShutdownHook(new Thread(runner::end, "keywatch-end"));
        Disposable watching = reports.subscribe(changes::add, changes::fail, changes::complete);
        try {
            for (PendingChanges.Batch batch = changes.take(debounce);
                    batch != null;
                    batch = changes.take(debounce)) {
                runner.run(batch);
            }
        } finally {
            watching.dispose();
            runner.end();
        }
        return CommandLine.ExitCode.OK;
    }

    private Flux<Report> reports() {
        try {
            PrintWriter err = spec.commandLine().getErr();
            return options.reports(Keyctl.system(), named, null, LineFormat.JSON, err);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage());
        }
    }

    private void checkCommand() {
        if (command.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "there is no COMMAND; add it after KEYRING and --");
        }
        String locale = System.getProperty("sun.jnu.encoding", "UTF-8");
        for (String word : command) {
            if (!Charset.forName(locale).newEncoder().canEncode(word)) {
                throw new ParameterException(
                        spec.commandLine(),
                        "run '"
                                + word
                                + "': the locale's encoding, "
                                + locale
                                + ", does not have all of its characters; set LC_ALL=C.UTF-8");
            }
        }
    }

    /** Cuts off the words after the first "--", which picocli would take for keyrings. */
    static final class CommandCutter implements CommandLine.IParameterPreprocessor {
        @Override
        @SuppressWarnings("JdkObsolete") // the type is picocli's
        public boolean preprocess(
                Stack<String> words, CommandSpec spec, ArgSpec any, Map<String, Object> info) {
            int delimiter = words.lastIndexOf(DELIMITER); // the next word is the last element
            if (delimiter >= 0) {
                List<String> command = new ArrayList<>(words.subList(0, delimiter));
                Collections.reverse(command);
                ((ExecCommand) spec.userObject()).command = command;
                words.subList(0, delimiter + 1).clear();
            }
            return false;
        }
    }
}
