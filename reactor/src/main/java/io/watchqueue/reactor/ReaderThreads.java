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

import org.jspecify.annotations.Nullable;

import reactor.core.scheduler.NonBlocking;
import reactor.core.scheduler.Schedulers;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;

/** Makes threads, and starts those of readers if they are fit for it. */
final class ReaderThreads {

    /** Running threads that are not themselves marked as not to be blocked. */
    private static final class Unmarked {
        static final Set<Thread> RUNNING = ConcurrentHashMap.newKeySet();

        static {
            Schedulers.registerNonBlockingThreadPredicate(RUNNING::contains);
        }
    }

    /** Thread.isVirtual(), which JDK 17 does not have. */
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private ReaderThreads() {}

    /** A reader's thread: a daemon, which Reactor refuses to block, with an error that says so. */
    static Thread daemon(Runnable loop, String name) {
        return detached(() -> new DaemonThread(loop, name));
    }

    /** A daemon that may be blocked. */
    static Thread blockingDaemon(Runnable action, String name) {
        return detached(() -> new DetachedThread(action, name));
    }

    /**
     * Up to JDK 23, a thread keeps the classes of all that were on the stack when it was made, and
     * so their class loaders: its inherited access control context. Here it sees this class alone.
     */
    @SuppressWarnings("removal") // without a replacement, as later JDKs keep nothing
    private static Thread detached(PrivilegedAction<Thread> made) {
        return AccessController.doPrivileged(made);
    }

    /**
     * A thread that keeps nothing of whoever happens to need it first, and which it may outlive: no
     * context class loader, no inheritable thread locals, no thread group, no priority.
     */
    private static class DetachedThread extends Thread {
        @SuppressWarnings("ThreadPriorityCheck") // nothing depends on it
        DetachedThread(Runnable action, String name) {
            super(outermostGroup(), action, name, 0, false);
            setContextClassLoader(ReaderThreads.class.getClassLoader());
            setPriority(NORM_PRIORITY);
            setDaemon(true);
        }

        private static ThreadGroup outermostGroup() {
            ThreadGroup group = Thread.currentThread().getThreadGroup();
            while (group.getParent() != null) {
                group = group.getParent();
            }
            return group;
        }
    }

    private static final class DaemonThread extends DetachedThread implements NonBlocking {
        DaemonThread(Runnable loop, String name) {
            super(loop, name);
        }
    }

    static void start(ThreadFactory factory, Runnable loop) {
        Thread thread = factory.newThread(() -> run(loop));
        if (thread == null) {
            throw new IllegalStateException(
                    "start a notification reader: "
                            + factory
                            + " made no thread; it has to make one each time it is asked");
        }
        if (isVirtual(thread)) {
            throw new IllegalStateException(
                    "start a notification reader: "
                            + thread
                            + " is virtual, and would hold a carrier thread for as long as it waits in the"
                            + " kernel, which is nearly always; give a factory of platform threads");
        }
        thread.start();
    }

    private static void run(Runnable loop) {
        Thread thread = Thread.currentThread();
        if (thread instanceof NonBlocking) {
            loop.run();
            return;
        }
        Unmarked.RUNNING.add(thread);
        try {
            loop.run();
        } finally {
            Unmarked.RUNNING.remove(thread);
        }
    }

    private static @Nullable MethodHandle isVirtual() {
        try {
            return MethodHandles.publicLookup()
                    .findVirtual(Thread.class, "isVirtual", MethodType.methodType(boolean.class));
        } catch (NoSuchMethodException | IllegalAccessException e) {
            return null;
        }
    }

    private static boolean isVirtual(Thread thread) {
        try {
            return IS_VIRTUAL != null && (boolean) IS_VIRTUAL.invokeExact(thread);
        } catch (Throwable e) {
            throw new IllegalStateException("ask a thread whether it is virtual", e);
        }
    }
}
