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
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.reactor.NotificationFlux;

import java.io.IOException;

/** Prints what it receives of a key, in a line each, until its input ends. */
final class PrintingProgram {

    static final String LOSS = "loss";

    private PrintingProgram() {}

    public static void main(String[] arguments) throws IOException {
        KeyId key = KeyId.of(Integer.parseInt(arguments[0]));
        NotificationFlux.builder()
                .capacity(Integer.parseInt(arguments[1]))
                .watch(key)
                .build()
                .subscribe(notification -> System.out.println(line(notification)));
        System.out.println("subscribed");
        while (System.in.read() >= 0) {
            // until the other side closes it
        }
    }

    private static String line(Notification notification) {
        if (notification instanceof KeyNotification change) {
            return change.event() + " " + change.aux();
        }
        return notification instanceof LossNotification ? LOSS : notification.toString();
    }
}
