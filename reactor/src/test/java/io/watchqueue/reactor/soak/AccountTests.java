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
import io.watchqueue.NotificationFilter;
import io.watchqueue.RemovalNotification;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** The mistakes that an account finds, with a queue that keeps three and watches two keys. */
class AccountTests {

    private static final LossNotification LOSS = new LossNotification();
    private static final NotificationFilter NOTHING =
            NotificationFilter.of(NotificationFilter.type(77, 1));
    private static final int TAG = 5;
    private static final int CHANGES = 10;

    private final Ticks ticks = new Ticks();
    private final ChangeLog one = log(1);
    private final ChangeLog two = log(2);
    private final Account account = new Account(3, null);

    AccountTests() {
        for (ChangeLog log : List.of(one, two)) {
            account.watching(log, TAG, ticks.next());
            account.watched(log.key(), ticks.next());
        }
    }

    private static ChangeLog log(int key) {
        return new ChangeLog(
                KeyId.of(key),
                IntStream.range(0, CHANGES)
                        .mapToObj(
                                number ->
                                        new ChangeLog.Change(
                                                number % 2 == 0
                                                        ? KeyEvent.LINKED
                                                        : KeyEvent.UNLINKED,
                                                100 + number / 2))
                        .toList());
    }

    /** The next change to a key, as it would be received. */
    private Notification change(ChangeLog log) {
        int number = log.begun();
        log.begin(ticks.next());
        log.end(ticks.next());
        return log.notification(number, TAG);
    }

