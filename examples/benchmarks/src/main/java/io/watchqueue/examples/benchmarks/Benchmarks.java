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
package io.watchqueue.examples.benchmarks;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;

/** Measures this library beside C. docs/performance.md describes each benchmark. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description =
                "Measures this library side by side with the same work in C, and prints the ratios.")
public final class Benchmarks implements Callable<Integer> {

    private static final Map<String, Supplier<Benchmark>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("flood", Flood::new);
        ALL.put("prefetch", Prefetch::new);
        ALL.put("warmup", WarmUp::new);
        ALL.put("drain", Drain::ofQueue);
        ALL.put("latency", Latency::new);
        ALL.put("idle", Idle::new);
        ALL.put("scale", Scale::new);
        ALL.put("start", Start::new);
        ALL.put("pipe", Drain::ofPipe);
    }

    @Parameters(
            arity = "1..*",
            paramLabel = "NAME",
            description = "flood, prefetch, warmup, drain, latency, idle, scale, start, pipe")
    private List<String> names = List.of();

    @Option(
            names = "--pairs",
            defaultValue = "9",
            description = "how many pairs of runs; default ${DEFAULT-VALUE}")
    private int pairs;

    @Option(
            names = "--scale",
            defaultValue = "1",
            description =
                    "divide the length of each run by this; figures are meaningful only with 1, the default")
    private int scale;

    @Option(
            names = "--json",
            paramLabel = "FOLDER",
            defaultValue = ".",
            description = "the folder for the figures as JSON; default: the current one")
    private Path json = Path.of(".");

    private Benchmarks() {}

    /**
     * Runs the named benchmarks.
     *
     * @param arguments see --help
     */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Benchmarks()).execute(arguments));
    }

    @Override
    public Integer call() throws Exception {
        Map<String, Benchmark> chosen = new LinkedHashMap<>();
        for (String name : names) {
            Supplier<Benchmark> benchmark = ALL.get(name);
            if (benchmark == null) {
                System.err.println(
                        "bench: no benchmark is called '"
                                + name
                                + "'; name one of "
                                + ALL.keySet());
                return CommandLine.ExitCode.USAGE;
            }
            chosen.put(name, benchmark.get());
        }
        Settings settings = new Settings(pairs, scale);
        for (Map.Entry<String, Benchmark> benchmark : chosen.entrySet()) {
            Report report = new Report(benchmark.getKey(), System.out);
            benchmark.getValue().run(settings, report);
            report.write(json, settings);
        }
        return CommandLine.ExitCode.OK;
    }
}
