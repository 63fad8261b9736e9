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
package io.watchqueue.reactor.soak;

import io.watchqueue.KeyId;
import io.watchqueue.TestWatches;
import io.watchqueue.internal.TestProcess;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The resources of a program that are to be as before when all queues have ended. */
record Leftovers(
        long heapBytes, long nativeBytes, long descriptors, Set<String> threads, long watchesLeft) {

    /**
     * The memory that the JVM itself comes to hold. A queue that is kept holds 1 to 9 KiB besides.
     */
    private static final long JVM_BYTES = 4 << 20;

    /** The readers' threads, and those that a test has in the background. */
    private static final Pattern OURS = Pattern.compile("watchqueue-reader|soak-.*|Thread-.*");

    /** Of the JVM, which keeps it for a minute after a process has ended. */
    private static final String REAPER = "process reaper";

    /** Looks, when all our threads have ended. */
    static Leftovers now(List<KeyId> watchable) throws Exception {
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (OURS.matcher(thread.getName()).matches()) {
                thread.join(60_000);
            }
        }
        // Memory that one collection finds may be freed by a thread, and only the next one finds
        // what that thread held.
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return new Leftovers(
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
                        .filter(pool -> pool.getName().equals("direct"))
                        .mapToLong(BufferPoolMXBean::getMemoryUsed)
                        .sum(),
                TestProcess.descriptors(),
                Thread.getAllStackTraces().keySet().stream()
                        .map(Thread::getName)
                        .filter(name -> !name.equals(REAPER))
                        .collect(Collectors.toCollection(TreeSet::new)),
                TestWatches.thatFit(watchable));
    }

    /** Whether there is nothing here that was not there before, but for some of the JVM's own. */
    boolean isNoMoreThan(Leftovers before) {
        return heapBytes < before.heapBytes + JVM_BYTES
                && nativeBytes <= before.nativeBytes
                && descriptors <= before.descriptors
                && before.threads.containsAll(threads)
                && watchesLeft == before.watchesLeft;
    }
}
