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
package io.watchqueue.reactor.secret;

import reactor.util.Logger;
import reactor.util.Loggers;

import java.util.function.Supplier;

/** The log of this package, named after it. Debug: rotations. */
final class Log {

    private static final String NAME = "io.watchqueue.reactor.secret";

    private Log() {}

    /** The message is made only if it is logged. */
    static void debug(Supplier<String> message) {
        try {
            Logger logger = Loggers.getLogger(NAME);
            if (logger.isDebugEnabled()) {
                logger.debug(message.get());
            }
        } catch (Throwable ignored) {
            // A log that fails must not keep a secret from being replaced.
        }
    }
}
