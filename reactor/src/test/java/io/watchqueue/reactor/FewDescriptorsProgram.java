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
package io.watchqueue.reactor;

import io.watchqueue.ResourceLimitException;
import io.watchqueue.test.SimulatedKernel;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Warms up with only a few descriptors left, because files of its own use all others. For each
 * number of descriptors it prints the outcome, and how many bytes were written to these files.
 */
final class FewDescriptorsProgram {

    /** The number of descriptors that is enough. */
    static final int ENOUGH = 8;

    private FewDescriptorsProgram() {}

    public static void main(String[] arguments) throws IOException {
        Path folder = Path.of(arguments[0]);
        // Loads classes, which takes descriptors as well: also those of each error.
        System.out.println(warmUp() + ", " + bytes(folder) + " bytes");
        for (int left = 0; left < ENOUGH; left++) {
            try (SimulatedKernel kernel = SimulatedKernel.builder().openFiles(left).install()) {
                warmUp();
            }
        }
        for (int left = 0; left <= ENOUGH; left++) {
            Deque<OutputStream> files = useUp(folder);
            for (int i = 0; i < left; i++) {
                files.pop().close();
            }
            String outcome = warmUp();
            for (OutputStream file : files) {
                file.close();
            }
            System.out.println(outcome + ", " + bytes(folder) + " bytes");
        }
    }

    private static String warmUp() {
        try {
            WarmUp.again(2, Duration.ofSeconds(30)).block();
            return "done";
        } catch (ResourceLimitException e) {
            return e.limit();
        }
    }

    private static Deque<OutputStream> useUp(Path folder) {
        Deque<OutputStream> files = new ArrayDeque<>();
        while (true) {
            try {
                files.push(new FileOutputStream(folder.resolve("file" + files.size()).toFile()));
            } catch (IOException e) {
                return files;
            }
        }
    }

    private static long bytes(Path folder) throws IOException {
        long sum = 0;
        for (String name : folder.toFile().list()) {
            sum += Files.size(folder.resolve(name));
        }
        return sum;
    }
}
