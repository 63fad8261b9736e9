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

import static io.watchqueue.reactor.FakeStreams.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyNotification;
import io.watchqueue.Notification;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.reactivestreams.Publisher;

import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Schedulers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The guide's table of the demand of operators, row by row. */
@Timeout(300)
class DemandTests {

    private static final int REQUESTS = 3;
    private static final int EVENTS = 2_000;
    private static final Notification EVENT = new KeyNotification(KeyEvent.UPDATED, 1, 0, 0);
    private static final Pattern ROW = Pattern.compile("\\| (`.+`) \\| (unbounded|[0-9, ]+) \\|.*");

    private static final Map<String, Function<Flux<Notification>, Publisher<?>>> OPERATORS =
            new LinkedHashMap<>();

    static {
        OPERATORS.put("subscribe(..)", flux -> flux);
        OPERATORS.put("take(5)", flux -> flux.take(5));
        OPERATORS.put("limitRate(10)", flux -> flux.limitRate(10));
        OPERATORS.put("limitRate(32, 0)", flux -> flux.limitRate(32, 0));
        OPERATORS.put("publishOn(s)", flux -> flux.publishOn(Schedulers.parallel()));
        OPERATORS.put("publishOn(s, 32)", flux -> flux.publishOn(Schedulers.parallel(), 32));
        OPERATORS.put("flatMap(f)", flux -> flux.flatMap(DemandTests::later));
        OPERATORS.put("flatMap(f, 8)", flux -> flux.flatMap(DemandTests::later, 8));
        OPERATORS.put("concatMap(f)", flux -> flux.concatMap(DemandTests::later));
        OPERATORS.put("delayElements(d)", flux -> flux.delayElements(Duration.ofMillis(1)));
        OPERATORS.put("flatMapIterable(f)", flux -> flux.flatMapIterable(List::of));
        OPERATORS.put("mergeWith(other)", flux -> flux.mergeWith(Flux.never()));
        OPERATORS.put("share()", Flux::share);
        OPERATORS.put("publish(16).refCount()", flux -> flux.publish(16).refCount());
        OPERATORS.put("replay(10).refCount()", flux -> flux.replay(10).refCount());
        OPERATORS.put("buffer(10)", flux -> flux.buffer(10));
        OPERATORS.put("window(10)", flux -> flux.window(10));
        OPERATORS.put(
                "bufferTimeout(10, d)", flux -> flux.bufferTimeout(10, Duration.ofSeconds(1)));
        OPERATORS.put(
                "bufferTimeout(10, d, true)",
                flux -> flux.bufferTimeout(10, Duration.ofSeconds(1), true));
        OPERATORS.put("sample(d)", flux -> flux.sample(Duration.ofSeconds(1)));
        OPERATORS.put("onBackpressureBuffer(64)", flux -> flux.onBackpressureBuffer(64));
        OPERATORS.put("onBackpressureDrop()", Flux::onBackpressureDrop);
        OPERATORS.put("onBackpressureLatest()", Flux::onBackpressureLatest);
        OPERATORS.put(
                "transform(resyncOnLoss(m))",
                flux -> flux.transform(NotificationOperators.resyncOnLoss(Mono.just("state"))));
        OPERATORS.put(
                "transform(boundedWithLoss(64))",
                flux -> flux.transform(NotificationOperators.boundedWithLoss(64)));
    }

    private static Mono<Notification> later(Notification notification) {
        return Mono.just(notification).hide();
    }

    @TestFactory
    Stream<DynamicTest> theTableIsTrue() throws IOException {
        Map<String, String> table = table();
        assertThat(table.keySet()).containsExactlyInAnyOrderElementsOf(OPERATORS.keySet());
        return table.entrySet().stream()
                .map(
                        row ->
                                DynamicTest.dynamicTest(
                                        row.getKey(),
                                        () ->
                                                assertThat(demand(OPERATORS.get(row.getKey())))
                                                        .isEqualTo(row.getValue())));
    }

    /** The rows, a row of several operators taken apart. */
    private static Map<String, String> table() throws IOException {
        Map<String, String> table = new LinkedHashMap<>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "guide.md"))) {
            Matcher row = ROW.matcher(line);
            if (row.matches()) {
                for (String operator : row.group(1).replaceAll("^`|`$", "").split("`, `", -1)) {
                    table.put(operator, row.group(2));
                }
            }
        }
        return table;
    }

    /** The first requests that reach the source, while its events are taken as they come. */
    private static String demand(Function<Flux<Notification>, Publisher<?>> operators) {
        List<Long> requests = new CopyOnWriteArrayList<>();
        AtomicReference<SignalType> end = new AtomicReference<>();
        Flux<Notification> source =
                Flux.<Notification>generate(sink -> sink.next(EVENT))
                        .take(EVENTS)
                        .doOnRequest(requests::add)
                        .doFinally(end::set);
        Disposable subscription = Flux.from(operators.apply(source)).subscribe();
        eventually(() -> requests.size() >= REQUESTS || end.get() != null);
        subscription.dispose();
        return requests.stream()
                .limit(REQUESTS)
                .map(n -> n == Long.MAX_VALUE ? "unbounded" : Long.toString(n))
                .collect(Collectors.joining(", "));
    }
}
