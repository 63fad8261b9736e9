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
package io.watchqueue.examples;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Comments and documents follow "How we write" in CONTRIBUTING.md, as far as a pattern can see. */
class ProseTests {

    private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
    private static final Pattern WRITTEN =
            Pattern.compile(".*(\\.(java|md|xml|js|css|html|yaml|c|h|txt)|/run|core/kernel/\\w+)");
    private static final Pattern GENERATED = Pattern.compile(".*/(target|\\.git|fuzz/\\w+)/.*");
    private static final Pattern CLAUSE_FIRST =
            Pattern.compile("(/\\*\\*|^ *\\*|//|<!--|^#|^-|[.:;]) (What|Who|Whoever|Whose)\\b");
    private static final Pattern CLAUSE_FIRST_IN_LINE =
            Pattern.compile("^ *(What|Who|Whoever|Whose)\\b");
    private static final Pattern SENTENCE_ENDS = Pattern.compile("(^|[.:;]) *$");

    @Test
    void sentencesBeginWithANoun() throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(ROOT)) {
            for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
                String name = "/" + ROOT.relativize(file);
                if (WRITTEN.matcher(name).matches() && !GENERATED.matcher(name).matches()) {
                    List<String> lines = Files.readAllLines(file);
                    for (int i = 0; i < lines.size(); i++) {
                        if (hasClauseFirst(i == 0 ? "" : lines.get(i - 1), lines.get(i))) {
                            found.add(name + ":" + (i + 1) + ": " + lines.get(i).strip());
                        }
                    }
                }
            }
        }
        assertThat(found).isEmpty();
    }

    private static boolean hasClauseFirst(String before, String line) {
        return CLAUSE_FIRST.matcher(line).find()
                || CLAUSE_FIRST_IN_LINE.matcher(line).find()
                        && SENTENCE_ENDS.matcher(before).find();
    }
}
