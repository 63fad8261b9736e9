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

import static io.watchqueue.reactor.FakeStreams.QUIET;
import static io.watchqueue.reactor.FakeStreams.SOON;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;
import io.watchqueue.UnknownNotification;
import io.watchqueue.WatchQueue;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;
import reactor.test.publisher.PublisherProbe;
import reactor.test.publisher.TestPublisher;

import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

@Timeout(300)
class NotificationOperatorsTests {

    private static final Notification UPDATED = key(KeyEvent.UPDATED, 1);
    private static final Notification REVOKED = key(KeyEvent.REVOKED, 2);
    private static final Notification LINKED = key(KeyEvent.LINKED, 44);
    private static final Notification REMOVAL = new RemovalNotification(42, 9);
    private static final LossNotification LOSS = new LossNotification();
    private static final Notification UNKNOWN =
            new UnknownNotification(7, 3, 8 | 1 << 8, new byte[0]);
    private static final Flux<Notification> ALL =
            Flux.just(UPDATED, LOSS, REVOKED, UNKNOWN, LINKED, REMOVAL);

    private static Notification key(KeyEvent event, int tag) {
        return new KeyNotification(event, 42, 0, tag);
    }

    private static Flux<Notification> through(
            Function<Flux<Notification>, Flux<Notification>> operator) {
        return ALL.transform(operator);
    }

    // Filters

    @Test
    void filterPassesWhatTheKernelsWould() {
        NotificationFilter filter =
                NotificationFilter.of(
                        NotificationFilter.events(KeyEvent.UPDATED),
                        NotificationFilter.events(KeyEvent.REVOKED).withTag(5));
        StepVerifier.create(through(NotificationOperators.filter(filter)))
                .expectNext(UPDATED, LOSS, REMOVAL)
                .verifyComplete();
    }

    @Test
    void eventsPassesTheseAndLossesAndRemovals() {
        StepVerifier.create(
                        through(NotificationOperators.events(KeyEvent.REVOKED, KeyEvent.LINKED)))
                .expectNext(LOSS, REVOKED, LINKED, REMOVAL)
                .verifyComplete();
        StepVerifier.create(through(NotificationOperators.events()))
                .expectNext(UPDATED, LOSS, REVOKED, LINKED, REMOVAL)
                .verifyComplete();
    }

