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
package io.watchqueue.test;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Describes everything that is still open on a kernel, with the way to close it. */
final class Leftovers {

    private Leftovers() {}

    /**
     * Returns a line for each thing that is open, the oldest first. Under the simulation's lock.
     */
    static List<String> of(Simulation simulation) {
        Set<Pipe> pipes = new LinkedHashSet<>();
        int readers = 0;
        for (Descriptors.File file : simulation.descriptors.files()) {
            if (file instanceof Descriptors.PipeEnd end) {
                pipes.add(end.pipe());
            } else if (file instanceof Descriptors.Epoll) {
                readers++;
            }
        }
        List<String> lines = new ArrayList<>();
        for (Pipe pipe : pipes) {
            lines.add(
                    pipe instanceof NotificationPipe queue
                            ? describe(queue, simulation.pipes.indexOf(queue))
                            : "the pipe of a warm-up: close the WatchQueueWarmUp");
        }
        if (readers > 0) {
            lines.add(
                    readers
                            + (readers == 1 ? " epoll instance" : " epoll instances")
                            + ": close each WatchQueueSelector; a NotificationReader's ends after"
                            + " its last queue");
        }
        if (lines.isEmpty() && !simulation.descriptors.numbers().isEmpty()) {
            lines.add("descriptors " + simulation.descriptors.numbers());
        }
        return lines;
    }

    private static String describe(NotificationPipe queue, int index) {
        String watches =
                queue.watchList().stream()
                        .map(watch -> "key " + watch.key().serial + " with tag " + watch.tag())
                        .collect(Collectors.joining(", "));
        return "queues()["
                + index
                + "], which watches "
                + (watches.isEmpty() ? "nothing" : watches)
                + ": cancel its subscription, dispose() the stream, or close the WatchQueue";
    }
}
