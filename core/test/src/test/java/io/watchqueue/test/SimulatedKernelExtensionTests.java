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

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.WatchQueue;
import io.watchqueue.WatchQueueSelector;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.EventConditions;
import org.junit.platform.testkit.engine.Events;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The nested classes are run by a JUnit of their own, each as a user's class would be. */
@Timeout(120)
class SimulatedKernelExtensionTests {

    private static final Set<SimulatedKernel> SEEN = new LinkedHashSet<>();

    @BeforeEach
    @AfterEach
    void noKernelIsInstalled() {
        SimulatedKernel.install().close();
        SEEN.clear();
    }

    private static Events run(Class<?>... classes) {
        EngineTestKit.Builder engine = EngineTestKit.engine("junit-jupiter");
        for (Class<?> one : classes) {
            engine.selectors(selectClass(one));
        }
        return engine.execute().allEvents();
    }

    private static void assertThatAllPass(int number, Class<?>... classes) {
        Events events = run(classes);
        assertThat(events.failed().list()).isEmpty();
        assertThat(events.filter(EventConditions.test()::matches))
                .filteredOn(EventConditions.finishedSuccessfully()::matches)
                .hasSize(number);
    }

    /** The exception of the only test, or class, that fails. */
    private static Throwable failure(Class<?> type) {
        List<Event> failed = run(type).failed().list();
        assertThat(failed).hasSize(1);
        return failed.get(0)
                .getRequiredPayload(TestExecutionResult.class)
                .getThrowable()
                .orElseThrow();
    }

    @WithSimulatedKernel
    static class Parameters {
        private final KeyId key =
                Keyctl.system().add("user", "field", new byte[] {1}, Keyring.USER);
        private final SimulatedKernel kernel;

        Parameters(SimulatedKernel kernel, Keyctl keys) {
            this.kernel = kernel;
            SEEN.add(kernel);
            assertThat(keys.find("%user:field")).isEqualTo(key);
        }

        @BeforeEach
        void isTheSame(SimulatedKernel another) {
            assertThat(another).isSameAs(kernel);
        }

        @Test
        void areTheKernelsOfTheTest(Keyctl keys, SimulatedKernel another) {
            assertThat(another).isSameAs(kernel);
            assertThat(keys.describe(key).description()).isEqualTo("field");
        }

        @Test
        void areOthersInEachTest(Keyctl keys) {
            assertThat(keys.list(Keyring.USER)).containsExactly(key);
        }

        @Nested
        class Inner {
            private final SimulatedKernel shared;

            Inner(SimulatedKernel shared) {
                this.shared = shared;
            }

            @Test
            void sharesTheKernelOfTheInstanceAroundIt() {
                assertThat(shared).isSameAs(kernel);
            }
        }
    }

    @Test
    void resolvesParametersOfTheKernelOfATest() {
        assertThatAllPass(3, Parameters.class);
        assertThat(SEEN).hasSize(3);
    }

    @WithSimulatedKernel
    static class LeavesAQueueOpen {
        @Test
        void subscribes(Keyctl keys) {
            KeyId key = keys.add("user", "token", new byte[] {1}, Keyring.USER);
            WatchQueue.builder().watch(key, 7).open();
        }
    }

    @Test
    void failsATestThatLeavesAQueueOpen() {
        assertThat(failure(LeavesAQueueOpen.class))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll(
                        "left open", "queues()[0]", "with tag 7", "close the WatchQueue");
    }

    @WithSimulatedKernel
    static class LeavesASelectorOpen {
        @Test
        void selects() throws Exception {
            WatchQueueSelector selector = WatchQueueSelector.open();
            selector.selectNow(any -> {});
        }
    }

    @Test
    void failsATestThatLeavesASelectorOpen() {
        assertThat(failure(LeavesASelectorOpen.class))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll("1 epoll instance", "close each WatchQueueSelector");
    }

    @WithSimulatedKernel
    static class Fails {
        @Test
        void afterItHasOpenedAQueue() {
            WatchQueue.open();
            throw new IllegalStateException("of the test");
        }
    }

    @WithSimulatedKernel
    static class FailsInItsConstructor {
        FailsInItsConstructor() {
            throw new IllegalStateException("of the constructor");
        }

        @Test
        void isNeverReached() {}
    }

    @Test
    void closesTheKernelOfATestThatFailed() {
        assertThat(failure(Fails.class)).hasMessage("of the test").hasNoSuppressedExceptions();
        assertThat(failure(FailsInItsConstructor.class)).hasMessage("of the constructor");
        SimulatedKernel.install().close();
    }

    @Test
    void givesEachOfTwoClassesKernelsOfTheirOwn() {
        Events events = run(Fails.class, Parameters.class, FewFiles.class, LeavesAQueueOpen.class);
        assertThat(events.failed().list()).hasSize(2);
        assertThat(SEEN).hasSize(3);
    }

    static class FewFiles {
        @RegisterExtension
        static final SimulatedKernelExtension SIMULATED =
                new SimulatedKernelExtension(SimulatedKernel.builder().user(4321, 1));

        private final int owner = Keyctl.system().describe(Keyring.USER).uid();

        @Test
        void isWhatTheBuilderSays(Keyctl keys) {
            assertThat(owner).isEqualTo(4321);
        }
    }

    @Test
    void hasTheKernelThatAStaticFieldDescribes() {
        assertThatAllPass(1, FewFiles.class);
    }

    @WithSimulatedKernel
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    @TestMethodOrder(MethodOrderer.MethodName.class)
    static class SharedInstance {
        private final WatchQueue queue = WatchQueue.open();
        private final SimulatedKernel kernel;

        SharedInstance(SimulatedKernel kernel) {
            this.kernel = kernel;
            SEEN.add(kernel);
        }

        @Test
        void first(SimulatedKernel same) {
            assertThat(same).isSameAs(kernel);
        }

        @Test
        void second(SimulatedKernel same) {
            assertThat(same).isSameAs(kernel);
            assertThat(same.queue().isClosed()).isFalse();
        }

        @AfterAll
        void close() {
            queue.close();
        }
    }

    @WithSimulatedKernel
    static class SharedByParameter {
        private static WatchQueue queue;

        @BeforeAll
        static void open(SimulatedKernel kernel) {
            SEEN.add(kernel);
            queue = WatchQueue.open();
        }

        @Test
        void isThatOfTheClass(SimulatedKernel kernel) {
            assertThat(SEEN).contains(kernel);
        }

        @Nested
        class Inner {
            @Test
            void isThatOfTheClassAroundIt(SimulatedKernel kernel) {
                assertThat(SEEN).contains(kernel);
                assertThat(kernel.queue().isClosed()).isFalse();
            }
        }

        @AfterAll
        static void close() {
            queue.close();
        }
    }

    @Test
    void sharesAKernelThatIsOfTheClass() {
        assertThatAllPass(2, SharedInstance.class);
        assertThatAllPass(2, SharedByParameter.class);
        assertThat(SEEN).hasSize(2);
    }

    @WithSimulatedKernel
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class LeavesItsQueueOpen {
        final WatchQueue queue = WatchQueue.open();

        @Test
        void passes() {
            assertThat(queue.isClosed()).isFalse();
        }
    }

    @Test
    void failsAClassThatLeavesAQueueOpen() {
        assertThat(failure(LeavesItsQueueOpen.class)).hasMessageContaining("watches nothing");
    }
}
