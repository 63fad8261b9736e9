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

import org.jspecify.annotations.Nullable;

import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The figures of one benchmark. Prints a line for each, and writes a JSON file at the end. */
final class Report {

    private static final String ROW = "%-46s %-6s %10s %10s   %-26s %-9s %s%n";

    private final String benchmark;
    private final PrintStream out;
    private final List<Figure> figures = new ArrayList<>();
    private int repeated;

    Report(String benchmark, PrintStream out) {
        this.benchmark = benchmark;
        this.out = out;
        out.printf(
                Locale.ROOT,
                ROW,
                benchmark,
                "unit",
                "C",
                "here",
                "ratio: median (min-max)",
                "goal",
                "");
    }

    void add(Figure figure) {
        figures.add(figure);
        Boolean met = figure.met();
        out.printf(
                Locale.ROOT,
                ROW,
                "  " + figure.what(),
                figure.unit(),
                figure.other() == null ? "" : number(figure.other().median()),
                number(figure.measured().median()),
                figure.ratio() == null ? range(figure.measured()) : ratio(figure.ratio()),
                figure.goal() == null ? "" : figure.goal(),
                met == null ? "" : met ? "met" : "not met");
    }

    /** Prints how many runs or pairs were repeated. */
    void repeated(int runs) {
        repeated += runs;
        if (runs > 0) {
            out.printf("  %d runs were repeated, because a process died%n", runs);
        }
    }

    private static String ratio(Spread ratio) {
        return String.format(
                Locale.ROOT, "%.3f (%.3f-%.3f)", ratio.median(), ratio.min(), ratio.max());
    }

    private static String range(Spread spread) {
        return "- (" + number(spread.min()) + "-" + number(spread.max()) + ")";
    }

    private static String number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e9
                ? String.format(Locale.ROOT, "%.0f", value)
                : String.format(Locale.ROOT, "%.4g", value);
    }

    void write(Path folder, Settings settings) throws Exception {
        Files.createDirectories(folder);
        Path file = folder.resolve(benchmark + ".json");
        try (JsonGenerator json =
                new JsonFactory()
                        .createGenerator(ObjectWriteContext.empty(), Files.newOutputStream(file))) {
            json.writeStartObject();
            json.writeStringProperty("benchmark", benchmark);
            json.writeStringProperty("kernel", System.getProperty("os.version"));
            json.writeStringProperty("java", System.getProperty("java.runtime.version"));
            json.writeNumberProperty("pairs", settings.pairs());
            json.writeNumberProperty("scale", settings.scale());
            json.writeNumberProperty("repeated", repeated);
            json.writeArrayPropertyStart("figures");
            for (Figure figure : figures) {
                write(json, figure);
            }
            json.writeEndArray();
            json.writeEndObject();
        }
        out.println("  " + file);
    }

    private static void write(JsonGenerator json, Figure figure) {
        json.writeStartObject();
        json.writeStringProperty("what", figure.what());
        json.writeStringProperty("unit", figure.unit());
        write(json, "c", figure.other());
        write(json, "here", figure.measured());
        write(json, "ratio", figure.ratio());
        Goal goal = figure.goal();
        if (goal != null) {
            json.writeNumberProperty(goal.atLeast() ? "atLeast" : "atMost", goal.bound());
            json.writeBooleanProperty("met", Boolean.TRUE.equals(figure.met()));
        }
        json.writeEndObject();
    }

    private static void write(JsonGenerator json, String name, @Nullable Spread spread) {
        if (spread == null) {
            return;
        }
        json.writeObjectPropertyStart(name);
        json.writeNumberProperty("min", spread.min());
        json.writeNumberProperty("median", spread.median());
        json.writeNumberProperty("max", spread.max());
        json.writeEndObject();
    }
}
