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

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.Kernel;
import io.watchqueue.internal.NativeBuffer;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * No system call can be added without a name by which tests let it fail, and errors to fail with.
 */
class NativeErrorsTests {

    /** These make no system call, or cannot fail; /proc/keys exists or not. */
    private static final Set<String> NO_CALLS =
            Set.of(
                    "allocate",
                    "borrow",
                    "release",
                    "pageSize",
                    "userId",
                    "epollEventSize",
                    "epollData",
                    "procKeys");

    private static List<Method> calls() {
        return Arrays.stream(Kernel.class.getDeclaredMethods())
                .filter(method -> !method.isSynthetic())
                .filter(method -> !NO_CALLS.contains(method.getName()))
                .toList();
    }

    @TestFactory
    Stream<DynamicTest> eachMethodOfTheKernelIsACallThatCanFail() {
        return calls().stream()
                .map(
                        method ->
                                DynamicTest.dynamicTest(
                                        method.getName(),
                                        () -> assertThat(made(method)).isNotEmpty()));
    }

    @Test
    void eachCallIsOneOfTheKernels() throws Exception {
        Set<NativeCall> made = EnumSet.noneOf(NativeCall.class);
        for (Method method : calls()) {
            made.addAll(made(method));
        }
        assertThat(made).containsExactlyInAnyOrder(NativeCall.values());
    }

    /** The calls that a method counts as. All are made to fail, because none is to wait. */
    private static Set<NativeCall> made(Method method) throws Exception {
        Set<NativeCall> made = EnumSet.noneOf(NativeCall.class);
        for (int first : firstArguments(method)) {
            for (int last : List.of(0, -1)) {
                FakeKernel kernel = new FakeKernel();
                for (NativeCall call : NativeCall.values()) {
                    kernel.fail(call, Errno.EIO);
                }
                try {
                    Number result = (Number) method.invoke(kernel, arguments(method, first, last));
                    assertThat(result.intValue()).isEqualTo(-Errno.EIO);
                } catch (InvocationTargetException e) {
                    throw new AssertionError(method + " throws", e.getCause());
                }
                assertThat(kernel.calls()).as(method.toString()).hasSize(1);
                made.addAll(kernel.calls());
            }
        }
        return made;
    }

    private static List<Integer> firstArguments(Method method) throws Exception {
        if (!method.getName().equals("keyctl")) {
            return List.of(0);
        }
        List<Integer> operations = new ArrayList<>();
        for (Field constant : Kernel.class.getDeclaredFields()) {
            if (constant.getName().startsWith("KEYCTL_")) {
                operations.add(constant.getInt(null));
            }
        }
        return operations;
    }

    private static Object[] arguments(Method method, int first, int last) {
        Class<?>[] types = method.getParameterTypes();
        Object[] arguments = new Object[types.length];
        for (int i = 0; i < types.length; i++) {
            int number = i == 0 ? first : i == types.length - 1 ? last : 0;
            if (types[i] == int.class) {
                arguments[i] = number;
            } else if (types[i] == long.class) {
                arguments[i] = (long) number;
            } else if (types[i] == boolean.class) {
                arguments[i] = false;
            } else if (types[i] == String.class) {
                arguments[i] = "user";
            } else if (types[i] == NativeBuffer.class) {
                arguments[i] = NativeBuffer.onHeap(64);
            } else {
                throw new AssertionError("no argument is known for " + method);
            }
        }
        return arguments;
    }

    @Test
    void eachCallHasErrorsAndEachOnce() {
        assertThat(NativeErrors.all())
                .extracting(NativeErrors.NativeError::call)
                .contains(NativeCall.values());
        assertThat(NativeErrors.all())
                .extracting(NativeErrors.NativeError::displayName)
                .doesNotHaveDuplicates();
    }

    @Test
    void eachErrorHasAName() {
        assertThat(NativeErrors.all())
                .allSatisfy(
                        error ->
                                assertThat(Errno.name(Errno.of(error.errno())))
                                        .isEqualTo(error.errno()));
    }
}
