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

import io.watchqueue.KeyId;

import java.io.IOException;

/** Subscribes to a key, prints that, and ends with its input, without cancelling anything. */
final class SubscribedProgram {

    /** The number of its watches. */
    static final int WATCHES = 2;

    private SubscribedProgram() {}

    public static void main(String[] arguments) throws IOException {
        KeyId key = KeyId.of(Integer.parseInt(arguments[0]));
        NotificationFlux.builder().watch(key).build().subscribe(System.out::println);
        NotificationFlux.builder()
                .watch(key)
                .reader(NotificationReader.create("a reader of its own"))
                .build()
                .subscribe();
        System.out.println("subscribed");
        while (System.in.read() >= 0) {
            // until the other side closes it
        }
    }
}
