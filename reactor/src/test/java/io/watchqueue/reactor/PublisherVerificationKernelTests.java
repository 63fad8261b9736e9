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
import io.watchqueue.Notification;
import io.watchqueue.WatchQueue;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

import reactor.core.publisher.Flux;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/** The TCK on the real kernel. */
@Timeout(300)
class PublisherVerificationKernelTests {

    private static final TestKeys TEST = new TestKeys();
    private static final AtomicInteger NUMBER = new AtomicInteger();

    @AfterAll
    static void removeKeys() {
        TEST.close();
    }

    @TestFactory
    Stream<DynamicTest> notificationFlux() {
        return PublisherTck.verify(
                PublisherTck.Subscribers.EACH_ITS_OWN, PublisherVerificationKernelTests::flux);
    }

    private static Flux<Notification> flux(long elements) {
        NotificationFlux flux =
                new NotificationFlux(
                        () -> open(elements),
                        new NotificationSettings(
                                NotificationReader.shared(), 0, true, NotificationRecorder.NONE));
        if (elements == 0) {
            flux.dispose();
        }
        return flux;
    }

    /**
     * A queue that delivers that many notifications, the last of which is the removal of its key.
     */
    private static WatchQueue open(long elements) {
        KeyId key =
                elements < 0
                        ? KeyId.of(Integer.MAX_VALUE)
                        : TEST.add("element " + NUMBER.incrementAndGet());
        WatchQueue queue = WatchQueue.builder().watch(key, 0).open();
        TEST.post(key, (int) Math.min(elements - 1, WatchQueue.MAX_CAPACITY - 1));
        if (elements <= WatchQueue.MAX_CAPACITY) {
            TEST.keys.unlink(key, TEST.keyring);
        }
        return queue;
    }
}
