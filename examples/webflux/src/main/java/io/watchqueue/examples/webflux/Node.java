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
package io.watchqueue.examples.webflux;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * A key as the browser gets it, and its members. Never its payload.
 *
 * @param serial the serial
 * @param type the key type; this and all up to the expiry are null if the key may not be viewed
 * @param description the description
 * @param uid the owner, 0 to 4294967295
 * @param gid the group, 0 to 4294967295
 * @param permissions the permissions mask, in hexadecimal
 * @param expiry "never", "expired", or the time left as /proc/keys has it; null if not known
 * @param complete whether all members are included: false if the keyring may not be read, or the
 *     tree has grown too large
 * @param members its members
 */
record Node(
        int serial,
        @Nullable String type,
        @Nullable String description,
        @Nullable Long uid,
        @Nullable Long gid,
        @Nullable String permissions,
        @Nullable String expiry,
        boolean complete,
        List<Node> members) {}
