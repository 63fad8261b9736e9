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
import io.watchqueue.KeyNotification;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.Keyctl;
import io.watchqueue.Notification;
import io.watchqueue.RemovalNotification;

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Lists a keyring when a notification is a reason to. The members are always the kernel's list. To
 * apply notifications to a list of our own would miss changes that they do not report.
 */
final class KeyringView {

    private final int serial;
    private final Supplier<List<KeyId>> list;

    KeyringView(int serial, Supplier<List<KeyId>> list) {
        this.serial = serial;
        this.list = list;
    }

    static KeyringView of(KeyId keyring, Keyctl keys) {
        KeyId resolved = keys.serial(keyring);
        return new KeyringView(resolved.value(), () -> keys.list(resolved));
    }

    /** The members, or the reason why there are no longer any. */
    private record Look(Set<KeyId> members, @Nullable KeyUnavailableException gone) {}

    Flux<Set<KeyId>> follow(Flux<Notification> source) {
        return source.transform(NotificationOperators.resyncOnLoss(Mono.fromSupplier(this::look)))
                .<Look>handle(
                        (resynced, sink) -> {
                            if (resynced instanceof Resynced.Snapshot<Look> snapshot) {
                                Look look = snapshot.state();
                                if (snapshot.loss() == null && look.gone() != null) {
                                    sink.error(look.gone());
                                } else {
                                    sink.next(look);
                                }
                            } else if (resynced instanceof Resynced.Change<Look> change
                                    && concerns(change.notification())) {
                                sink.next(look());
                            }
                        })
                .takeUntil(look -> look.gone() != null)
                .map(Look::members)
                .distinctUntilChanged();
    }

    private Look look() {
        try {
            return new Look(Set.copyOf(list.get()), null);
        } catch (KeyUnavailableException e) {
            return new Look(Set.of(), e);
        }
    }

    private boolean concerns(Notification notification) {
        return notification instanceof RemovalNotification
                || notification instanceof KeyNotification change && change.serial() == serial;
    }
}
