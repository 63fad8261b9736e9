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

import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.NotificationRecorder;

import reactor.core.scheduler.Scheduler;

import java.time.Duration;

/**
 * The settings of a builder.
 *
 * @param reader reads the queues
 * @param recorder observes the queues
 * @param scheduler opens queues and looks at keys; its threads may block
 * @param firstPause before a queue is opened again
 * @param longestPause before a queue is opened again
 */
record SecretSettings(
        NotificationReader reader,
        NotificationRecorder recorder,
        Scheduler scheduler,
        Duration firstPause,
        Duration longestPause) {}
