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
package io.watchqueue.reactor.soak;

import io.watchqueue.KeyId;
import io.watchqueue.KeyUnavailableException;
import io.watchqueue.NotificationFilter;
import io.watchqueue.Watch;
import io.watchqueue.WatchQueue;
import io.watchqueue.reactor.NotificationFlux;
import io.watchqueue.reactor.NotificationReader;
import io.watchqueue.reactor.ReactiveWatchQueue;

import org.jspecify.annotations.Nullable;

import reactor.core.publisher.Mono;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** One queue from its opening to its end, with random settings and actions, and its account. */
final class Session {

    /** Few, so that filters meet them. */
    static final int TAGS = 8;

    private static final Duration SOON = Duration.ofMinutes(5);

    /** About how many notifications a session keeps. */
    private static final int ENOUGH = 20_000;

    /** How it ends. */
    enum End {
        CANCELLED,
        CANCELLED_FROM_ON_NEXT,
        DISPOSED,
        /** When all that was posted has been received, or lost. */
        READ_TO_THE_END,
        /** By itself, after its last removal. */
        UNWATCHED
    }

    /** The result of a session. */
    record Result(Demand demand, End end, Account.Verdict verdict) {}

    private final Keys keys;
    private final Ticks ticks;
    private final Random random;
    private final BooleanSupplier goesOn;
    private final Demand demand;
    private final Receiver receiver;
    private final Account account;
    private final NotificationFlux.Builder builder;
    private final String name;
    private final String description;

    Session(String name, Keys keys, Ticks ticks, Random random, BooleanSupplier goesOn) {
        this.name = name;
        this.keys = keys;
        this.ticks = ticks;
        this.random = random;
        this.goesOn = goesOn;
        this.demand = Demand.values()[random.nextInt(Demand.values().length)];
        this.receiver = new Receiver(demand);
        int capacity = random.nextInt(3) == 0 ? 32 : 1 + random.nextInt(WatchQueue.MAX_CAPACITY);
        int prefetch = random.nextInt(3) == 0 ? random.nextInt(2_000) : 0;
        NotificationFilter filter = Filters.any(random);
        this.account = new Account(capacity, filter);
        this.builder =
                NotificationFlux.builder().capacity(capacity).prefetch(prefetch).filter(filter);
        if (random.nextInt(8) == 0) {
            builder.reader(NotificationReader.create(name));
        }
        this.description =
                name + ", " + demand + ", capacity " + capacity + ", prefetch " + prefetch;
    }

    /** Runs it; returns null if its keys were gone when it began. */
    @Nullable Result run() throws InterruptedException {
        try {
            return random.nextInt(3) == 0 ? runStream() : runQueue();
        } catch (RuntimeException e) {
            if (receiver.error() != null) {
                e.addSuppressed(receiver.error());
            }
            throw e;
        }
    }

    /** One whose watches are placed when it is subscribed to. */
    private @Nullable Result runStream() throws InterruptedException {
        List<KeyId> watched = new ArrayList<>();
        for (int i = 1 + random.nextInt(4); i > 0; i--) {
            ChangeLog log = keys.any(random);
            if (!account.knows(log.key())) {
                int tag = random.nextInt(TAGS);
                account.watching(log, tag, ticks.next());
                builder.watch(log.key(), tag);
                watched.add(log.key());
            }
        }
        boolean untilUnwatched = random.nextBoolean();
        if (untilUnwatched) {
            builder.completeWhenUnwatched();
        }
        NotificationFlux flux = builder.build();
        flux.subscribe(receiver);
        long now = ticks.next();
        if (receiver.error() instanceof KeyUnavailableException) {
            return null;
        }
        watched.forEach(key -> account.watched(key, now));
        act(() -> {});
        End end = untilUnwatched ? End.UNWATCHED : anyAbruptEnd();
        if (untilUnwatched) {
            receiver.askForAll();
            long deadline = System.nanoTime() + SOON.toNanos();
            // A removal may be lost too, and then the stream does not end.
            while (!receiver.awaitEnd(10) && !receiver.hasLoss()) {
                if (System.nanoTime() > deadline) {
                    receiver.mistakes.add("its keys are gone, and it goes on");
                    break;
                }
            }
        } else {
            end(end, flux::dispose);
        }
        boolean byItself = receiver.isCompleted() && end == End.UNWATCHED;
        flux.dispose();
        flux.onDispose().block(SOON);
        Result result = result(end);
        if (byItself && result.verdict.unremoved > 0) {
            mistake(result.verdict, "it completed before its last removal");
        }
        return result;
    }

