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

import static io.watchqueue.reactor.FakeStreams.awaitCount;
import static io.watchqueue.reactor.FakeStreams.eventually;
import static io.watchqueue.reactor.FakeStreams.subscribe;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.Notification;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import reactor.test.subscriber.TestSubscriber;
import reactor.test.util.LoggerUtils;
import reactor.test.util.TestLogger;
import reactor.util.Loggers;

/**
 * The log reports which queues are open and how they ended, and warns of user code's exceptions
 * once.
 */
class LogTests {

    private final TestLogger log = new TestLogger();
    private final FakeStreams streams = new FakeStreams();
    private final Thread.UncaughtExceptionHandler before =
            Thread.getDefaultUncaughtExceptionHandler();

    @BeforeEach
    void log() {
        Thread.setDefaultUncaughtExceptionHandler(null);
        LoggerUtils.useCurrentLoggersWithCapture();
        LoggerUtils.enableCaptureWith(log);
    }

    @AfterEach
    void restore() {
        LoggerUtils.disableCapture();
        Loggers.resetLoggerFactory();
        Thread.setDefaultUncaughtExceptionHandler(before);
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    @Test
    void logsThatAQueueWasOpenedAndHowItEnded() {
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), Long.MAX_VALUE);
        subscriber.cancel();
        eventually(() -> log.getOutContent().contains("cancelled"));
        assertThat(log.getOutContent()).contains("opened WatchQueue[", "watching [", "closing ");
    }

    @Test
    void warnsOnceOfARecorderThatAlwaysThrows() {
        streams.recorder(
                new NotificationRecorder() {
                    @Override
                    public void recordReceived(QueueGauges queue, int notifications) {
                        throw new IllegalStateException("of the recorder");
                    }
                });
        TestSubscriber<Notification> subscriber = subscribe(streams.flux(), Long.MAX_VALUE);
        for (int i = 1; i <= 3; i++) {
            streams.post(i, i);
            awaitCount(subscriber, i);
        }
        subscriber.cancel();
        eventually(() -> log.getOutContent().contains("cancelled"));
        assertThat(log.getErrContent().split("A subscriber or a recorder threw", -1)).hasSize(2);
        assertThat(log.getErrContent()).contains("of the recorder");
    }

    @Test
    void aLogThatFailsLeavesNothingOpen() {
        try (FailingLog ignored = FailingLog.install()) {
            TestSubscriber<Notification> subscriber = subscribe(streams.flux(), Long.MAX_VALUE);
            streams.post(1, 1);
            awaitCount(subscriber, 1);
            subscriber.cancel();
            streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
        }
    }
}
