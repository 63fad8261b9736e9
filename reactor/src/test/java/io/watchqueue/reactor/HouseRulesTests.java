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

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;

import org.junit.jupiter.api.Test;

import java.util.function.Function;

class HouseRulesTests {

    /** Of core and its test kit too, without their tests, which may come as a jar. */
    private static final JavaClasses ALL =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("io.watchqueue");

    private static final JavaClasses CLASSES =
            ALL.that(resideInAPackage("io.watchqueue.reactor.."));

    @Test
    void theStreamIsMadeOfReactorAndThePublicApiOfCore() {
        checkThatIsMadeOfReactorAnd("io.watchqueue.reactor", "io.watchqueue");
    }

    @Test
    void whatThePackagesShareIsMadeOfReactor() {
        checkThatIsMadeOfReactorAnd("io.watchqueue.reactor.internal");
    }

    @Test
    void aFollowedKeyringIsMadeOfThePublicApiOfTheStream() {
        checkThatIsMadeOfReactorAnd(
                "io.watchqueue.reactor.keyring", "io.watchqueue.reactor", "io.watchqueue");
    }

    @Test
    void aSecretIsMadeOfReactorAndThePublicApiOfTheStream() {
        checkThatIsMadeOfReactorAnd(
                "io.watchqueue.reactor.secret", "io.watchqueue.reactor", "io.watchqueue");
    }

    private static void checkThatIsMadeOfReactorAnd(String packageName, String... ours) {
        classes()
                .that()
                .resideInAPackage(packageName)
                .should()
                .onlyDependOnClassesThat(
                        resideInAnyPackage(ours)
                                .or(
                                        resideInAnyPackage(
                                                packageName,
                                                "io.watchqueue.reactor.internal",
                                                "reactor..",
                                                "org.reactivestreams",
                                                "org.jspecify..",
                                                "java..")))
                .check(CLASSES);
    }

    @Test
    void nothingButTestsUsesTheSimulatedKernel() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.watchqueue.test")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.watchqueue.test")
                .check(ALL);
    }

    /**
     * That is, no code of the stream does, on any thread: the reader thread also runs work that
     * other threads have left for it.
     */
    @Test
    void nothingBlocksTheReaderThread() {
        assertThat(BlockingCalls.reachedFrom("io.watchqueue.reactor", ALL))
                .containsOnlyKeys(
                        // The reader waits here when there is nothing left to do.
                        "WatchQueueSelector.select: Kernel.epollWait",
                        // For a tenth of a millisecond, when its only subscriber has no demand.
                        "FloodPause.sleep: LockSupport.parkNanos",
                        // Nobody else reads a queue that a reader has.
                        "QueueReader.poll: ReentrantLock.lock",
                        // For the key, and for room, on the calling thread: see watch().
                        "WatchQueue.place: Kernel.watchKey",
                        "Interrupted.pause: LockSupport.parkNanos",
                        "WatchQueue.unwatch: Kernel.watchKey",
                        // For another thread that opens the queue, which is not received before.
                        "ReactiveWatchQueue.openOrAwait: ReentrantLock.lock",
                        // For JNA, once, on the thread of the first subscription: before there is a
                        // reader.
                        "NativeLayer.await: FutureTask.get");
    }

    /** A secret blocks only threads of its scheduler, which are there for it. */
    @Test
    void aSecretBlocksOnlyWhereItLooks() {
        assertThat(BlockingCalls.reachedFrom("io.watchqueue.reactor.secret", ALL))
                .containsOnlyKeys(
                        // The watch of a look: for the key, and for room.
                        "FollowedSecret.watch: Mono.block",
                        "WatchQueue.place: Kernel.watchKey",
                        "Interrupted.pause: LockSupport.parkNanos",
                        "WatchQueue.unwatch: Kernel.watchKey",
                        "ReactiveWatchQueue.openOrAwait: ReentrantLock.lock",
                        // Of follow() and of the scheduler, if the keyring is given by its name.
                        "JnaKernel.procKeys: Files.readAllBytes",
                        "NativeLayer.await: FutureTask.get");
    }

    @Test
    void noPackagesDependOnEachOther() {
        slices().assignedFrom(by("package", JavaClass::getPackageName))
                .should()
                .beFreeOfCycles()
                .check(ALL);
    }

    @Test
    void noClassesDependOnEachOther() {
        slices().assignedFrom(by("class", HouseRulesTests::classOrKnot))
                .should()
                .beFreeOfCycles()
                .check(ALL);
    }

    /** The outermost class, or the name of a group of classes that need each other. */
    private static String classOrKnot(JavaClass type) {
        JavaClass outermost = type;
        while (outermost.getEnclosingClass().isPresent()) {
            outermost = outermost.getEnclosingClass().get();
        }
        return switch (outermost.getSimpleName()) {
            // A watch closes itself through its queue, and errors mention watches and support.
            case "WatchQueue",
                    "Watch",
                    "Watches",
                    "QueueReader",
                    "ReadBuffer",
                    "Failures",
                    "WatchQueueSupport",
                    "WatchQueueUnsupportedException" ->
                    "the queue";
            // A subscription signals its loop, which serves it and ends with the last of them.
            case "NotificationReader",
                    "ReaderLoop",
                    "NotificationSubscription",
                    "NotificationSettings" ->
                    "the reader";
            // One operator is built from another.
            case "NotificationOperators", "KeyringView" -> "the operators";
            // As in the kernel, a watch knows its key and its pipe, and they their watches.
            case "SimulatedKey", "SimulatedWatch", "NotificationPipe", "Credentials" ->
                    "the simulated watch";
            default -> outermost.getName();
        };
    }

    private static SliceAssignment by(String description, Function<JavaClass, String> slice) {
        return new SliceAssignment() {
            @Override
            public SliceIdentifier getIdentifierOf(JavaClass type) {
                return ALL.contain(type.getName())
                        ? SliceIdentifier.of(slice.apply(type))
                        : SliceIdentifier.ignore();
            }

            @Override
            public String getDescription() {
                return "each " + description;
            }
        };
    }
}
