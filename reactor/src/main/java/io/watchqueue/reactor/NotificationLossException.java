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

import java.io.Serial;

/** Notifications were lost, and {@link NotificationOperators#failOnLoss()} ended the stream. */
public final class NotificationLossException extends RuntimeException {

    @Serial private static final long serialVersionUID = 1;

    private final transient LossNotification loss;

    NotificationLossException(LossNotification loss) {
        super(
                "notifications were lost ("
                        + loss
                        + "): subscribe again, and read again everything that is derived from them");
        this.loss = loss;
    }

    /**
     * Returns the loss that stood in the stream.
     *
     * @return the loss
     */
    public LossNotification loss() {
        return loss;
    }
}
