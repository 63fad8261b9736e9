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

import io.watchqueue.reactor.internal.Log;

/** Exceptions of subscribers and recorders that this library can only report. */
final class Uncaught {

    private static final Log LOG = Log.of(Uncaught.class);

    private Uncaught() {}

    /** Runs user code, and only reports its exceptions. */
    static void run(Runnable foreign) {
        try {
            foreign.run();
        } catch (Throwable e) {
            report(e);
        }
    }

    /**
     * Hands it to the uncaught exception handler that the application has set, as if this thread
     * had died of it. Without such a handler it is logged, because the JVM's own way would be
     * standard error.
     */
    static void report(Throwable thrown) {
        Thread thread = Thread.currentThread();
        try {
            if (hasHandler(thread)) {
                thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
            } else {
                LOG.warn("A subscriber or a recorder threw; other streams go on", thrown);
            }
        } catch (Throwable ignored) {
            // Neither a handler nor a log that fails is this stream's matter.
        }
    }

    /** Whether the application has set a handler for this thread, its group or all threads. */
    static boolean hasHandler(Thread thread) {
        Thread.UncaughtExceptionHandler handler = thread.getUncaughtExceptionHandler();
        return Thread.getDefaultUncaughtExceptionHandler() != null
                || handler != thread.getThreadGroup()
                || handler.getClass() != ThreadGroup.class;
    }
}
