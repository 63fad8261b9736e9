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
 * An element of {@link NotificationOperators#resyncOnLoss}: a snapshot, or a change since the last
 * one.
 *
 * @param <S> the type of a snapshot's state
 */
public sealed interface Resynced<S> {

    /**
     * The whole state, which replaces everything known before.
     *
     * @param <S> the type of its state
     * @param state the value of the snapshot publisher
     * @param loss the loss that made it necessary; null for the first
     */
    record Snapshot<S>(S state, @Nullable LossNotification loss) implements Resynced<S> {}

    /**
     * A change since the last snapshot was requested. The snapshot may contain it already, if it
     * happened while the snapshot was being taken.
     *
     * @param <S> the type of a snapshot's state
     * @param notification anything but a loss
     */
    record Change<S>(Notification notification) implements Resynced<S> {}
}