    /** Changes both keys in turn. */
    private List<Notification> changes(int count) {
        List<Notification> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(change(i % 2 == 0 ? one : two));
        }
        return all;
    }

    @Test
    void allInOrderIsRight() {
        List<Notification> all = changes(CHANGES);
        Account.Verdict verdict = account.compare(all);
        assertThat(verdict.mistakes).isEmpty();
        assertThat(verdict.events).isEqualTo(CHANGES);
        assertThat(verdict.losses + verdict.dropped + verdict.unread).isZero();
        assertThat(verdict.unremoved).isEqualTo(2);
    }

    @Test
    void aMissingOneIsFoundAnywhere() {
        List<Notification> all = changes(CHANGES);
        for (int missing = 0; missing < CHANGES - 1; missing++) {
            List<Notification> received = new ArrayList<>(all);
            Notification lost = received.remove(missing);
            assertOneMistake(received, lost + " is missing");
        }
    }

    @Test
    void theLastOnesMayBeUnread() {
        Account.Verdict verdict = account.compare(changes(CHANGES).subList(0, 6));
        assertThat(verdict.mistakes).isEmpty();
        assertThat(verdict.unread).isEqualTo(CHANGES - 6);
    }

    @Test
    void acceptsALossForAMissingChangeInItsPlace() {
        List<Notification> received = changes(CHANGES);
        received.subList(4, 7).clear();
        received.add(4, LOSS);
        Account.Verdict verdict = account.compare(received);
        assertThat(verdict.mistakes).isEmpty();
        assertThat(verdict.dropped).isEqualTo(3);
        assertThat(verdict.losses).isEqualTo(1);
    }

    @Test
    void refusesALossInAnotherPlace() {
        List<Notification> all = changes(CHANGES);
        for (int place : new int[] {3, 5, 6}) {
            List<Notification> received = new ArrayList<>(all);
            received.remove(4);
            received.add(place, LOSS);
            assertThat(mistakes(received))
                    .hasSize(2)
                    .anyMatch(mistake -> mistake.contains("is missing"))
                    .anyMatch(mistake -> mistake.contains("stands where nothing is missing"));
        }
    }

    @Test
    void anInventedLossIsFound() {
        List<Notification> received = changes(CHANGES);
        received.add(5, LOSS);
        assertOneMistake(received, "no. 5, " + LOSS + ", stands where nothing is missing");
    }

    @Test
    void twoLossesNeedTwoThatAreMissing() {
        List<Notification> before = changes(4);
        // Its place is before, between or after the two that it overlaps.
        two.begin(ticks.next());
        Notification first = change(one);
        Notification second = change(one);
        two.end(ticks.next());
        Notification last = change(one);
        assertThat(mistakes(followedBy(before, LOSS, first, second, last))).isEmpty();
        assertThat(mistakes(followedBy(before, first, LOSS, second, last))).isEmpty();
        assertThat(mistakes(followedBy(before, first, second, LOSS, last))).isEmpty();
        assertOneMistake(
                followedBy(before, LOSS, first, second, LOSS, last),
                "stands where nothing is missing");
    }

    @Test
    void aLossAtTheEndNeedsSomethingThatFollowed() {
        List<Notification> all = changes(4);
        assertThat(mistakes(followedBy(all.subList(0, 3), LOSS))).isEmpty();
        assertOneMistake(followedBy(all, LOSS), "stands where nothing is missing");
    }

    @Test
    void aLossNeedsAFullQueue() {
        List<Notification> received = changes(CHANGES);
        received.set(2, LOSS);
        assertOneMistake(received, "comes before the queue of 3 can have been full");
    }

    @Test
    void twoLossesAreNotInOnePlace() {
        List<Notification> received = changes(CHANGES);
        received.set(5, LOSS);
        received.set(6, LOSS);
        assertOneMistake(received, "follows another one");
    }

    @Test
    void aDoubledOneIsFound() {
        List<Notification> received = changes(CHANGES);
        received.add(5, received.get(4));
        assertOneMistake(received, "was received before");
    }

    @Test
    void twoInTheWrongOrderAreFound() {
        List<Notification> ofOneKey = List.of(change(one), change(one));
        assertOneMistake(List.of(ofOneKey.get(1), ofOneKey.get(0)), "is out of order");
        List<Notification> received = followedBy(ofOneKey, change(two), change(one));
        Collections.swap(received, 2, 3);
        assertOneMistake(received, "is out of order");
    }

    @Test
    void acceptsOverlappingChangesInAnyOrder() {
        one.begin(ticks.next());
        two.begin(ticks.next());
        one.end(ticks.next());
        two.end(ticks.next());
        List<Notification> both = List.of(one.notification(0, TAG), two.notification(0, TAG));
        assertThat(mistakes(both)).isEmpty();
        assertThat(mistakes(List.of(both.get(1), both.get(0)))).isEmpty();
    }

    @Test
    void anInventedOneIsFound() {
        change(one);
        assertOneMistake(event(KeyEvent.LINKED, 1, 99, TAG), "never happened");
        assertOneMistake(event(KeyEvent.UNLINKED, 1, 100, TAG), "never happened"); // not yet
        assertOneMistake(event(KeyEvent.LINKED, 3, 100, TAG), "is of no watch");
        assertOneMistake(event(KeyEvent.LINKED, 1, 100, TAG + 1), "is of no watch");
        assertOneMistake(
                List.of(new RemovalNotification(1, TAG)), "is of a watch that was not removed");
    }

    @Test
    void acceptsThatFilteredChangesAreMissingAndRefusesThem() {
        NotificationFilter links =
                NotificationFilter.of(NotificationFilter.events(KeyEvent.LINKED));
        account.filtered(links, new Span(ticks.next(), ticks.next()));
        List<Notification> all = changes(CHANGES);
        Account.Verdict verdict = account.compare(all.stream().filter(links).toList());
        assertThat(verdict.mistakes).isEmpty();
        assertThat(verdict.heldBack).isEqualTo(4);
        assertThat(mistakes(all))
                .hasSize(4)
                .allMatch(it -> it.contains("does not pass the filter"));
    }

    @Test
    void acceptsAnyResultForAChangeDuringAFilterChange() {
        List<Notification> before = changes(4);
        long begin = ticks.next();
        Notification during = change(one);
        account.filtered(NOTHING, new Span(begin, ticks.next()));
        begin = ticks.next();
        account.filtered(null, new Span(begin, ticks.next()));
        Notification after = change(two);
        assertThat(mistakes(followedBy(before, during, after))).isEmpty();
        assertThat(mistakes(followedBy(before, after))).isEmpty();
        assertOneMistake(followedBy(before.subList(0, 3), after), before.get(3) + " is missing");
    }

    @Test
    void acceptsAnyResultForAChangeWhileAWatchIsPlaced() {
        Account later = new Account(3, null);
        Notification before = change(one);
        later.watching(one, TAG, ticks.next());
        Notification during = change(one);
        later.watched(one.key(), ticks.next());
        List<Notification> after = List.of(change(one), change(one));
        assertThat(later.compare(after).mistakes).isEmpty();
        assertThat(later.compare(followedBy(List.of(during), after.get(0))).mistakes).isEmpty();
        assertThat(later.compare(followedBy(List.of(before, during), after.get(0))).mistakes)
                .singleElement()
                .asString()
                .contains("happened when it was not watched");
        assertThat(later.compare(after.subList(1, 2)).mistakes)
                .singleElement()
                .asString()
                .startsWith(after.get(0) + " is missing");
    }

    @Test
    void aRemovalIsTheLastOfItsWatch() {
        Notification before = change(one);
        account.unwatching(one.key(), ticks.next());
        Notification during = change(one);
        account.unwatched(one.key(), ticks.next());
        Notification after = change(one);
        Notification other = change(two);
        Notification removal = new RemovalNotification(1, TAG);
        assertThat(mistakes(List.of(before, removal, other))).isEmpty();
        assertThat(mistakes(List.of(before, during, removal, other))).isEmpty();
        assertOneMistake(
                List.of(before, removal, during, other), "comes after its watch's removal");
        assertThat(mistakes(List.of(before, during, removal, after, other)))
                .anyMatch(mistake -> mistake.contains("happened when it was not watched"));
        assertOneMistake(List.of(before, other), removal + " is missing");
        assertOneMistake(List.of(removal, other), before + " is missing");
        assertThat(account.compare(List.of(before, removal)).unremoved).isEqualTo(1);
    }

    /** When the kernel's collector comes is not known. */
    @Test
    void theRemovalOfAKeyThatIsGoneComesLater() {
        Notification before = change(one);
        one.leaving(ticks.next());
        account.unwatching(one.key(), ticks.next());
        account.unwatched(one.key(), ticks.next());
        List<Notification> others = List.of(change(two), change(two));
        Notification removal = new RemovalNotification(1, TAG);
        assertThat(mistakes(followedBy(List.of(before, removal), others.get(0)))).isEmpty();
        assertThat(mistakes(List.of(before, others.get(0), others.get(1), removal))).isEmpty();
        assertThat(mistakes(List.of(before, others.get(0), others.get(1)))).isEmpty();
        assertThat(mistakes(List.of(removal, before)))
                .anyMatch(mistake -> mistake.contains("comes after its watch's removal"));
    }

    private void assertOneMistake(Notification received, String mistake) {
        assertOneMistake(List.of(received), mistake);
    }

    private void assertOneMistake(List<Notification> received, String mistake) {
        assertThat(mistakes(received)).singleElement().asString().contains(mistake);
    }

    private List<String> mistakes(List<Notification> received) {
        return account.compare(received).mistakes;
    }

    private static Notification event(KeyEvent event, int key, int aux, int tag) {
        return new KeyNotification(event, key, aux, tag);
    }

    private static List<Notification> followedBy(List<Notification> first, Notification... others) {
        List<Notification> all = new ArrayList<>(first);
        all.addAll(List.of(others));
        return all;
    }
}
