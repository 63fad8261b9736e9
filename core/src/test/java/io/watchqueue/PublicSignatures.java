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
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaMember;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import java.util.function.Predicate;
import java.util.stream.Stream;

/** The types of other packages that a user of a class sees. */
public final class PublicSignatures {

    private PublicSignatures() {}

    /** Is met by a class that shows a type of that package. */
    public static ArchCondition<JavaClass> mention(String packageName) {
        return new ArchCondition<>("mention " + packageName + " in a public signature") {
            @Override
            public void check(JavaClass type, ConditionEvents events) {
                Stream.of(
                                Stream.of(type),
                                type.getCodeUnits().stream().filter(PublicSignatures::isVisible),
                                type.getFields().stream().filter(PublicSignatures::isVisible))
                        .flatMap(members -> members)
                        .forEach(
                                member ->
                                        events.add(
                                                new SimpleConditionEvent(
                                                        member,
                                                        types(member).anyMatch(isIn(packageName)),
                                                        member.toString())));
            }
        };
    }

    private static boolean isVisible(JavaMember member) {
        return member.getModifiers().contains(JavaModifier.PUBLIC)
                || member.getModifiers().contains(JavaModifier.PROTECTED);
    }

    private static Predicate<JavaClass> isIn(String packageName) {
        return type -> type.getBaseComponentType().getPackageName().equals(packageName);
    }

    /**
     * The types that it extends, takes, returns, throws and holds, with the arguments of generic
     * types.
     */
    private static Stream<JavaClass> types(Object member) {
        Stream<? extends JavaType> types;
        if (member instanceof JavaClass type) {
            types = Stream.concat(type.getSuperclass().stream(), type.getInterfaces().stream());
        } else if (member instanceof JavaCodeUnit unit) {
            types =
                    Stream.of(
                                    Stream.of(unit.getReturnType()),
                                    unit.getParameterTypes().stream(),
                                    unit.getExceptionTypes().stream())
                            .flatMap(some -> some);
        } else {
            types = Stream.of(((JavaField) member).getType());
        }
        return types.flatMap(type -> type.getAllInvolvedRawTypes().stream());
    }
}
