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

import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.LongStream;

/** The program that creates, changes and at its end removes a key. */
final class Writer implements AutoCloseable {

    private final Child child = Child.twin("write");
    private final String key = child.line();

    String key() {
        return key;
    }

    /**
     * Updates the key this many times, as fast as possible. Returns the line that {@code reader}
     * prints for the flood.
     */
    String flood(int changes, Child reader, LongConsumer nanos) {
        child.send("flood " + changes);
        nanos.accept(Long.parseLong(child.line().substring("nanos=".length())));
        String result = reader.line();
        child.send("stop");
        return result;
    }

    /** Updates the key this many times, at intervals. Returns the start of each update. */
    List<Long> pace(int changes, int micros) {
        child.send("pace " + changes + " " + micros);
        return LongStream.range(0, changes).mapToObj(i -> Long.valueOf(child.line())).toList();
    }

    @Override
    public void close() {
        child.close();
    }
}
