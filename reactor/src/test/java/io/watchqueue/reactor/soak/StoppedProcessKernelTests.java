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

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.KeyNotification;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.internal.TestProcess;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A process that is stopped under a flood, by SIGSTOP, and goes on: the notifications in its queue
 * are received in order, and those that it could not hold are a loss in their place.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // no interrupt ends a read
@Tag("proof")
class StoppedProcessKernelTests {

    private static final int CAPACITY = 32;
    private static final int ROUNDS = 3;
    private static final int BEFORE = 10;

    private final Ticks ticks = new Ticks();
    private final Account account = new Account(CAPACITY, null);
    private final List<Notification> received = new ArrayList<>();

    @Test
    void receivesEveryEventOfTheStopOrALossInItsPlace() throws Exception {
        try (Keys keys = new Keys(ticks)) {
            ChangeLog log = keys.add("watched", Keys.MEMBERS, new Random(1));
            account.watching(log, 0, ticks.next());
            Process child = start(log.key());
            try (BufferedReader output = child.inputReader()) {
                assertThat(output.readLine()).isEqualTo("subscribed");
                account.watched(log.key(), ticks.next());
                for (int round = 0; round < ROUNDS; round++) {
                    // It may have received all of them, some, or none.
                    change(keys, log, BEFORE);
                    stop(child);
                    change(keys, log, 2 * CAPACITY);
                    signal("CONT", child);
                    // The last that was queued.
                    while (!(receive(output, log.key()) instanceof LossNotification)) {}
                }
                keys.change(log);
                receive(output, log.key());
            } finally {
                child.destroyForcibly();
            }
            Account.Verdict verdict = account.compare(received);
            assertThat(verdict.mistakes).isEmpty();
            assertThat(verdict.unread).isZero();
            assertThat(verdict.losses).isEqualTo(ROUNDS);
            assertThat(verdict.dropped).isBetween(ROUNDS * CAPACITY, ROUNDS * (CAPACITY + BEFORE));
        }
    }

    private static Process start(KeyId key) throws IOException {
        return new ProcessBuilder(TestProcess.java(PrintingProgram.class, key, CAPACITY))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static void change(Keys keys, ChangeLog log, int times) {
        for (int i = 0; i < times; i++) {
            keys.change(log);
        }
    }

    private static void signal(String name, Process child) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(child.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    /** Returns when all its threads have stopped. */
    private static void stop(Process child) throws Exception {
        signal("STOP", child);
        Path threads = Path.of("/proc", Long.toString(child.pid()), "task");
        while (true) {
            try (Stream<Path> all = Files.list(threads)) {
                if (all.allMatch(StoppedProcessKernelTests::isStopped)) {
                    return;
                }
            }
        }
    }

    private static boolean isStopped(Path thread) {
        return "TX".indexOf(TestProcess.state(thread.resolve("stat"))) >= 0;
    }

    private Notification receive(BufferedReader output, KeyId key) throws IOException {
        String line = output.readLine();
        assertThat(line).as("what the process prints").isNotNull();
        Notification notification;
        if (line.equals(PrintingProgram.LOSS)) {
            notification = new LossNotification();
        } else {
            String[] change = line.split(" ", -1);
            notification =
                    new KeyNotification(
                            KeyEvent.valueOf(change[0]),
                            key.value(),
                            Integer.parseInt(change[1]),
                            0);
        }
        received.add(notification);
        return notification;
    }
}
