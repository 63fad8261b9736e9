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

    /**
     * Thread.isVirtual(), which JDK 17 does not have. Core asks the same of the thread that waits,
     * which would be too late here: notifications would come on the virtual thread before.
     */
    private static final @Nullable MethodHandle IS_VIRTUAL = isVirtual();

    private ReaderThreads() {}

    /** A reader's thread: a daemon, which Reactor refuses to block, with an error that says so. */
    static Thread daemon(Runnable loop, String name) {
        return DetachedThread.make(() -> new DaemonThread(loop, name));
    }

    /** A daemon that may be blocked. */
    static Thread blockingDaemon(Runnable action, String name) {
        return DetachedThread.make(() -> new DetachedThread(action, name));
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
                            + " kernel, which is nearly always; use a factory of platform threads");
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

    private static final class DaemonThread extends DetachedThread implements NonBlocking {
        DaemonThread(Runnable loop, String name) {
            super(loop, name);
        }
    }
}
