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
package io.watchqueue.reactor.internal;

import reactor.util.Logger;
import reactor.util.Loggers;

import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The log of a package, named after it. A log that fails must not keep this library from its work.
 */
public final class Log {

    private final String name;

    private Log(String name) {
        this.name = name;
    }

    /** Returns the log of the package of a class. */
    public static Log of(Class<?> type) {
        return new Log(type.getPackageName());
    }

    /** The message is made only if it is logged. */
    public void debug(Supplier<String> message) {
        log(
                logger -> {
                    if (logger.isDebugEnabled()) {
                        logger.debug(message.get());
                    }
                });
    }

    public void debug(String message, Throwable thrown) {
        log(logger -> logger.debug(message, thrown));
    }

    public void warn(String message) {
        log(logger -> logger.warn(message));
    }

    public void warn(String message, Throwable thrown) {
        log(logger -> logger.warn(message, thrown));
    }

    /**
     * The logger is looked up for each message, of which there are few, so that logging may be set
     * up later.
     */
    private void log(Consumer<Logger> message) {
        try {
            message.accept(Loggers.getLogger(name));
        } catch (Throwable ignored) {
            // A queue is closed, a key is followed and a secret is replaced all the same.
        }
    }
}
