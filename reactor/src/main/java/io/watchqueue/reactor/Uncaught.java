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

/** What subscribers and recorders throw that is for nobody here. */
final class Uncaught {

    private Uncaught() {}

    /** Runs foreign code, which harms nobody but itself. */
    static void run(Runnable foreign) {
        try {
            foreign.run();
        } catch (Throwable e) {
            report(e);
        }
    }

    /** Hands it over as if this thread had died of it, which it does not. */
    static void report(Throwable thrown) {
        Thread thread = Thread.currentThread();
        try {
            thread.getUncaughtExceptionHandler().uncaughtException(thread, thrown);
        } catch (Throwable ignored) {
            // As by the JVM, for which there is no one left to tell either.
        }
    }
}
