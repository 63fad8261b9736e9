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

import io.watchqueue.KeyId;
import io.watchqueue.Keyring;
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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/** The page in Chromium, while keys change on the application's kernel. */
@Timeout(1200)
@Tag("browser")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class PageScenarios {

    private static final Path PICTURES = Path.of("target", "pictures");

    private ServedApplication application;
    private Page page;
    private KeyId keyring;

    /** Starts the application with these properties. */
    abstract ServedApplication serve(String... properties) throws IOException;

    @BeforeAll
    void start() throws IOException {
        application = serve("watchqueue.keyrings=%:page", "watchqueue.capacity=16");
        keyring = application.addKeyring("page", Keyring.USER);
        page = new Page();
    }

    @AfterAll
    void end() {
        if (page != null) {
            page.close();
        }
        if (application != null) {
            application.close();
        }
    }

    @BeforeEach
    void anEmptyKeyring() {
        application.clear(keyring);
        page.resize(1280, 900);
        page.open(application.address());
        eventually("the page is live", () -> page.state().equals("live"));
        eventually("the keyring is empty", () -> page.links().isEmpty());
        page.complaints();
    }

    @Test
    void showsChangesInTheTreeAndInTheTimeline() throws IOException {
        KeyId orders = application.addKeyring("orders", keyring);
        // From now on it is watched.
        awaitRow(orders, "description", "orders");
        KeyId token = application.addKey("token", "hunter2", orders);
        awaitRow(token, "description", "token");
        awaitEntry(entry -> entry.is("change", "LINKED") && entry.about().equals(token.toString()));
        assertThat(page.links()).contains(keyring + "-" + orders, orders + "-" + token);

        application.update(token, "hunter3");
        awaitRow(token, "changed", "UPDATED");
        application.setTimeout(token, Duration.ofHours(1));
        awaitRow(token, "changed", "SETATTR");
        pictures("tree");

        KeyId other = application.addKey("token", "other", Keyring.USER);
        application.link(other, orders);
        eventually("it has displaced", () -> !page.links().contains(orders + "-" + token));
        assertThat(page.links()).contains(orders + "-" + other);

        application.revoke(other);
        eventually("it is shown as revoked", () -> "REVOKED".equals(page.row(other).get("state")));
        application.unlink(other, orders);
        eventually("its row is gone", () -> page.row(other).isEmpty());
        application.clear(keyring);
        application.unlink(other, Keyring.USER);
        eventually("all rows are gone", () -> page.links().isEmpty());
        awaitEntry(
                entry -> entry.is("change", "UNLINKED") && entry.about().equals(orders.toString()));

        assertThat(page.timeline())
                .extracting(Entry::event)
                .containsSubsequence(
                        "subscribed",
                        "LINKED",
                        "LINKED",
                        "UPDATED",
                        "SETATTR",
                        "REPLACED",
                        "REVOKED",
                        "UNLINKED",
                        "UNLINKED");
        assertThat(page.source()).contains("orders").doesNotContain("hunter");
        assertThat(page.complaints()).isEmpty();
    }

    @Test
    void drawsALossWhereItHappenedAndMendsTheTree() throws IOException {
        KeyId orders = application.addKeyring("orders", keyring);
        application.addKey("receipt", "1", orders);
        KeyId busy = application.addKey("busy", "1", keyring);
        awaitRow(busy, "description", "busy");
        eventually(
                "there is a loss",
                () -> {
                    application.flood(busy);
                    return page.timeline().stream().anyMatch(entry -> entry.kind().equals("loss"));
                });
        // The first keys may still be dropped; the look after the loss finds them.
        eventually(
                "a change follows the losses",
                () -> {
                    KeyId next = application.addKey("next", "1", keyring);
                    awaitRow(next, "description", "next");
                    application.unlink(next, keyring);
                    return newest().is("change", "UNLINKED");
                });

        List<Entry> timeline = page.timeline();
        int loss = timeline.indexOf(new Entry("loss", "KERNEL", "", 1));
        assertThat(timeline.subList(0, loss)).anyMatch(entry -> entry.is("change", "UPDATED"));
        assertThat(page.text("#timeline li[data-kind=loss]"))
                .contains("The kernel dropped changes");
        assertThat(page.text("#total-losses")).isNotEqualTo("0 losses");
        eventually("the tree is right", () -> page.links().equals(application.links(keyring)));
        pictures("loss");

        page.click("input[name=event][value=UPDATED]");
        eventually(
                "the event is hidden",
                () -> page.timeline().stream().noneMatch(e -> e.event().equals("UPDATED")));
        assertThat(page.timeline()).anyMatch(entry -> entry.is("loss", "KERNEL"));
        page.click("input[name=event][value=UPDATED]");
        eventually("it is shown again", () -> page.timeline().contains(timeline.get(loss - 1)));
        assertThat(page.complaints()).isEmpty();
    }

    @Test
    void showsThatTheApplicationHasEndedAndRecovers() throws IOException {
        KeyId before = application.addKey("before", "1", keyring);
        awaitRow(before, "description", "before");

        application.stop();
        eventually("the page shows it", () -> page.state().equals("reconnecting"));
        assertThat(page.connection()).contains("No connection since");
        assertThat(page.links()).contains(keyring + "-" + before);
        pictures("stopped");
        application.unlink(before, keyring);
        KeyId meanwhile = application.addKey("meanwhile", "1", keyring);

        application.start();
        eventually("it is live again", () -> page.state().equals("live"));
        awaitRow(meanwhile, "changed", "FOUND");
        awaitEntry(entry -> entry.is("snapshot", "reconnected"));
        eventually("the tree is right", () -> page.links().equals(application.links(keyring)));
        KeyId after = application.addKey("after", "1", keyring);
        awaitRow(after, "changed", "LINKED");
    }

    @Test
    void showsTheKernelsTreeAfterRandomChanges() {
        Random random = new Random(4);
        List<KeyId> keyrings = new ArrayList<>(List.of(keyring));
        List<KeyId> keys = new ArrayList<>();
        for (int step = 0; step < 100; step++) {
            try {
                change(random, keyrings, keys);
            } catch (ServedApplication.RefusedException e) {
                // The kernel refuses changes of keys that are gone, and cycles.
            }
            if (step % 10 == 9) {
                eventually(
                        "the trees are the same",
                        () -> page.links().equals(application.links(keyring)));
            }
        }
        assertThat(page.complaints()).isEmpty();
    }

    private void change(Random random, List<KeyId> keyrings, List<KeyId> keys) {
        KeyId in = anyOf(keyrings, random);
        String name = "k" + random.nextInt(4);
        switch (keys.size() < 3 ? random.nextInt(2) : random.nextInt(9)) {
            case 0 -> keys.add(application.addKey(name, "1", in));
            case 1 -> {
                KeyId added = application.addKeyring(name, in);
                keyrings.add(added);
                keys.add(added);
            }
            case 2, 3 -> application.link(anyOf(keys, random), in);
            case 4 -> application.unlink(anyOf(keys, random), in);
            case 5 -> application.move(anyOf(keys, random), in, anyOf(keyrings, random));
            case 6 -> application.update(anyOf(keys, random), "2");
            case 7 -> application.clear(anyOf(keyrings, random));
            default -> application.invalidate(anyOf(keys, random));
        }
    }

    @Test
    void fitsAPhoneWorksByKeyboardAndHasADarkMode() {
        KeyId orders = application.addKeyring("orders", keyring);
        KeyId token = application.addKey("token".repeat(40), "1", orders);
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
        assertThat(page.focused().getDomAttribute("data-serial")).isEqualTo(token.toString());
        page.press(Keys.ARROW_LEFT);
        page.press(Keys.ARROW_LEFT);
        assertThat(page.focused().getDomAttribute("data-serial")).isEqualTo(orders.toString());
        assertThat(page.focused().getDomAttribute("aria-expanded")).isEqualTo("false");
    }

    private static KeyId anyOf(List<KeyId> keys, Random random) {
        return keys.get(random.nextInt(keys.size()));
    }

    private Entry newest() {
        List<Entry> timeline = page.timeline();
        return timeline.get(timeline.size() - 1);
    }

    private void awaitRow(KeyId key, String attribute, String value) {
        eventually(
                "key " + key + " has " + attribute + " " + value,
                () -> value.equals(page.row(key).get(attribute)));
    }

    private void awaitEntry(Predicate<Entry> wanted) {
        eventually("it is in the timeline", () -> page.timeline().stream().anyMatch(wanted));
    }

    /** A picture of the page, for people. */
    private void pictures(String name) throws IOException {
        page.picture(PICTURES.resolve(name + ".png"));
    }
}
