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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(30)
class NativeLayerTests {

    private static final InheritableThreadLocal<String> INHERITED = new InheritableThreadLocal<>();

    /** A kernel that is never called. */
    private final Kernel kernel =
            (Kernel)
                    Proxy.newProxyInstance(
                            Kernel.class.getClassLoader(),
                            new Class<?>[] {Kernel.class},
                            (proxy, method, arguments) -> {
                                throw new AssertionError(method);
                            });

    /** The properties of the thread that loads. */
    private record Loading(
            Thread thread, ThreadGroup group, ClassLoader contextClassLoader, String inherited) {
        static Loading now() {
            Thread thread = Thread.currentThread();
            return new Loading(
                    thread,
                    thread.getThreadGroup(),
                    thread.getContextClassLoader(),
                    INHERITED.get());
        }
    }

    @Test
    void isLoadedByAThreadThatKeepsNothingOfTheOneThatNeedsItFirst() throws Exception {
        CompletableFuture<Loading> loading = new CompletableFuture<>();
        NativeLayer layer =
                new NativeLayer(
                        () -> {
                            loading.complete(Loading.now());
                            return kernel;
                        });
        INHERITED.set("of the caller");
        ThreadGroup group = new ThreadGroup("of the application");
        Thread first = new Thread(group, () -> kernelOf(layer), "first");
        first.setContextClassLoader(new ClassLoader() {});
        first.start();
        first.join();
        INHERITED.remove();
        Loading found = loading.get(10, TimeUnit.SECONDS);
        assertThat(found.thread()).isNotSameAs(first);
        assertThat(found.thread().isDaemon()).isTrue();
        assertThat(found.group().getParent()).isNull();
        assertThat(found.contextClassLoader()).isSameAs(NativeLayer.class.getClassLoader());
        assertThat(found.inherited()).isNull();
        assertThat(layer.kernel()).isSameAs(kernel);
    }

    @Test
    void isLoadedOnceForAllThreads() throws Exception {
        AtomicInteger loads = new AtomicInteger();
        CountDownLatch go = new CountDownLatch(1);
        NativeLayer layer =
                new NativeLayer(
                        () -> {
                            loads.incrementAndGet();
                            awaitUninterruptibly(go);
                            return kernel;
                        });
        List<CompletableFuture<Kernel>> callers =
                List.of(
                        Background.get(() -> kernelOf(layer)),
                        Background.get(() -> kernelOf(layer)),
                        Background.get(() -> interruptedKernelOf(layer)));
        go.countDown();
        for (CompletableFuture<Kernel> caller : callers) {
            assertThat(caller.get(10, TimeUnit.SECONDS)).isSameAs(kernel);
        }
        assertThat(loads).hasValue(1);
    }

    @Test
    void doesNotKeepATemporaryFailure() throws Exception {
        AtomicInteger loads = new AtomicInteger();
        NativeLayer layer =
                new NativeLayer(
                        () -> {
                            if (loads.incrementAndGet() == 1) {
                                throw new OutOfMemoryError("of a moment");
                            }
                            return kernel;
                        });
        assertThatThrownBy(layer::kernel).isInstanceOf(OutOfMemoryError.class);
        assertThat(layer.kernel()).isSameAs(kernel);
    }

    @Test
    void reportsAPermanentFailureWithItsCause() {
        UnsatisfiedLinkError cause = new UnsatisfiedLinkError("no library");
        NativeLayer layer =
                new NativeLayer(
                        () -> {
                            throw cause;
                        });
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(layer::kernel)
                    .isInstanceOf(UnavailableException.class)
                    .hasCause(cause);
        }
    }

    private static Kernel interruptedKernelOf(NativeLayer layer) {
        Thread.currentThread().interrupt();
        Kernel kernel = kernelOf(layer);
        assertThat(Thread.interrupted()).isTrue();
        return kernel;
    }

    private static Kernel kernelOf(NativeLayer layer) {
        try {
            return layer.kernel();
        } catch (UnavailableException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
