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
 * A secret that others rotate: the payload of a key, held by this process, and always the current
 * one.
 *
 * <ul>
 *   <li><b>For users</b>: {@link io.watchqueue.reactor.secret.RotatingSecret} follows the key, and
 *       passes its {@link io.watchqueue.reactor.secret.Secret} to functions. A {@link
 *       io.watchqueue.reactor.secret.Rotation} reports that it has changed, and a {@link
 *       io.watchqueue.reactor.secret.SecretUnavailableException} why there is none.
 *   <li><b>The secret</b>: {@code HeldSecret} owns the payload, and wipes it. {@code Rotations} is
 *       the hot stream of its states.
 *   <li><b>The key</b>: {@code FollowedKey} owns a queue with two watches, on the keyring and on
 *       the key in it, and looks at the key. {@code SecretKeyring} finds the keyring, and refuses
 *       another user's.
 * </ul>
 *
 * <p><b>Threads:</b> the thread that follows finds the keyring once, so that errors come from
 * there. Queues are opened and keys are looked at on a scheduler whose threads may block, one look
 * at a time. {@code rotations()} signals on that scheduler too. Functions get the secret on the
 * thread that subscribes to {@code current(..)}, or on the scheduler if another look is necessary.
 * The reader's thread only passes notifications on.
 *
 * <p>This package uses nothing but the public API of {@code io.watchqueue} and {@code
 * io.watchqueue.reactor}. Its log is {@code io.watchqueue.reactor.secret}, which has each rotation
 * at debug level, and no secret.
 */
@NullMarked
package io.watchqueue.reactor.secret;

import org.jspecify.annotations.NullMarked;
