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

import reactor.util.Logger;
import reactor.util.Loggers;

/** A log that fails whenever this library uses it, until it is closed. */
public final class FailingLog implements AutoCloseable {

    private FailingLog() {}

    public static FailingLog install() {
        Logger other = Loggers.getLogger("other");
        Loggers.useCustomLoggers(
                name -> {
                    if (name.startsWith("io.watchqueue")) {
                        throw new IllegalStateException("no log");
                    }
                    return other;
                });
        return new FailingLog();
    }

    @Override
    public void close() {
        Loggers.resetLoggerFactory();
    }
}
