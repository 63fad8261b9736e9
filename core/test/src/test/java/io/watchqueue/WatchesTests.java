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
package io.watchqueue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.watchqueue.test.FakeKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Races between the kernel's answer to one thread and the reads of another one. */
class WatchesTests {

    private final WatchQueue queue = WatchQueue.builder(new FakeKernel()).open();
    private final Watch watch = new Watch(queue, KeyId.of(7), 3);
    private final RemovalNotification removal = new RemovalNotification(7, 3);
    private final Watches watches = new Watches();

    @AfterEach
    void close() {
        queue.close();
    }

    @Test
    void aRemovalThatIsReadBeforeTheKernelsAnswerToPlacingCounts() {
        watches.placing(watch);
        watches.removed(removal);
        watches.placed(watch);
        assertThat(watches.list()).isEmpty();
    }

    @Test
    void aWatchThatWasNotPlacedLeavesNothing() {
        watches.placing(watch);
        watches.notPlaced(watch);
        watches.placed(watch);
        assertThat(watches.list()).isEmpty();
    }

    @Test
    void aRemovalThatIsReadBeforeTheKernelsAnswerToClosingCounts() {
        place();
        assertThat(watches.closing(watch)).isTrue();
        watches.removed(removal);
        watches.closed(watch);
        place();
    }

    @Test
    void anEmptyReadBeforeTheKernelsAnswerToClosingEndsNothing() {
        place();
        assertThat(watches.closing(watch)).isTrue();
        long before = watches.closings();
        watches.closed(watch);
        watches.drained(before);
        assertThatThrownBy(this::place).isInstanceOf(AlreadyWatchedException.class);
        watches.drained(watches.closings());
        place();
    }

    @Test
    void aWatchThatIsBeingClosedIsNotForgottenByAnEmptyQueue() {
        place();
        assertThat(watches.closing(watch)).isTrue();
        watches.drained(watches.closings());
        assertThatThrownBy(this::place).isInstanceOf(AlreadyWatchedException.class);
    }

    @Test
    void onlyOneCloses() {
        place();
        assertThat(watches.closing(watch)).isTrue();
        assertThat(watches.closing(watch)).isFalse();
    }

    @Test
    void restoresAWatchThatWasNotClosedUnlessItsRemovalWasRead() {
        place();
        watches.closing(watch);
        watches.notClosed(watch);
        assertThat(watches.list()).containsExactly(watch);
        watches.closing(watch);
        watches.removed(removal);
        watches.notClosed(watch);
        assertThat(watches.list()).isEmpty();
    }

    @Test
    void anotherTagOrKeyIsAnotherWatch() {
        place();
        watches.removed(new RemovalNotification(7, 4));
        watches.removed(new RemovalNotification(8, 3));
        assertThat(watches.list()).containsExactly(watch);
        watches.closing(watch);
        watches.closed(watch);
        watches.placing(new Watch(queue, KeyId.of(7), 4));
        watches.placing(new Watch(queue, KeyId.of(8), 3));
    }

    private void place() {
        watches.placing(watch);
        watches.placed(watch);
    }
}
