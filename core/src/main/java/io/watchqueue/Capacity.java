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

/**
 * The capacity of a queue: how many notifications a kernel keeps, and how to ask it for that many.
 */
final class Capacity {

    private static final int SLOT_SIZE = 128; // WATCH_QUEUE_NOTE_SIZE of kernel/watch_queue.c

    private Capacity() {}

    /**
     * Returns the number to pass to IOC_WATCH_QUEUE_SET_SIZE, at least {@code capacity}. It makes
     * whole pages, to which the kernel rounds up too. Before 5.17 the kernel did not, and its ring
     * broke with a number that is not a power of two ("watch_queue: Fix to always request a
     * pow-of-2 pipe ring size").
     *
     * @param release uname -r, such as {@code "6.1.0-28-amd64"}
     */
    static int slots(int capacity, int pageSize, String release) {
        int inPage = pageSize / SLOT_SIZE;
        int slots = Math.min(WatchQueue.MAX_CAPACITY, (capacity + inPage - 1) / inPage * inPage);
        return before517(release) ? powerOfTwo(slots) : slots;
    }

    /**
     * Returns how many notifications the kernel queues. F_GETPIPE_SZ alone does not say: until
     * CVE-2025-23138 was fixed (6.1.134, 6.15) kernels returned the size of the pipe's ring, which
     * may be larger.
     *
     * @param slots the number that was requested and granted
     * @param pipeSize F_GETPIPE_SZ, in bytes
     */
    static int effective(int slots, int pipeSize) {
        return Math.min(slots, pipeSize / SLOT_SIZE);
    }

    private static int powerOfTwo(int slots) {
        int highest = Integer.highestOneBit(slots);
        return highest == slots ? slots : 2 * highest;
    }

    /** Returns false for a release that cannot be parsed: no old kernel has one. */
    private static boolean before517(String release) {
        String[] parts = release.split("[^0-9]", 3);
        Integer major = KernelText.decimal(parts[0]);
        Integer minor = parts.length < 2 ? null : KernelText.decimal(parts[1]);
        return major != null && minor != null && (major < 5 || major == 5 && minor < 17);
    }
}
