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
package io.watchqueue.examples.webflux;

import static io.watchqueue.examples.webflux.RunningApplication.eventually;

import static org.assertj.core.api.Assertions.assertThat;

import io.watchqueue.examples.webflux.Page.Entry;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.openqa.selenium.Keys;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * The page in Chromium, and keyctl(1) on the kernel on which the application runs. Runs on this
 * machine's own kernel, and boots another one for the application if need be.
 */
@Timeout(1200)
@Tag("browser")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageTests {

    /** Each member of a keyring, and of those in it. */
    private static final String WALK =
            "walk() { local key; for key in $(keyctl rlist $1 2> /dev/null); do echo $1-$key;"
                    + " case $(keyctl rdescribe $key 2> /dev/null) in keyring*) walk $key ;; esac; done; }";

    /** One process that does nothing else is faster than what is done for each change. */
    private static final String FLOOD =
            "perl -e 'my ($KEYCTL, $KEYCTL_UPDATE, $payload) = (250, 2, \"1\");"
                    + " syscall($KEYCTL, $KEYCTL_UPDATE, $ARGV[0] + 0, $payload, 1) for 1 .. 5000' ";

    private static final Path PICTURES = Path.of("target", "pictures");

    private ServedApplication application;
    private Page page;
    private int keyring;

    @BeforeAll
    void start() throws IOException {
        application =
                new ServedApplication(
                        Path.of(System.getProperty("page.jar")),
                        "--watchqueue.keyrings=%:page",
                        "--watchqueue.capacity=16");
        application.run(WALK);
        keyring = serial("keyctl newring page @u");
        page = new Page();
    }

    @AfterAll
    void end() {
        if (page != null) {
            page.close();
        }
        application.close();
    }

    @BeforeEach
    void anEmptyKeyring() {
        application.run("keyctl clear " + keyring);
        page.resize(1280, 900);
        page.open(application.address());
        eventually("the page is live", () -> page.state().equals("live"));
        eventually("the keyring is empty", () -> page.links().isEmpty());
        page.complaints();
    }

    @Test
    void whatIsDoneInAShellShowsInTheTreeAndInTheTimeline() throws IOException {
        int orders = serial("keyctl newring orders " + keyring);
        int token = serial("keyctl add user token hunter2 " + orders);
        awaitRow(token, "description", "token");
        awaitEntry(
                entry -> entry.is("notification", "LINKED") && entry.about().equals(text(token)));
        assertThat(page.links()).contains(keyring + "-" + orders, orders + "-" + token);

        application.run("keyctl update " + token + " hunter3");
        awaitRow(token, "changed", "UPDATED");
        application.run("keyctl timeout " + token + " 3600");
        awaitRow(token, "changed", "SETATTR");
        assertThat(page.row(token).get("expiry")).isIn("1h", "59m");
        pictures("tree");

        int other = serial("keyctl add user token other @u");
        application.run("keyctl link " + other + " " + orders);
        eventually("it has displaced", () -> !page.links().contains(orders + "-" + token));
        assertThat(page.links()).contains(orders + "-" + other);

        application.run("keyctl revoke " + other);
        eventually("it is shown as revoked", () -> page.row(other).containsKey("revoked"));
        application.run("keyctl unlink " + other + " " + orders);
        eventually("its row is gone", () -> page.row(other).isEmpty());
        application.run("keyctl clear " + keyring + "; keyctl unlink " + other + " @u");
        eventually("all rows are gone", () -> page.links().isEmpty());
        awaitEntry(entry -> entry.is("notification", "CLEARED"));

        assertThat(page.timeline())
                .extracting(Entry::event)
                .containsSubsequence(
                        "subscribed",
                        "LINKED",
                        "LINKED",
                        "UPDATED",
                        "SETATTR",
                        "LINKED",
                        "REVOKED",
                        "UNLINKED",
                        "CLEARED");
        assertThat(page.source()).contains("orders").doesNotContain("hunter");
        assertThat(page.complaints()).isEmpty();
    }

    @Test
    void aLossIsDrawnWhereItFellAndTheTreeIsRightBehindIt() throws IOException {
        int orders = serial("keyctl newring orders " + keyring);
        application.run("keyctl add user receipt 1 " + orders);
        int busy = serial("keyctl add user busy 1 " + keyring);
        awaitRow(busy, "description", "busy");
        eventually(
                "there is a loss",
                () -> {
                    application.run(FLOOD + busy);
                    return page.timeline().stream().anyMatch(entry -> entry.kind().equals("loss"));
                });
        // The first ones may be dropped still, and then are found by a resync.
        eventually(
                "a change comes behind the losses",
                () -> {
                    int next = serial("keyctl add user next 1 " + keyring);
                    awaitRow(next, "description", "next");
                    application.run("keyctl unlink " + next + " " + keyring);
                    return newest().is("notification", "UNLINKED");
                });

        List<Entry> timeline = page.timeline();
        int loss = timeline.indexOf(new Entry("loss", "kernel", "", 1));
        assertThat(timeline.subList(0, loss))
                .anyMatch(entry -> entry.is("notification", "UPDATED"));
        assertThat(timeline.get(loss + 1).is("resync", "loss")).isTrue();
        assertThat(page.text("#timeline li[data-kind=loss]"))
                .contains("The kernel dropped changes");
        assertThat(page.text("#total-losses")).isNotEqualTo("0 losses");
        eventually("the tree is right", () -> page.links().equals(kernel()));
        pictures("loss");

        page.click("input[name=event][value=UPDATED]");
        eventually(
                "the event is hidden",
                () -> page.timeline().stream().noneMatch(e -> e.event().equals("UPDATED")));
        assertThat(page.timeline()).anyMatch(entry -> entry.is("loss", "kernel"));
        page.click("input[name=event][value=UPDATED]");
        eventually("it is shown again", () -> page.timeline().contains(timeline.get(loss - 1)));
        assertThat(page.complaints()).isEmpty();
    }

    @Test
    void thePageSaysThatTheApplicationHasEndedAndRecoversWhenItIsBack() throws IOException {
        int before = serial("keyctl add user before 1 " + keyring);
        awaitRow(before, "description", "before");

        application.run("stop");
        eventually("it is said", () -> page.state().equals("reconnecting"));
        assertThat(page.connection()).contains("No connection since");
        assertThat(page.links()).contains(keyring + "-" + before);
        pictures("stopped");
        application.run("keyctl unlink " + before + " " + keyring);
        int meanwhile = serial("keyctl add user meanwhile 1 " + keyring);

        application.run("start");
        eventually("it is live again", () -> page.state().equals("live"));
        awaitRow(meanwhile, "changed", "FOUND");
        awaitEntry(entry -> entry.is("resync", "reconnected"));
        eventually("the tree is right", () -> page.links().equals(kernel()));
        int after = serial("keyctl add user after 1 " + keyring);
        awaitRow(after, "changed", "LINKED");
    }

    @Test
    void afterAnyChangesTheTreeIsThatOfTheKernel() {
        Random random = new Random(4);
        List<Integer> keyrings = new ArrayList<>(List.of(keyring));
        List<Integer> keys = new ArrayList<>();
        for (int step = 0; step < 100; step++) {
            int in = keyrings.get(random.nextInt(keyrings.size()));
            String name = "k" + random.nextInt(4);
            switch (keys.size() < 3 ? random.nextInt(2) : random.nextInt(9)) {
                case 0 -> addTo(keys, "keyctl add user " + name + " 1 " + in);
                case 1 -> {
                    addTo(keyrings, "keyctl newring " + name + " " + in);
                    keys.add(keyrings.get(keyrings.size() - 1));
                }
                case 2, 3 -> attempt("keyctl link " + anyOf(keys, random) + " " + in);
                case 4 -> attempt("keyctl unlink " + anyOf(keys, random) + " " + in);
                case 5 -> {
                    int to = anyOf(keyrings, random);
                    attempt("keyctl move -f " + anyOf(keys, random) + " " + in + " " + to);
                }
                case 6 -> attempt("keyctl update " + anyOf(keys, random) + " 2");
                case 7 -> attempt("keyctl clear " + anyOf(keyrings, random));
                default -> attempt("keyctl invalidate " + anyOf(keys, random));
            }
            if (step % 10 == 9) {
                eventually("the trees are the same", () -> page.links().equals(kernel()));
            }
        }
        assertThat(page.complaints()).isEmpty();
    }

    @Test
    void itFitsAPhoneAndIsUsedByKeysAndShowsInTheDark() {
        int orders = serial("keyctl newring orders " + keyring);
        int token = serial("keyctl add user " + "token".repeat(40) + " 1 " + orders);
        eventually("it is shown", () -> !page.row(token).isEmpty());
        page.resize(360, 740);
        assertThat(page.isWiderThanTheWindow()).isFalse();

        page.prefers("light");
        String light = page.background();
        page.prefers("dark");
        assertThat(page.background()).isNotEqualTo(light);

        page.click("#tree [data-serial='" + keyring + "']");
        page.press(Keys.ARROW_DOWN);
        page.press(Keys.ARROW_DOWN);
        assertThat(page.focused().getDomAttribute("data-serial")).isEqualTo(text(token));
        page.press(Keys.ARROW_LEFT);
        page.press(Keys.ARROW_LEFT);
        assertThat(page.focused().getDomAttribute("data-serial")).isEqualTo(text(orders));
        assertThat(page.focused().getDomAttribute("aria-expanded")).isEqualTo("false");
    }

    private int serial(String command) {
        return Integer.parseInt(application.run(command).get(0));
    }

    private void addTo(List<Integer> keys, String command) {
        List<String> serial = application.run(command + " 2> /dev/null || true");
        serial.forEach(printed -> keys.add(Integer.valueOf(printed)));
    }

    private void attempt(String command) {
        application.run(command + " 2> /dev/null || true");
    }

    private static int anyOf(List<Integer> keys, Random random) {
        return keys.get(random.nextInt(keys.size()));
    }

    /** What the kernel has. */
    private Set<String> kernel() {
        return new TreeSet<>(application.run("walk " + keyring));
    }

    private Entry newest() {
        List<Entry> timeline = page.timeline();
        return timeline.get(timeline.size() - 1);
    }

    private void awaitRow(int serial, String attribute, String value) {
        eventually(
                "key " + serial + " has " + attribute + " " + value,
                () -> value.equals(page.row(serial).get(attribute)));
    }

    private void awaitEntry(Predicate<Entry> wanted) {
        eventually("it is in the timeline", () -> page.timeline().stream().anyMatch(wanted));
    }

    /** For people: how it looks. */
    private void pictures(String name) throws IOException {
        page.picture(PICTURES.resolve(name + ".png"));
    }

    private static String text(int serial) {
        return Integer.toString(serial);
    }
}