    /** One whose watches and filter change while it is received. */
    private Result runQueue() throws InterruptedException {
        ReactiveWatchQueue queue = builder.queue();
        queue.open().block(SOON);
        queue.receive().subscribe(receiver);
        List<KeyId> watched = new ArrayList<>();
        act(
                () -> {
                    switch (random.nextInt(8)) {
                        case 0, 1, 2 -> watch(queue, watched);
                        case 3 -> unwatch(queue, watched);
                        case 4 -> filter(queue);
                        default -> {} // just let it receive
                    }
                });
        End end = random.nextBoolean() ? End.READ_TO_THE_END : anyAbruptEnd();
        if (end == End.READ_TO_THE_END) {
            readToTheEnd(queue, watched);
        } else {
            end(end, queue::dispose);
        }
        queue.dispose();
        queue.onDispose().block(SOON);
        return result(end);
    }

    private void act(Runnable action) {
        int actions = 10 + random.nextInt(60);
        for (int i = 0; i < actions && goesOn.getAsBoolean() && receiver.count() < ENOUGH; i++) {
            action.run();
            receiver.askNowAndThen(random);
            LockSupport.parkNanos(random.nextInt(100_000_000));
        }
    }

    private void watch(ReactiveWatchQueue queue, List<KeyId> watched) {
        ChangeLog log = keys.any(random);
        KeyId key = log.key();
        if (!account.knows(key) && queue.watches().size() < 8) {
            if (watch(queue, log, random.nextInt(TAGS))) {
                watched.add(key);
            }
        }
    }

    private boolean watch(ReactiveWatchQueue queue, ChangeLog log, int tag) {
        account.watching(log, tag, ticks.next());
        Watch watch =
                queue.watch(log.key(), tag)
                        .onErrorResume(KeyUnavailableException.class, gone -> Mono.empty())
                        .block(SOON);
        if (watch == null) {
            account.notWatched(log.key());
            return false;
        }
        account.watched(log.key(), ticks.next());
        return true;
    }

    private void unwatch(ReactiveWatchQueue queue, List<KeyId> watched) {
        if (!watched.isEmpty()) {
            unwatch(queue, watched.remove(random.nextInt(watched.size())));
        }
    }

    private void unwatch(ReactiveWatchQueue queue, KeyId key) {
        account.unwatching(key, ticks.next());
        queue.unwatch(key).block(SOON);
        account.unwatched(key, ticks.next());
    }

    private void filter(ReactiveWatchQueue queue) {
        NotificationFilter filter = Filters.any(random);
        long before = ticks.next();
        queue.filter(filter).block(SOON);
        account.filtered(filter, new Span(before, ticks.next()));
    }

    private End anyAbruptEnd() {
        End[] ends = {End.CANCELLED, End.CANCELLED_FROM_ON_NEXT, End.DISPOSED};
        return ends[random.nextInt(ends.length)];
    }

    private void end(End end, Runnable dispose) throws InterruptedException {
        switch (end) {
            case CANCELLED -> receiver.cancel();
            case CANCELLED_FROM_ON_NEXT -> receiver.cancelFromOnNext();
            default -> {
                dispose.run();
                if (!receiver.awaitEnd(SOON.toMillis())) {
                    receiver.mistakes.add("it was disposed of, and did not complete");
                }
            }
        }
    }

    /**
     * Marks the end of the queue by the removal of a watch, which no filter holds back: all earlier
     * changes are received before it. The removal may be lost like any other notification. So
     * nothing else is watched by then, because floods would always be faster than a reader without
     * a processor.
     */
    private void readToTheEnd(ReactiveWatchQueue queue, List<KeyId> watched) {
        while (!watched.isEmpty()) {
            unwatch(queue, watched);
        }
        receiver.askForAll();
        long deadline = System.nanoTime() + SOON.toNanos();
        Set<KeyId> ends = new HashSet<>();
        for (int attempt = 0; System.nanoTime() < deadline; attempt++) {
            KeyId end = keys.keyctl.add("user", name + " " + attempt, new byte[1], keys.parent);
            ends.add(end);
            watch(queue, new ChangeLog(end, List.of()), 0);
            unwatch(queue, end);
            keys.keyctl.invalidate(end);
            // For longer each time, so that they do not fill the queue.
            long again = System.nanoTime() + (100_000_000L << attempt);
            while (System.nanoTime() < Math.min(again, deadline)) {
                if (ends.stream().anyMatch(receiver::hasRemovalOf)) {
                    return;
                }
                LockSupport.parkNanos(5_000_000);
            }
        }
        receiver.mistakes.add("of " + ends.size() + " removals after all else none came");
    }

    private Result result(End end) {
        Account.Verdict verdict = account.compare(receiver.received);
        List<String> own = List.copyOf(verdict.mistakes);
        verdict.mistakes.clear();
        own.forEach(mistake -> mistake(verdict, mistake));
        receiver.mistakes.forEach(mistake -> mistake(verdict, mistake));
        if (receiver.error() != null) {
            mistake(verdict, receiver.error().toString());
        }
        return new Result(demand, end, verdict);
    }

    private void mistake(Account.Verdict verdict, String mistake) {
        verdict.mistakes.add(description + ": " + mistake);
    }
}