    @Test
    void tagsPassesTheseAndLossesAndRemovals() {
        StepVerifier.create(through(NotificationOperators.tags(1, 44)))
                .expectNext(UPDATED, LOSS, UNKNOWN, LINKED, REMOVAL)
                .verifyComplete();
        Notification first = key(KeyEvent.UPDATED, 0);
        Notification last = key(KeyEvent.UPDATED, 255);
        StepVerifier.create(
                        Flux.just(first, UPDATED, last)
                                .transform(NotificationOperators.tags(0, 255)))
                .expectNext(first, last)
                .verifyComplete();
        assertThatThrownBy(() -> NotificationOperators.tags(-1))
                .hasMessageContaining("tag -1 is not from 0 to 255");
        assertThatThrownBy(() -> NotificationOperators.tags(1, 256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("256");
        assertThatThrownBy(NotificationOperators::tags)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none named");
    }

    @Test
    void requestsReplacementsForFilteredNotifications() {
        StepVerifier.create(through(NotificationOperators.tags(2)), 0)
                .expectSubscription()
                .thenRequest(1)
                .expectNext(LOSS)
                .thenRequest(1)
                .expectNext(REVOKED)
                .thenRequest(1)
                .expectNext(REMOVAL)
                .verifyComplete();
    }

    // failOnLoss

    @Test
    void failOnLossCancelsTheSourceAndSaysWhatWasLost() {
        PublisherProbe<Notification> source = PublisherProbe.of(ALL);
        LossNotification counted = new LossNotification(LossNotification.Origin.SUBSCRIBER, 3);
        StepVerifier.create(source.flux().transform(NotificationOperators.failOnLoss()))
                .expectNext(UPDATED)
                .expectErrorSatisfies(
                        e -> assertThat(((NotificationLossException) e).loss()).isSameAs(LOSS))
                .verify(SOON);
        source.assertWasCancelled();
        StepVerifier.create(
                        Flux.<Notification>just(counted)
                                .transform(NotificationOperators.failOnLoss()))
                .expectErrorSatisfies(e -> assertThat(e).hasMessageContainingAll("SUBSCRIBER", "3"))
                .verify(SOON);
        StepVerifier.create(
                        Flux.just(UPDATED, REMOVAL).transform(NotificationOperators.failOnLoss()))
                .expectNext(UPDATED, REMOVAL)
                .verifyComplete();
    }

    @Test
    void afterALossASubscriptionCanBeTriedAgain() {
        AtomicInteger subscriptions = new AtomicInteger();
        Flux<Notification> source =
                Flux.defer(
                        () ->
                                subscriptions.incrementAndGet() < 3
                                        ? Flux.just(UPDATED, LOSS)
                                        : Flux.just(REVOKED));
        StepVerifier.create(source.transform(NotificationOperators.failOnLoss()).retry())
                .expectNext(UPDATED, UPDATED, REVOKED)
                .verifyComplete();
    }

    // resyncOnLoss

    @Test
    void takesTheSnapshotAfterSubscribingToTheSource() {
        List<String> order = new ArrayList<>();
        Flux<Notification> source =
                Flux.<Notification>never().doOnSubscribe(s -> order.add("watching"));
        Mono<String> snapshot =
                Mono.fromSupplier(
                        () -> {
                            order.add("snapshot");
                            return "state";
                        });
        StepVerifier.create(source.transform(NotificationOperators.resyncOnLoss(snapshot)))
                .expectNext(new Resynced.Snapshot<>("state", null))
                .expectNoEvent(QUIET)
                .thenCancel()
                .verify(SOON);
        assertThat(order).containsExactly("watching", "snapshot");
    }

    static Stream<Arguments> sources() {
        return Stream.of(
                source("share", Flux::share),
                source("publish.refCount", flux -> flux.publish(256).refCount()),
                source(
                        "boundedWithLoss after publish",
                        flux ->
                                flux.publish(256)
                                        .refCount()
                                        .transform(NotificationOperators.boundedWithLoss(10))),
                source("concat", flux -> Flux.concat(Flux.empty(), flux)),
                source(
                        "usingWhen",
                        flux -> Flux.usingWhen(Mono.just(1), any -> flux, any -> Mono.empty())));
    }

    private static Arguments source(String name, UnaryOperator<Flux<Notification>> operators) {
        return Arguments.of(name, operators);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("sources")
    void takesASnapshotWhenTheWatchesArePlacedEvenAfter(
            String name, UnaryOperator<Flux<Notification>> operators) {
        List<String> order = new ArrayList<>();
        FakeStreams streams = new FakeStreams();
        Flux<Notification> flux =
                streams.flux(
                        () -> {
                            WatchQueue queue = streams.open(32);
                            order.add("watching");
                            return queue;
                        });
        Mono<String> snapshot = Mono.fromSupplier(() -> order.add("snapshot") ? "state" : "");
        StepVerifier.create(
                        operators
                                .apply(flux)
                                .transform(NotificationOperators.resyncOnLoss(snapshot)))
                .expectNext(new Resynced.Snapshot<>("state", null))
                .thenCancel()
                .verify(SOON);
        assertThat(order).containsExactly("watching", "snapshot");
        streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
    }

    /** Nothing is watched, so a snapshot would look current, and never change. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("sources")
    void takesNoSnapshotIfTheWatchesCannotBePlacedEvenAfter(
            String name, UnaryOperator<Flux<Notification>> operators) {
        for (NativeCall call :
                List.of(NativeCall.PIPE2, NativeCall.WATCH_KEY, NativeCall.EPOLL_CREATE)) {
            FakeStreams streams = new FakeStreams();
            streams.kernel.fail(call, "ENOMEM");
            AtomicInteger snapshots = new AtomicInteger();
            StepVerifier.create(
                            operators
                                    .apply(streams.flux())
                                    .transform(
                                            NotificationOperators.resyncOnLoss(
                                                    Mono.fromSupplier(snapshots::incrementAndGet))))
                    .expectErrorSatisfies(e -> assertThat(e).hasMessageContaining("ENOMEM"))
                    .verify(SOON);
            assertThat(snapshots).as("snapshots after a failing %s", call).hasValue(0);
            streams.nothingIsLeftOpenAndNoClosedDescriptorWasUsed();
        }
    }

    @Test
    void noSnapshotIsTakenOfAStreamThatHasEnded() {
        FakeStreams streams = new FakeStreams();
        NotificationFlux flux = streams.flux();
        flux.dispose();
        StepVerifier.create(flux.transform(NotificationOperators.resyncOnLoss(Mono.just("state"))))
                .verifyComplete();
    }

    @Test
    void emitsASnapshotInThePlaceOfALoss() {
        AtomicInteger states = new AtomicInteger();
        StepVerifier.create(
                        ALL.transform(
                                NotificationOperators.resyncOnLoss(
                                        Mono.fromSupplier(states::incrementAndGet))))
                .expectNext(new Resynced.Snapshot<>(1, null))
                .expectNext(new Resynced.Change<>(UPDATED))
                .expectNext(new Resynced.Snapshot<>(2, LOSS))
                .expectNext(new Resynced.Change<>(REVOKED))
                .expectNext(new Resynced.Change<>(UNKNOWN))
                .expectNext(new Resynced.Change<>(LINKED))
                .expectNext(new Resynced.Change<>(REMOVAL))
                .verifyComplete();
    }

    @Test
    void emitsChangesAfterTheSnapshotAndBuffersNoMoreThan32() {
        TestPublisher<Notification> source = TestPublisher.create();
        List<Long> requests = new ArrayList<>();
        List<Sinks.One<String>> snapshots = new ArrayList<>();
        Mono<String> snapshot =
                Mono.defer(
                        () -> {
                            Sinks.One<String> sink = Sinks.one();
                            snapshots.add(sink);
                            return sink.asMono();
                        });
        StepVerifier.create(
                        source.flux()
                                .doOnRequest(requests::add)
                                .transform(NotificationOperators.resyncOnLoss(snapshot)))
                .then(() -> source.next(UPDATED, LOSS, REVOKED))
                .expectNoEvent(QUIET)
                .then(() -> assertThat(requests).containsExactly(32L))
                .then(() -> snapshots.get(0).tryEmitValue("first"))
                .expectNext(new Resynced.Snapshot<>("first", null))
                .expectNext(new Resynced.Change<>(UPDATED))
                .expectNoEvent(QUIET)
                .then(() -> source.next(LINKED))
                .then(() -> snapshots.get(1).tryEmitValue("second"))
                .expectNext(new Resynced.Snapshot<>("second", LOSS))
                .expectNext(new Resynced.Change<>(REVOKED))
                .expectNext(new Resynced.Change<>(LINKED))
                .then(() -> assertThat(snapshots).hasSize(2))
                .thenCancel()
                .verify(SOON);
        source.assertCancelled();
    }

    @Test
    void signalsAnErrorOfTheSourceAfterItsNotifications() {
        Sinks.One<String> snapshot = Sinks.one();
        Flux<Notification> source =
                Flux.concat(
                        Flux.just(UPDATED, REVOKED),
                        Flux.error(new IllegalStateException("broken")));
        StepVerifier.create(source.transform(NotificationOperators.resyncOnLoss(snapshot.asMono())))
                .expectSubscription()
                .expectNoEvent(QUIET)
                .then(() -> snapshot.tryEmitValue("state"))
                .expectNext(new Resynced.Snapshot<>("state", null))
                .expectNext(new Resynced.Change<>(UPDATED))
                .expectNext(new Resynced.Change<>(REVOKED))
                .verifyErrorMessage("broken");
    }

    @Test
    void aSnapshotThatFailsOrIsEmptyIsTheEnd() {
        TestPublisher<Notification> source = TestPublisher.create();
        StepVerifier.create(
                        source.flux()
                                .transform(
                                        NotificationOperators.resyncOnLoss(
                                                Mono.error(new IllegalStateException("no state")))))
                .verifyErrorMessage("no state");
        source.assertCancelled();
        StepVerifier.create(
                        Flux.<Notification>never()
                                .transform(NotificationOperators.resyncOnLoss(Mono.empty())))
                .verifyError(NoSuchElementException.class);
    }

    @Test
    void resyncingHonoursDemand() {
        StepVerifier.create(
                        ALL.transform(NotificationOperators.resyncOnLoss(Mono.just("state"))), 0)
                .expectSubscription()
                .expectNoEvent(QUIET)
                .thenRequest(1)
                .expectNextMatches(Resynced.Snapshot.class::isInstance)
                .expectNoEvent(QUIET)
                .thenRequest(2)
                .expectNextMatches(Resynced.Change.class::isInstance)
                .expectNextMatches(Resynced.Snapshot.class::isInstance)
                .thenRequest(10)
                .expectNextCount(4)
                .verifyComplete();
    }

    @Test
    void eachSubscriberHasItsOwnStateEvenWithTransform() {
        AtomicInteger states = new AtomicInteger();
        Flux<Resynced<Integer>> resynced =
                Flux.just(UPDATED)
                        .transform(
                                NotificationOperators.resyncOnLoss(
                                        Mono.fromSupplier(states::incrementAndGet)));
        for (int i = 1; i <= 2; i++) {
            StepVerifier.create(resynced)
                    .expectNext(new Resynced.Snapshot<>(i, null))
                    .expectNext(new Resynced.Change<>(UPDATED))
                    .verifyComplete();
        }
    }
}
