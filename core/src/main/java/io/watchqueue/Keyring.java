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
package io.watchqueue;

/**
 * The special keyrings of keyrings(7). Which keyring one of them means depends on the thread that
 * asks; this library asks the kernel once, on the thread that makes the call, and uses the serial
 * from then on.
 *
 * <p><b>Virtual threads:</b> the kernel does not know them, and keeps keyrings for their carriers.
 * {@link #THREAD} is the carrier's keyring: other virtual threads find the keys in it, and the
 * virtual thread that added one may not find it later. {@link #PROCESS} and {@link #SESSION} are
 * the carrier's too: if the kernel creates one for it, other carriers do not have it. The same is
 * true of the keyring in which {@link Keyctl#request} puts a key by default. Resolve these on a
 * platform thread, by {@link Keyctl#resolve}, and pass the serial on. {@link #USER} and {@link
 * #USER_SESSION} are the same on all threads. {@link Keyctl#joinSession()} refuses virtual threads.
 */
public final class Keyring {

    /**
     * {@code @t}, the thread's own keyring; created when it is asked for. Not for virtual threads,
     * see above.
     */
    public static final KeyId THREAD = KeyId.of(-1);

    /**
     * {@code @p}, the process's keyring; created when it is asked for, for the calling thread and
     * those that it makes from then on. Not to be created on virtual threads, see above.
     */
    public static final KeyId PROCESS = KeyId.of(-2);

    /**
     * {@code @s}, the session keyring. A process without one of its own falls back on its user's
     * session keyring; watching it then makes the kernel create and join a new, anonymous session
     * for the calling thread.
     */
    public static final KeyId SESSION = KeyId.of(-3);

    /** {@code @u}, the keyring of the user, shared by all of the user's processes. */
    public static final KeyId USER = KeyId.of(-4);

    /** {@code @us}, the session keyring that processes of the user have unless they joined one. */
    public static final KeyId USER_SESSION = KeyId.of(-5);

    private Keyring() {}
}
