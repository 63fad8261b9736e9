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
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.examples.webflux.Page.Entry;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;

/** The page in several tabs of a browser, which has only six connections to a server. */
@Timeout(600)
@Tag("browser")
class PageTabsTests {

    private static final int TABS = 8;

    private final SimulatedKernel kernel = SimulatedKernel.install();
    private final Keyctl keys = Keyctl.system();
    private final KeyId root = keys.resolve(Keyring.USER, true);
    private final KeyId orders = keys.addKeyring("orders", Keyring.USER);
    private final KeyId archive = keys.addKeyring("archive", Keyring.USER);
    private final RunningApplication application =
            RunningApplication.start("watchqueue.keyrings=@u,%:orders", "watchqueue.linger=100ms");
    private final Page page = new Page();

    @AfterEach
    void nothingIsLeftOpen() {
        page.close();
        application.closeWith(kernel);
    }

    private List<String> openTabs() {
        KeyId token = keys.add("user", "token", new byte[] {1}, orders);
        keys.link(token, archive);
        keys.link(archive, orders);
        List<String> tabs = new ArrayList<>();
        for (int tab = 1; tab <= TABS; tab++) {
            tabs.add(page.newTab());
            page.open(address("@u"));
            eventually("the tab is live", () -> page.state().equals("live"));
        }
        return tabs;
    }

    private String address(String keyring) {
        return "http://127.0.0.1:" + application.port() + "/#" + keyring;
    }

    private double streams(String keyring) {
        return application.gauge("watchqueue.subscribers", "keyring:" + keyring);
    }

    @Test
    void allTabsShowAllChangesAndShareAStream() {
        List<String> tabs = openTabs();
        assertThat(streams("@u")).isEqualTo(1);
        KeyId late = keys.add("user", "late", new byte[] {1}, archive);
        for (String tab : tabs) {
            page.switchTo(tab);
            eventually("it is shown", () -> page.links().contains(archive + "-" + late));
            assertThat(page.links()).contains(orders + "-" + archive, root + "-" + orders);
            assertThat(page.timeline())
                    .extracting(Entry::event)
                    .startsWith("subscribed")
                    .endsWith("LINKED");
            assertThat(page.complaints()).isEmpty();
        }
    }

    @Test
    void aStreamEndsWithTheLastTabThatShowsItsKeyring() {
        List<String> tabs = openTabs();
        for (String tab : tabs.subList(0, TABS - 1)) {
            page.switchTo(tab);
            page.open(address("%:orders"));
            eventually("the tab is live", () -> page.state().equals("live"));
        }
        eventually("one stream of each", () -> streams("@u") == 1 && streams("%:orders") == 1);
        for (String tab : tabs.subList(0, TABS - 1)) {
            page.switchTo(tab);
            page.closeTab();
        }
        eventually("the stream has ended", () -> streams("%:orders") == 0);
        page.switchTo(tabs.get(TABS - 1));
        keys.clear(archive);
        eventually(
                "the other one goes on",
                () -> page.timeline().stream().anyMatch(entry -> entry.event().equals("UNLINKED")));
    }

    @Test
    void allTabsShowARefusal() {
        List<String> tabs = openTabs();
        for (String tab : tabs) {
            page.switchTo(tab);
            page.open(address("%:none"));
            eventually("it is refused", () -> page.state().equals("refused"));
            assertThat(page.connection()).contains("Keyring refused", "watchqueue.keyrings");
        }
    }
}
