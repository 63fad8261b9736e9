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

import io.watchqueue.LossNotification;
import io.watchqueue.reactor.internal.Log;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Keeps exceptions of a recorder from the stream, and reports them. The six methods share no code,
 * because a lambda for it would be allocated in each turn.
 */
final class GuardedRecorder implements NotificationRecorder {

    private static final Log LOG = Log.of(GuardedRecorder.class);

    private final NotificationRecorder recorder;

    /** Whether an exception of this recorder is in the log. */
    private final AtomicBoolean logged = new AtomicBoolean();

    private GuardedRecorder(NotificationRecorder recorder) {
        this.recorder = recorder;
    }

    static NotificationRecorder of(NotificationRecorder recorder) {
        return recorder == NONE ? NONE : new GuardedRecorder(recorder);
    }

    @Override
    public void recordOpened(QueueGauges queue) {
        try {
            recorder.recordOpened(queue);
        } catch (Throwable e) {
            report(e);
        }
    }

    @Override
    public void recordClosed(QueueGauges queue) {
        try {
            recorder.recordClosed(queue);
        } catch (Throwable e) {
            report(e);
        }
    }

    @Override
    public void recordWakeup(QueueGauges queue) {
        try {
            recorder.recordWakeup(queue);
        } catch (Throwable e) {
            report(e);
        }
    }

    @Override
    public void recordReads(QueueGauges queue, long reads) {
        try {
            recorder.recordReads(queue, reads);
        } catch (Throwable e) {
            report(e);
        }
    }

    @Override
    public void recordReceived(QueueGauges queue, int notifications) {
        try {
            recorder.recordReceived(queue, notifications);
        } catch (Throwable e) {
            report(e);
        }
    }

    @Override
    public void recordLoss(QueueGauges queue, LossNotification loss) {
        try {
            recorder.recordLoss(queue, loss);
        } catch (Throwable e) {
            report(e);
        }
    }

    /** A recorder that always throws does not fill the log. */
    private void report(Throwable thrown) {
        if (Uncaught.hasHandler(Thread.currentThread()) || logged.compareAndSet(false, true)) {
            Uncaught.report(thrown);
        } else {
            LOG.debug("A recorder threw again", thrown);
        }
    }
}
