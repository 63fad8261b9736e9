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

import com.sun.management.ThreadMXBean;

import java.lang.management.ManagementFactory;

/** The JVM's counters of a thread. */
final class ThreadTimes {

    private static final class Bean {
        static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    }

    private ThreadTimes() {}

    /** The processor time of the calling thread. */
    static long cpuNanos() {
        return Bean.THREADS.getCurrentThreadCpuTime();
    }

    /** The processor time of a thread. */
    static long cpuNanos(Thread thread) {
        return Bean.THREADS.getThreadCpuTime(thread.getId());
    }

    /** The bytes that the calling thread has allocated. */
    static long allocatedBytes() {
        return Bean.THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
    }
}
