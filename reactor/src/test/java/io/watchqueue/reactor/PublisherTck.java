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

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.Notification;

import org.junit.jupiter.api.DynamicTest;
import org.reactivestreams.Publisher;
import org.reactivestreams.tck.PublisherVerification;
import org.reactivestreams.tck.TestEnvironment;
import org.testng.SkipException;
import org.testng.annotations.Test;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongFunction;
import java.util.stream.Stream;

/**
 * The Reactive Streams TCK's publisher verification, which is written for TestNG, as JUnit's tests.
 * Everything that it does not verify has to be listed here, with the reason.
 */
final class PublisherTck extends PublisherVerification<Notification> {

    /** The upper bound of a wait for a signal, which a loaded machine does not reach. */
    private static final long SIGNAL_MILLIS = 60_000;

    /** The time without a signal, and the time between two checks for an error. */
    private static final long SILENCE_MILLIS = 50;

    /** The rules for which the TCK has no test. */
    private static final Map<String, String> UNTESTED =
            Map.of(
                    "untested_spec106_mustConsiderSubscriptionCancelledAfterOnErrorOrOnCompleteHasBeenCalled",
                    "the TCK has no test; that the queue is closed before is tested with onDispose()",
                    "untested_spec107_mustNotEmitFurtherSignalsOnceOnErrorHasBeenSignalled",
                    "the TCK has no test; the race tests look at getProtocolErrors()",
                    "untested_spec108_possiblyCanceledSubscriptionShouldNotReceiveOnErrorOrOnCompleteSignals",
                    "the TCK has no test; cancellingIsSilentAndClosesOnTheReaderThread is one",
                    "untested_spec109_subscribeShouldNotThrowNonFatalThrowable",
                    "the TCK has no test; aFailureToOpenIsAnErrorAndLeavesNothingOpen is one",
                    "untested_spec110_rejectASubscriptionRequestIfTheSameSubscriberSubscribesTwice",
                    "the TCK has no test, and the rule leaves it to the subscriber, §2.5",
                    "untested_spec304_requestShouldNotPerformHeavyComputations",
                    "the TCK has no test; request adds to a number, and at most wakes the reader",
                    "untested_spec305_cancelMustNotSynchronouslyPerformHeavyComputation",
                    "the TCK has no test; cancel sets a state, and at most wakes the reader");

    /** The notifications that subscribers of one publisher get. */
    enum Subscribers {
        ALL_THE_SAME,
        EACH_ITS_OWN,
        ONE_ONLY
    }

    private static final Set<String> SEVERAL =
            Set.of(
                    "optional_spec111_maySupportMultiSubscribe",
                    "optional_spec111_registeredSubscribersMustReceiveOnNextOrOnCompleteSignals");

    private static final Set<String> SAME =
            Set.of(
                    "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingOneByOne",
                    "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfront",
                    "optional_spec111_multicast_mustProduceTheSameElementsInTheSameSequenceToAllOfItsSubscribersWhenRequestingManyUpfrontAndCompleteAsExpected");

    private final Map<String, String> notVerified = new HashMap<>(UNTESTED);
    private final LongFunction<Publisher<Notification>> publishers;

    private PublisherTck(
            TestEnvironment environment,
            Subscribers subscribers,
            LongFunction<Publisher<Notification>> publishers) {
        super(environment);
        this.publishers = publishers;
        if (subscribers == Subscribers.ONE_ONLY) {
            SEVERAL.forEach(test -> notVerified.put(test, "it has one subscriber by design"));
        }
        if (subscribers != Subscribers.ALL_THE_SAME) {
            SAME.forEach(test -> notVerified.put(test, "here no two have the same queue"));
        }
    }

    /**
     * One test for each of the TCK's.
     *
     * @param subscribers the notifications that several subscribers of a publisher get
     * @param publishers makes a publisher of that many notifications, or of as many as a kernel
     *     queue holds if that is less; for -1, one that fails
     */
    static Stream<DynamicTest> verify(
            Subscribers subscribers, LongFunction<Publisher<Notification>> publishers) {
        return Arrays.stream(PublisherVerification.class.getMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .map(
                        method ->
                                new PublisherTck(
                                                new TestEnvironment(
                                                        SIGNAL_MILLIS,
                                                        SILENCE_MILLIS,
                                                        SILENCE_MILLIS),
                                                subscribers,
                                                publishers)
                                        .test(method));
    }

    private DynamicTest test(Method method) {
        String reason = notVerified.get(method.getName());
        if (reason == null) {
            return DynamicTest.dynamicTest(method.getName(), () -> run(method));
        }
        return DynamicTest.dynamicTest(
                "not verified, as " + reason + ": " + method.getName(),
                () ->
                        assertThatThrownBy(() -> run(method))
                                .as("what does not apply")
                                .isInstanceOf(SkipException.class));
    }

    private void run(Method method) throws Throwable {
        setUp();
        try {
            method.invoke(this);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    @Override
    public Publisher<Notification> createPublisher(long elements) {
        return publishers.apply(elements);
    }

    @Override
    public Publisher<Notification> createFailedPublisher() {
        return publishers.apply(-1);
    }
}
