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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** The fuzz targets with their seeds, which include every input that they ever found. */
class NotificationFuzzTests {

    private static final Path SEEDS = Path.of("src/test/fuzz");

    @TestFactory
    Stream<DynamicTest> decoder() throws IOException {
        return seeds(SEEDS.resolve("decoder"), DecoderFuzz::fuzzerTestOneInput);
    }

    @TestFactory
    Stream<DynamicTest> filter() throws IOException {
        return seeds(SEEDS.resolve("filter"), FilterFuzz::fuzzerTestOneInput);
    }

    @TestFactory
    Stream<DynamicTest> text() throws IOException {
        return seeds(SEEDS.resolve("text"), TextFuzz::fuzzerTestOneInput);
    }

    /** A test for each seed of a folder. */
    static Stream<DynamicTest> seeds(Path folder, Consumer<byte[]> target) throws IOException {
        List<Path> seeds;
        try (Stream<Path> files = Files.list(folder)) {
            seeds = files.sorted().toList();
        }
        assertThat(seeds).isNotEmpty();
        return seeds.stream()
                .map(
                        seed ->
                                DynamicTest.dynamicTest(
                                        seed.getFileName().toString(),
                                        () -> target.accept(Files.readAllBytes(seed))));
    }
}
