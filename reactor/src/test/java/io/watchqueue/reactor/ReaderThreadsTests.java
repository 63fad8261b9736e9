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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

@Timeout(60)
class ReaderThreadsTests {

    private static final InheritableThreadLocal<Object> INHERITED = new InheritableThreadLocal<>();

    /** Loaded by a class loader of its own, it is on the stack of the thread that subscribes. */
    public static final class Application implements Consumer<Runnable> {
        @Override
        public void accept(Runnable action) {
            action.run();
        }
    }

    /** The class loader of an application, as in a servlet container. */
    private static final class ApplicationLoader extends ClassLoader {

        ApplicationLoader() {
            super(ApplicationLoader.class.getClassLoader());
        }

        @SuppressWarnings("unchecked")
        Consumer<Runnable> application() throws IOException, ReflectiveOperationException {
            String name = Application.class.getName();
            try (InputStream file = getResourceAsStream(path(name))) {
                byte[] bytes = file.readAllBytes();
                Class<?> loaded = defineClass(name, bytes, 0, bytes.length);
                return (Consumer<Runnable>) loaded.getConstructor().newInstance();
            }
        }

        private static String path(String name) {
            return name.replace('.', '/') + ".class";
        }
    }

    @Test
    void theThreadOutlivesTheApplicationThatStartedIt() throws Exception {
        try (SimulatedKernel kernel = SimulatedKernel.install()) {
            KeyId key = Keyctl.system().add("user", "key", new byte[1], Keyring.USER);
            NotificationFlux changes =
                    NotificationFlux.builder()
                            .watch(key)
                            .reader(NotificationReader.create("outlives"))
                            .build();
            WeakReference<ClassLoader> loader = subscribeInAnApplication(changes);
            kernel.settle();
            // Until the timeout, if something keeps it.
            while (loader.get() != null && !Thread.interrupted()) {
                System.gc();
            }
            assertThat(kernel.queue().isClosed()).isFalse();
            changes.dispose();
            changes.onDispose().block();
        }
    }

    @Test
    void theThreadHasNothingOfTheOneThatStartsIt() throws Exception {
        AtomicReference<Thread> made = new AtomicReference<>();
        Thread application =
                new Thread(
                        new ThreadGroup("application"),
                        () -> made.set(ReaderThreads.daemon(() -> {}, "reader")));
        application.setContextClassLoader(new ApplicationLoader());
        application.start();
        application.join();
        Thread reader = made.get();
        assertThat(reader.getContextClassLoader())
                .isSameAs(NotificationReader.class.getClassLoader());
        assertThat(reader.getThreadGroup().getParent()).isNull();
        assertThat(reader.isDaemon()).isTrue();
    }

    private static WeakReference<ClassLoader> subscribeInAnApplication(NotificationFlux changes)
            throws Exception {
        ApplicationLoader loader = new ApplicationLoader();
        Consumer<Runnable> application = loader.application();
        assertThat(application.getClass().getClassLoader()).isSameAs(loader);
        Thread thread =
                new Thread(
                        () -> {
                            INHERITED.set(application);
                            application.accept(changes::subscribe);
                        });
        thread.setContextClassLoader(loader);
        thread.start();
        thread.join();
        return new WeakReference<>(loader);
    }
}
