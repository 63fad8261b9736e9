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

/** What a recorder throws is no reason to end the stream: it is reported, and forgotten. */
final class GuardedRecorder implements NotificationRecorder {

    private final NotificationRecorder recorder;

    private GuardedRecorder(NotificationRecorder recorder) {
        this.recorder = recorder;
    }

    static NotificationRecorder of(NotificationRecorder recorder) {
        return recorder == NONE ? NONE : new GuardedRecorder(recorder);
    }

    @Override
    public void opened(Gauges queue) {
        try {
            recorder.opened(queue);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }

    @Override
    public void closed(Gauges queue) {
        try {
            recorder.closed(queue);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }

    @Override
    public void wokenUp(Gauges queue) {
        try {
            recorder.wokenUp(queue);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }

    @Override
    public void read(Gauges queue, long reads) {
        try {
            recorder.read(queue, reads);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }

    @Override
    public void received(Gauges queue, int notifications) {
        try {
            recorder.received(queue, notifications);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }

    @Override
    public void lost(Gauges queue, LossNotification loss) {
        try {
            recorder.lost(queue, loss);
        } catch (Throwable e) {
            Uncaught.report(e);
        }
    }
}
