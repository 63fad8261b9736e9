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
package io.watchqueue.test;

import org.jspecify.annotations.Nullable;

import java.util.Objects;
import java.util.stream.Stream;

/** The user and the keyrings of a thread: {@code struct cred}. Immutable; a change replaces it. */
record Credentials(
        int uid,
        int gid,
        @Nullable SimulatedKey thread,
        @Nullable SimulatedKey process,
        @Nullable SimulatedKey session) {

    static final int ROOT = 0;

    boolean isPrivileged() {
        return uid == ROOT;
    }

    Credentials withThread(@Nullable SimulatedKey keyring) {
        return new Credentials(uid, gid, keyring, process, session);
    }

    Credentials withProcess(SimulatedKey keyring) {
        return new Credentials(uid, gid, thread, keyring, session);
    }

    Credentials withSession(SimulatedKey keyring) {
        return new Credentials(uid, gid, thread, process, keyring);
    }

    Stream<SimulatedKey> keyrings() {
        return Stream.of(thread, process, session).filter(Objects::nonNull);
    }
}
