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
package io.watchqueue.examples.benchmarks.jmh;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/**
 * The kernel's filter as a predicate, with several rules, one of which lets every second
 * notification pass.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FilterBenchmark {

    private static final int NOTIFICATIONS = 512;

    /** The number of rules. */
    @Param({"1", "16"})
    private int rules;

    private NotificationFilter filter =
            NotificationFilter.of(NotificationFilter.events(KeyEvent.UPDATED));
    private Notification[] notifications = {};

    /** Makes the filter and the notifications. */
    @Setup
    public void prepare() {
        filter =
                NotificationFilter.of(
                        IntStream.rangeClosed(1, rules)
                                .mapToObj(
                                        i ->
                                                i == rules
                                                        ? NotificationFilter.events(
                                                                KeyEvent.UPDATED)
                                                        : NotificationFilter.events(
                                                                        KeyEvent.UPDATED)
                                                                .withTag(i))
                                .toArray(NotificationFilter.Rule[]::new));
        notifications =
                IntStream.range(0, NOTIFICATIONS)
                        .mapToObj(
                                i ->
                                        new KeyNotification(
                                                i % 2 == 0 ? KeyEvent.UPDATED : KeyEvent.LINKED,
                                                1,
                                                0,
                                                99))
                        .toArray(Notification[]::new);
    }

    /**
     * Tests all notifications.
     *
     * @return the number that pass
     */
    @Benchmark
    @OperationsPerInvocation(NOTIFICATIONS)
    public int test() {
        int passed = 0;
        for (Notification notification : notifications) {
            if (filter.test(notification)) {
                passed++;
            }
        }
        return passed;
    }
}
