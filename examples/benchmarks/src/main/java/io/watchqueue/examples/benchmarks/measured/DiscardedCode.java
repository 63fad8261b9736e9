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
package io.watchqueue.examples.benchmarks.measured;

import io.watchqueue.KeyId;

import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Finds the compiled code of the library that HotSpot discards while a reader reads its first
 * floods, because something happened there for the first time. The warm-up lacks that. Prints the
 * number of places, and a line for each.
 */
final class DiscardedCode {

    private static final String READER = "watchqueue-reader";
    private static final String SUBSCRIBER = "onNext";

    private DiscardedCode() {}

    static void run(KeyId key, int capacity, int prefetch) throws IOException {
        Path file = Files.createTempFile("discarded-code", ".jfr");
        try (Recording recording = new Recording()) {
            recording.enable("jdk.Deoptimization").withStackTrace();
            recording.start();
            new FloodReader(0).run(key, capacity, prefetch);
            recording.stop();
            recording.dump(file);
            List<String> places =
                    RecordingFile.readAllEvents(file).stream()
                            .filter(DiscardedCode::isOfLibrary)
                            .map(DiscardedCode::place)
                            .toList();
            System.out.println("places " + places.size());
            places.forEach(System.out::println);
        } finally {
            Files.delete(file);
        }
    }

    private static String place(RecordedEvent event) {
        RecordedFrame innermost = event.getStackTrace().getFrames().get(0);
        return innermost.getMethod().getName() + ":" + innermost.getLineNumber();
    }

    /** The code of the subscriber does not count. */
    private static boolean isOfLibrary(RecordedEvent event) {
        return READER.equals(event.getThread().getJavaName())
                && event.getStackTrace().getFrames().stream()
                        .noneMatch(frame -> frame.getMethod().getName().equals(SUBSCRIBER));
    }
}
