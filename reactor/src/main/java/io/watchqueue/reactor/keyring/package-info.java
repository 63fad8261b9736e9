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
/**
 * Keyrings followed with all keys in them.
 *
 * <p>The floor plan, in the order in which a notification passes through it:
 *
 * <ul>
 *   <li>{@link io.watchqueue.reactor.keyring.KeyringFlux} is what users subscribe to. It joins the
 *       notifications of one queue and the looks of a {@code LookTimer} on one worker.
 *   <li>{@link io.watchqueue.reactor.keyring.SharedKeyringFlux} shares it between subscribers, each
 *       of which begins with a snapshot, by {@code SnapshotRequests}.
 *   <li>{@code KeyringFollower} applies them, one after the other: it looks at keys, and makes
 *       events of what has changed.
 *   <li>{@code KeyWatches} has the follower's watches, and their tags.
 *   <li>{@code KeyTable} has the keys and links, for the follower and for the {@link
 *       io.watchqueue.reactor.keyring.KeyringStore} that users read.
 *   <li>{@link io.watchqueue.reactor.keyring.KeyringEvent} and {@link
 *       io.watchqueue.reactor.keyring.FollowedKey} are the values that users get.
 * </ul>
 *
 * <p><b>Threads:</b> the subscribing thread finds the keyring. A worker of the scheduler does
 * everything else, except that the place of a watch may wait on another thread for a key under
 * construction. Any thread reads a store.
 *
 * <p><b>Ownership:</b> each subscription owns its queue, which owns the watches; it is disposed of
 * when the subscription ends in any way.
 */
@NullMarked
package io.watchqueue.reactor.keyring;

import org.jspecify.annotations.NullMarked;
