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

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

/** What a user of a class sees of other packages. */
final class PublicSignatures {

    private PublicSignatures() {}

    static ArchCondition<JavaClass> mention(String packageName) {
        return new ArchCondition<>("mention " + packageName + " in a public signature") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                for (JavaCodeUnit unit : type.getCodeUnits()) {
                    boolean visible =
                            unit.getModifiers().contains(JavaModifier.PUBLIC)
                                    || unit.getModifiers().contains(JavaModifier.PROTECTED);
                    boolean mentions =
                            unit.getRawReturnType().getPackageName().equals(packageName)
                                    || unit.getRawParameterTypes().stream()
                                            .anyMatch(p -> p.getPackageName().equals(packageName));
                    events.add(
                            new SimpleConditionEvent(
                                    unit, visible && mentions, unit.getFullName()));
                }
            }
        };
    }
}
