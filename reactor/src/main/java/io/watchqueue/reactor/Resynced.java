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
import io.watchqueue.Notification;

import org.jspecify.annotations.Nullable;

/**
 * What {@link NotificationOperators#resyncOnLoss} gives: a state, what changed since, and after a
 * loss the next state.
 *
 * @param <S> what a snapshot holds
 */
public sealed interface Resynced<S> {

    /**
     * How things are: it takes the place of all that was known before.
     *
     * @param <S> what it holds
     * @param state what the snapshot publisher gave
     * @param loss the loss that made it necessary; null for the first
     */
    record Snapshot<S>(S state, @Nullable LossNotification loss) implements Resynced<S> {}

    /**
     * What happened since the last snapshot was asked for. It may be contained in that already,
     * since it may have happened while the snapshot was being taken.
     *
     * @param <S> what a snapshot holds
     * @param notification anything but a loss
     */
    record Change<S>(Notification notification) implements Resynced<S> {}
}
