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
package io.watchqueue.examples.webflux;

import org.junit.jupiter.api.Tag;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The page, with the application on a real kernel, where keyctl(1) changes the keys. The browser
 * runs on this machine's own kernel; another one is booted for the application if necessary.
 */
@Tag("proof")
class PageKernelTests extends PageScenarios {

    @Override
    ServedApplication serve(String... properties) throws IOException {
        return new EmulatedApplication(Path.of(System.getProperty("page.jar")), properties);
    }
}
