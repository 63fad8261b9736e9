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

import io.watchqueue.Keyctl;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestInstanceFactoryContext;
import org.junit.jupiter.api.extension.TestInstancePreConstructCallback;

import java.util.Objects;

/**
 * A JUnit extension that gives each test a {@link SimulatedKernel}: installed before the test class
 * is instantiated, so that fields and constructors can use it already, and closed after {@code
 * AfterEach} methods. A test that has passed fails then if it has left a queue, a watch or a
 * descriptor open; the error says which, and how to close it. A test that has failed is not
 * checked.
 *
 * <pre>{@code
 * @WithSimulatedKernel
 * class TokenTests {
 *     private final SimulatedKernel kernel;
 *     private final Keyctl keys;
 *     private final KeyId token;
 *
 *     TokenTests(SimulatedKernel kernel, Keyctl keys) {
 *         this.kernel = kernel;
 *         this.keys = keys;
 *         token = keys.add("user", "token", "old".getBytes(), Keyring.USER);
 *     }
 *
 *     @Test
 *     void reportsARotation() {
 *         StepVerifier.create(NotificationFlux.builder().watch(token, 1).build())
 *                 .then(() -> keys.update(token, "new".getBytes()))
 *                 .expectNext(new KeyNotification(KeyEvent.UPDATED, token, 1))
 *                 .then(kernel::settle)
 *                 .thenCancel()
 *                 .verify(Duration.ofSeconds(5));
 *     }
 * }
 * }</pre>
 *
 * <p>A kernel that differs from the default is registered in a static field. A field that is not
 * static is too late for the other fields and the constructor:
 *
 * <pre>{@code
 * @RegisterExtension
 * static final SimulatedKernelExtension SIMULATED =
 *         new SimulatedKernelExtension(SimulatedKernel.builder().openFiles(64));
 * }</pre>
 *
 * <p><b>Parameters</b> of constructors, tests and lifecycle methods: {@link SimulatedKernel}, and
 * {@link Keyctl} for its keys.
 *
 * <p><b>Shared kernels.</b> If JUnit creates one instance for all tests of a class ({@code
 * TestInstance.Lifecycle.PER_CLASS}), or a {@code BeforeAll} method has one of these parameters,
 * all tests of the class and of the classes nested in it share a kernel. It is closed after {@code
 * AfterAll} methods, and only then checked for what is left open. Otherwise a test in a nested
 * class shares its kernel with the instances around it, and with no other test.
 *
 * <p>Needs JUnit 5.13 or newer. One kernel can be installed in a JVM, so tests with this extension
 * do not run at the same time; {@link WithSimulatedKernel} declares that to JUnit.
 */
public final class SimulatedKernelExtension
        implements TestInstancePreConstructCallback,
                BeforeEachCallback,
                AfterEachCallback,
                AfterAllCallback,
                ParameterResolver {

    /** The resource that JUnit locks for tests that install a kernel: {@code @ResourceLock}. */
    public static final String RESOURCE = "io.watchqueue.test.SimulatedKernel";

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(SimulatedKernelExtension.class);

    private final SimulatedKernel.Builder builder;

    /** Creates an extension whose kernels are those of {@link SimulatedKernel#install()}. */
    public SimulatedKernelExtension() {
        this(SimulatedKernel.builder());
    }

    /**
     * Creates an extension.
     *
     * @param builder describes the kernels; not to be changed afterwards
     */
    public SimulatedKernelExtension(SimulatedKernel.Builder builder) {
        this.builder = Objects.requireNonNull(builder, "builder");
    }

    /** A kernel and the test or class that ends with it. JUnit closes it if nothing else does. */
    private static final class Installed implements AutoCloseable {
        final SimulatedKernel kernel;
        final String owner;
        boolean failed;

        Installed(SimulatedKernel kernel, String owner) {
            this.kernel = kernel;
            this.owner = owner;
        }

        @Override
        public void close() {
            kernel.close();
        }
    }

    @Override
    public ExtensionContextScope getTestInstantiationExtensionContextScope(
            ExtensionContext rootContext) {
        // So that an instance that is created for one test gets the kernel of that test.
        return ExtensionContextScope.TEST_METHOD;
    }

    @Override
    public void preConstructTestInstance(
            TestInstanceFactoryContext factoryContext, ExtensionContext context) {
        install(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        install(context);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return type == SimulatedKernel.class || type == Keyctl.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        SimulatedKernel kernel = install(context);
        return parameter.getParameter().getType() == Keyctl.class ? Keyctl.system() : kernel;
    }

    /** The kernel of the test, of its class, or of a class around that; a new one if none has. */
    private SimulatedKernel install(ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(
                        Installed.class,
                        any -> new Installed(builder.install(), context.getUniqueId()),
                        Installed.class)
                .kernel;
    }

    @Override
    public void afterEach(ExtensionContext context) {
        end(context);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        end(context);
    }

    private static void end(ExtensionContext context) {
        @Nullable Installed installed =
                context.getStore(NAMESPACE).get(Installed.class, Installed.class);
        if (installed == null) {
            return;
        }
        installed.failed |= context.getExecutionException().isPresent();
        if (installed.owner.equals(context.getUniqueId())) {
            installed.close();
            if (!installed.failed) {
                installed.kernel.assertNothingLeftOpen();
            }
        }
    }
}
