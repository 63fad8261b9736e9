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

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleNameStartingWith;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import io.watchqueue.PublicSignatures;

import org.junit.jupiter.api.Test;

/**
 * The rules of the reactor module see all modules: they check that no classes depend on each other.
 */
class HouseRulesTests {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("io.watchqueue.test");

    /** Reactor and JUnit are optional: a test without them needs neither. */
    private static final DescribedPredicate<JavaClass> OPTIONAL =
            simpleName("SimulatedTime")
                    .or(simpleName("WithSimulatedKernel"))
                    .or(simpleNameStartingWith("SimulatedKernelExtension"))
                    .as("optional");

    @Test
    void theSimulatedKernelIsMadeOfCore() {
        classes()
                .that(not(OPTIONAL))
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.watchqueue.test",
                        "io.watchqueue",
                        "io.watchqueue.internal",
                        "org.jspecify..",
                        "java..")
                .check(CLASSES);
    }

    @Test
    void nothingNeedsWhatIsOptional() {
        noClasses().that(not(OPTIONAL)).should().dependOnClassesThat(OPTIONAL).check(CLASSES);
    }

    @Test
    void noPublicSignatureShowsTheNativeLayer() {
        noClasses()
                .that()
                .arePublic()
                .should(PublicSignatures.mention("io.watchqueue.internal"))
                .check(CLASSES);
    }
}
