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

import static java.util.Map.entry;

import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;

import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Exchanger;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * Finds the calls that may block, directly or through others, among the calls of some code. A call
 * of an interface of this library is one of all that implement it; a lambda is part of the method
 * that makes it. Monitors are ignored, but calls under them are not.
 */
final class BlockingCalls {

    private static final Map<String, Set<String>> BLOCKING =
            Map.ofEntries(
                    entry(Object.class.getName(), Set.of("wait")),
                    entry(Thread.class.getName(), Set.of("sleep", "join")),
                    entry(TimeUnit.class.getName(), Set.of("sleep", "timedJoin", "timedWait")),
                    entry(LockSupport.class.getName(), Set.of("park", "parkNanos", "parkUntil")),
                    entry(Lock.class.getName(), Set.of("lock", "lockInterruptibly", "tryLock")),
                    entry(
                            Condition.class.getName(),
                            Set.of("await", "awaitNanos", "awaitUntil", "awaitUninterruptibly")),
                    entry(CountDownLatch.class.getName(), Set.of("await")),
                    entry(CyclicBarrier.class.getName(), Set.of("await")),
                    entry(
                            Phaser.class.getName(),
                            Set.of(
                                    "arriveAndAwaitAdvance",
                                    "awaitAdvance",
                                    "awaitAdvanceInterruptibly")),
                    entry(Exchanger.class.getName(), Set.of("exchange")),
                    entry(
                            Semaphore.class.getName(),
                            Set.of("acquire", "acquireUninterruptibly", "tryAcquire")),
                    entry(BlockingQueue.class.getName(), Set.of("put", "take", "offer", "poll")),
                    entry(Future.class.getName(), Set.of("get")),
                    entry(CompletableFuture.class.getName(), Set.of("get", "join")),
                    entry(
                            ExecutorService.class.getName(),
                            Set.of("awaitTermination", "close", "invokeAll", "invokeAny")),
                    entry(Process.class.getName(), Set.of("waitFor")),
                    entry(Mono.class.getName(), Set.of("block", "blockOptional")),
                    entry(
                            Flux.class.getName(),
                            Set.of("blockFirst", "blockLast", "toIterable", "toStream")),
                    entry(
                            InputStream.class.getName(),
                            Set.of("read", "readAllBytes", "readNBytes", "skip", "transferTo")),
                    entry(OutputStream.class.getName(), Set.of("write", "flush")),
                    entry(Reader.class.getName(), Set.of("read", "readLine", "transferTo")),
                    entry(Writer.class.getName(), Set.of("write", "append", "flush")),
                    entry(
                            Files.class.getName(),
                            Set.of("lines", "readAllBytes", "readAllLines", "readString")),
                    // The system calls that wait: poll(2), epoll_wait(2), and those that wait for a
                    // key that is under construction.
                    entry(
                            "io.watchqueue.internal.Kernel",
                            Set.of("poll", "epollWait", "watchKey", "requestKey")));

    private final JavaClasses classes;

    /** Each code unit that is reached, and the one that calls it. */
    private final Map<JavaCodeUnit, JavaCodeUnit> callers = new HashMap<>();

    private final ArrayDeque<JavaCodeUnit> next = new ArrayDeque<>();
    private final Set<JavaCodeUnit> seen = new HashSet<>();

    private BlockingCalls(JavaClasses classes) {
        this.classes = classes;
    }

    /**
     * Returns the places where code that a package reaches may block, such as {@code
     * "WatchQueue.poll: ReentrantLock.lock"}, each with the way there.
     */
    static Map<String, String> reachedFrom(String packageName, JavaClasses classes) {
        BlockingCalls calls = new BlockingCalls(classes);
        classes.stream()
                .filter(type -> type.getPackageName().equals(packageName))
                .forEach(calls::start);
        return calls.find();
    }

    private void start(JavaClass type) {
        type.getCodeUnits().stream().filter(seen::add).forEach(next::add);
        type.getStaticInitializer().filter(seen::add).ifPresent(next::add);
    }

    private Map<String, String> find() {
        Map<String, String> found = new TreeMap<>();
        while (!next.isEmpty()) {
            JavaCodeUnit unit = next.remove();
            accesses(unit)
                    .map(JavaCodeUnitAccess::getTarget)
                    .forEach(
                            target -> {
                                if (blocks(target)) {
                                    found.putIfAbsent(place(unit, target), way(unit));
                                } else {
                                    follow(unit, target);
                                }
                            });
        }
        return found;
    }

    private static Stream<JavaCodeUnitAccess<?>> accesses(JavaCodeUnit unit) {
        return Stream.of(
                        unit.getCallsFromSelf(),
                        unit.getMethodReferencesFromSelf(),
                        unit.getConstructorReferencesFromSelf())
                .flatMap(Set::stream);
    }

    private static boolean blocks(CodeUnitAccessTarget target) {
        return BLOCKING.entrySet().stream()
                .anyMatch(
                        entry ->
                                entry.getValue().contains(target.getName())
                                        && target.getOwner().isAssignableTo(entry.getKey()));
    }

    private void follow(JavaCodeUnit unit, CodeUnitAccessTarget target) {
        JavaClass owner = target.getOwner();
        if (!classes.contain(owner.getName())) {
            return;
        }
        String[] parameters =
                target.getRawParameterTypes().stream()
                        .map(JavaClass::getName)
                        .toArray(String[]::new);
        Stream.concat(
                        target.resolveMember().stream(),
                        owner.getAllSubclasses().stream()
                                .flatMap(
                                        type ->
                                                type
                                                        .tryGetMethod(target.getName(), parameters)
                                                        .stream()))
                .filter(seen::add)
                .forEach(
                        called -> {
                            callers.put(called, unit);
                            next.add(called);
                        });
    }

    private static String place(JavaCodeUnit unit, CodeUnitAccessTarget target) {
        return unit.getOwner().getSimpleName()
                + "."
                + unit.getName()
                + ": "
                + target.getOwner().getSimpleName()
                + "."
                + target.getName();
    }

    private String way(JavaCodeUnit end) {
        StringBuilder way = new StringBuilder(end.getFullName());
        for (JavaCodeUnit unit = callers.get(end); unit != null; unit = callers.get(unit)) {
            way.insert(0, unit.getFullName() + " -> ");
        }
        return way.toString();
    }
}
