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
package io.watchqueue.examples.keywatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.examples.keywatch.PendingChanges.Batch;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

@Timeout(60)
class PendingChangesTests {

    private final PendingChanges changes = new PendingChanges();

    private void add(String line) {
        changes.add(new Report(line, Report.Kind.CHANGE));
    }

    private Batch take() throws InterruptedException {
        return changes.take(Duration.ZERO);
    }

    @Test
    void gathersChangesUntilTheDebounceIsOver() throws Exception {
        CompletableFuture<Batch> taken = new CompletableFuture<>();
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                taken.complete(changes.take(Duration.ofHours(1)));
                            } catch (InterruptedException e) {
                                taken.completeExceptionally(e);
                            }
                        });
        thread.start();
        await(thread, Thread.State.WAITING);
        add("1");
        await(thread, Thread.State.TIMED_WAITING);
        add("2");
        await(thread, Thread.State.TIMED_WAITING);
        assertThat(taken).isNotDone();
        changes.complete();
        assertThat(taken.get()).isEqualTo(new Batch("1\n2", 0, false));
        assertThat(take()).isNull();
    }

    private static void await(Thread thread, Thread.State state) {
        while (thread.getState() != state) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void aShortDebounceEndsByItself() throws Exception {
        add("1");
        assertThat(changes.take(Duration.ofMillis(1))).isEqualTo(new Batch("1", 0, false));
    }

    @Test
    void changesDuringARunAreForOneMoreRun() throws Exception {
        add("1");
        assertThat(take().events()).isEqualTo("1");
        add("2");
        changes.add(new Report("lost", Report.Kind.LOSS));
        add("3");
        assertThat(take()).isEqualTo(new Batch("2\nlost\n3", 0, true));
        add("4");
        assertThat(take()).isEqualTo(new Batch("4", 0, false));
    }

    @Test
    void keepsTheFirstEventsAndCountsTheOthers() throws Exception {
        String half = "x".repeat(PendingChanges.ROOM / 2);
        add(half);
        add(half); // with the line break, one character too many
        add("short");
        assertThat(take()).isEqualTo(new Batch(half, 2, false));
        add("short");
        assertThat(take()).isEqualTo(new Batch("short", 0, false));
        add("x".repeat(PendingChanges.ROOM + 1));
        assertThat(take()).isEqualTo(new Batch("", 1, false));
    }

    @Test
    void eventsAreAscii() throws Exception {
        add("{\"d\":\"\u00f6\ud83d\ude00\\n\"}");
        assertThat(take().events()).isEqualTo("{\"d\":\"\\u00f6\\ud83d\\ude00\\n\"}");
    }

    @Test
    void aKeyringAsItWasFoundIsNoChange() throws Exception {
        changes.add(new Report("found", Report.Kind.FOUND));
        changes.complete();
        assertThat(take()).isNull();
    }

    @Test
    void anErrorComesAfterTheChangesBeforeIt() throws Exception {
        add("1");
        changes.fail(new IllegalArgumentException("no more"));
        assertThat(take().events()).isEqualTo("1");
        assertThatThrownBy(this::take).isInstanceOf(IllegalArgumentException.class);
    }
}
