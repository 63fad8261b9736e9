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
package io.watchqueue.internal;

import java.security.AccessController;
import java.security.PrivilegedAction;

/**
 * A daemon that keeps nothing of the thread that happens to need it first, whose application it may
 * outlive: no context class loader, no inheritable thread locals, no thread group, no priority. Up
 * to JDK 23 a thread also keeps the classes that were on the stack when it was made, and so their
 * class loaders: its inherited access control context. Therefore {@link #of} makes it.
 */
final class DetachedThread extends Thread {

    @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it
    private DetachedThread(Runnable action, String name) {
        super(outermostGroup(), action, name, 0, false);
        setContextClassLoader(DetachedThread.class.getClassLoader());
        setPriority(NORM_PRIORITY);
        setDaemon(true);
    }

    /** Makes a thread, with nothing but this class on the stack. */
    @SuppressWarnings("removal") // without a replacement, because later JDKs keep nothing
    static Thread of(Runnable action, String name) {
        return AccessController.doPrivileged(
                (PrivilegedAction<Thread>) () -> new DetachedThread(action, name));
    }

    private static ThreadGroup outermostGroup() {
        ThreadGroup group = Thread.currentThread().getThreadGroup();
        while (group.getParent() != null) {
            group = group.getParent();
        }
        return group;
    }
}
