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

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;

import org.junit.jupiter.api.Test;

class HouseRulesTests {

    private static final JavaClasses CLASSES =
            new ClassFileImporter()
                    .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                    .importPackages("io.watchqueue");

    @Test
    void onlyTheNativeLayerKnowsJna() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.watchqueue.internal")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("com.sun.jna..")
                .check(CLASSES);
    }

    @Test
    void onlyTheNativeLayerIsNative() {
        noMethods()
                .that()
                .areDeclaredInClassesThat()
                .resideOutsideOfPackage("io.watchqueue.internal")
                .should()
                .haveModifier(JavaModifier.NATIVE)
                .check(CLASSES);
    }

    @Test
    void theNativeLayerKnowsNothingAboveIt() {
        classes()
                .that()
                .resideInAPackage("io.watchqueue.internal")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.watchqueue.internal", "com.sun.jna..", "java..", "org.jspecify..")
                .check(CLASSES);
    }

    @Test
    void messagesAndFiltersKnowNothingOfTheNativeLayer() {
        noClasses()
                .that()
                .areAssignableTo(Notification.class)
                .or()
                .belongToAnyOf(
                        KeyEvent.class,
                        LossNotification.class,
                        MessageHeader.class,
                        NotificationDecoder.class,
                        NotificationFilter.class)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.watchqueue.internal")
                .check(CLASSES);
    }

    @Test
    void theApiIsMadeOfTheJdkAndJspecify() {
        classes()
                .that()
                .resideInAPackage("io.watchqueue")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "io.watchqueue", "io.watchqueue.internal", "java..", "org.jspecify..")
                .check(CLASSES);
    }

    @Test
    void noPublicSignatureShowsTheNativeLayer() {
        noClasses()
                .that()
                .resideInAPackage("io.watchqueue")
                .and()
                .arePublic()
                .should(PublicSignatures.mention("io.watchqueue.internal"))
                .check(CLASSES);
    }
}
