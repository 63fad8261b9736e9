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

import io.watchqueue.test.NativeErrors.NativeError;

import org.junit.jupiter.api.DynamicTest;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * The operations that make a system call, each by its name, to test the outcome of an error of that
 * call.
 *
 * @param <U> does something of which the call is a part
 */
public final class NativeUses<U> {

    private final Map<String, U> uses = new LinkedHashMap<>();

    private NativeUses() {}

    /** Something that makes the call; {@link #and} adds more. */
    public static <U> NativeUses<U> of(String name, U use) {
        return new NativeUses<U>().and(name, use);
    }

    /** No operation makes the call. */
    public static <U> NativeUses<U> none() {
        return new NativeUses<>();
    }

    public NativeUses<U> and(String name, U use) {
        uses.put(name, use);
        return this;
    }

    /** Lets one use, by name, meet one error, and checks the outcome. */
    public interface Check<U> {
        void run(NativeError error, String name, U use);
    }

    /** Each error of each call, in each use of it. */
    public static <U> Stream<DynamicTest> tests(
            Function<NativeCall, NativeUses<U>> usesOf, Check<U> check) {
        return NativeErrors.all().stream()
                .flatMap(
                        error ->
                                usesOf.apply(error.call()).uses.entrySet().stream()
                                        .map(
                                                use ->
                                                        test(
                                                                error,
                                                                use.getKey(),
                                                                use.getValue(),
                                                                check)));
    }

    private static <U> DynamicTest test(NativeError error, String name, U use, Check<U> check) {
        return DynamicTest.dynamicTest(
                error.displayName() + ", " + name, () -> check.run(error, name, use));
    }

    /** To watch a special keyring takes keyctl(2) twice, and the same error refuses both. */
    public static String outcomeOfWatching(NativeError error) {
        boolean refused = List.of("EPERM", "ENOSYS", "EOPNOTSUPP").contains(error.errno());
        return error.call() == NativeCall.GET_KEYRING_ID && refused
                ? "WatchQueueUnsupportedException"
                : error.outcome();
    }

    /** Each descriptor that was opened is closed, once; and no watch is left. */
    public static void assertThatNothingIsLeft(SimulatedKernel kernel, NativeError error) {
        assertThat(kernel.openDescriptors()).isZero();
        assertThat(kernel.queues()).allMatch(one -> one.watches().isEmpty());
        int opened =
                2 * succeeded(kernel, NativeCall.PIPE2, error)
                        + succeeded(kernel, NativeCall.EPOLL_CREATE, error)
                        + succeeded(kernel, NativeCall.EVENTFD, error);
        assertThat(kernel.count(NativeCall.CLOSE)).isEqualTo(opened);
    }

    private static int succeeded(SimulatedKernel kernel, NativeCall call, NativeError error) {
        return kernel.count(call) - (call == error.call() ? 1 : 0);
    }
}
