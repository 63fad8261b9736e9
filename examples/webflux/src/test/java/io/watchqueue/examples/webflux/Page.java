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

import io.watchqueue.KeyId;

import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The page in a browser without a window. */
final class Page implements AutoCloseable {

    /** Starting the browser may include its installation. */
    private static final Duration UNTIL_INSTALLED = Duration.ofMinutes(10);

    /**
     * Selenium warns that it has no classes for this Chromium's DevTools. The one command that is
     * used needs none.
     */
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

    private final ChromeDriver browser;

    Page() {
        SELENIUM.setLevel(Level.SEVERE);
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        ChromeOptions options = new ChromeOptions();
        // Chromium has no sandbox for root. Only this project's page is opened.
        options.addArguments("--headless=new", "--no-sandbox", "--disable-dev-shm-usage");
        options.setCapability("goog:loggingPrefs", logs);
        browser =
                new ChromeDriver(
                        new ChromeDriverService.Builder()
                                .usingDriverExecutable(new File("chromedriver"))
                                .withTimeout(UNTIL_INSTALLED)
                                .build(),
                        options);
    }

    /** A change, loss or snapshot in the timeline. */
    record Entry(String kind, String event, String about, long count) {

        boolean is(String expectedKind, String expectedEvent) {
            return kind.equals(expectedKind) && event.equals(expectedEvent);
        }
    }

    void open(String address) {
        browser.get(address);
    }

    /** Opens a new tab and switches to it. Returns its name for {@link #switchTo}. */
    String newTab() {
        return browser.switchTo().newWindow(WindowType.TAB).getWindowHandle();
    }

    void switchTo(String tab) {
        browser.switchTo().window(tab);
    }

    void closeTab() {
        browser.close();
    }

    void resize(int width, int height) {
        browser.manage().window().setSize(new Dimension(width, height));
    }

    /** Whether the page scrolls sideways. */
    boolean isWiderThanTheWindow() {
        return (boolean)
                browser.executeScript(
                        "return document.documentElement.scrollWidth > window.innerWidth");
    }

    /** One of connecting, live, reconnecting, refused. */
    String state() {
        return browser.findElement(By.tagName("body")).getDomAttribute("data-state");
    }

    String connection() {
        return text("#connection");
    }

    String text(String selector) {
        return browser.findElement(By.cssSelector(selector)).getText();
    }

    void click(String selector) {
        browser.findElement(By.cssSelector(selector)).click();
    }

    /** Each place in the tree, as "keyring-member". */
    @SuppressWarnings("unchecked")
    Set<String> links() {
        return new TreeSet<>(
                (List<String>)
                        browser.executeScript(
                                """
                                return [...document.querySelectorAll(
                                    '#tree [role=treeitem] [role=treeitem]:not([data-leaving], [data-leaving] *)')]
                                  .map(row => row.parentElement.closest('[role=treeitem]').dataset.serial
                                    + '-' + row.dataset.serial)
                                """));
    }

    /** The attributes of a key's row; empty if there is no row. */
    @SuppressWarnings("unchecked")
    Map<String, String> row(KeyId key) {
        return (Map<String, String>)
                browser.executeScript(
                        """
                        const row = document.querySelector(`#tree [data-serial="${arguments[0]}"]:not([data-leaving])`);
                        return { ...row?.dataset };
                        """,
                        key.value());
    }

    /** The entries of the timeline, the newest last. */
    @SuppressWarnings("unchecked")
    List<Entry> timeline() {
        List<List<Object>> entries =
                (List<List<Object>>)
                        browser.executeScript(
                                """
                                return [...document.querySelectorAll('#timeline > li')].reverse().map(({ dataset }) => [
                                  dataset.kind,
                                  dataset.event ?? dataset.origin ?? dataset.reason,
                                  dataset.key ?? '',
                                  Number(dataset.count ?? 1)])
                                """);
        return entries.stream()
                .map(
                        entry ->
                                new Entry(
                                        (String) entry.get(0),
                                        (String) entry.get(1),
                                        (String) entry.get(2),
                                        (Long) entry.get(3)))
                .toList();
    }

    void press(CharSequence keys) {
        browser.switchTo().activeElement().sendKeys(keys);
    }

    WebElement focused() {
        return browser.switchTo().activeElement();
    }

    String source() {
        return browser.getPageSource();
    }

    /** The browser's warnings and errors since the last call. */
    List<String> complaints() {
        return browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.WARNING.intValue())
                .map(LogEntry::getMessage)
                .toList();
    }

    void prefers(String scheme) {
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of(
                        "features",
                        List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    String background() {
        return browser.findElement(By.tagName("html")).getCssValue("background-color");
    }

    void picture(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        Files.write(file, browser.getScreenshotAs(OutputType.BYTES));
    }

    @Override
    public void close() {
        browser.quit();
    }
}
