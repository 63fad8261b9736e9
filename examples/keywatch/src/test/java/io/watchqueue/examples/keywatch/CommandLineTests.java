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
import static org.assertj.core.api.Assumptions.assumeThat;

import io.watchqueue.WatchQueueSupport;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Errors in the command line are reported before anything is done. */
class CommandLineTests {

    private final Invocation keywatch = new Invocation();

    @Test
    void helpNamesTheOptionsAndTheExitStatus() {
        assertThat(keywatch.run("--help")).isZero();
        assertThat(keywatch.out())
                .contains("watch", "members", "exec", "Exit status:", "3     this machine has no");
        assertThat(keywatch.run("watch", "--help")).isZero();
        assertThat(keywatch.out())
                .contains("--filter", "--tag", "--capacity", "--format", "KEYRING", "@s")
                .contains("--recursive", "--depth");
        assertThat(keywatch.run("exec", "--help")).isZero();
        assertThat(keywatch.out())
                .contains("--debounce", "KEYRING... -- COMMAND", "WATCHQUEUE_EVENTS_OMITTED");
        assertThat(keywatch.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "watch",
                "watch --filter exploded @u",
                "watch --format xml @u",
                "watch --tag many @u",
                "members",
                "members --format keyctl @u",
                "listen @u"
            })
    void refusesAWrongCommandLine(String line) {
        assertThat(keywatch.run(line.split(" "))).isEqualTo(2);
        assertThat(keywatch.out()).isEmpty();
        assertThat(keywatch.err()).contains("Usage: keywatch");
    }

    @Test
    void namesAnUnknownEvent() {
        keywatch.run("watch", "--filter", "updated,exploded", "@u");
        assertThat(keywatch.err()).contains("'exploded'", "upd");
    }

    @Test
    void theSimulatedDemonstrationShowsChangesARemovalAndALoss() {
        assertThat(keywatch.run("--simulated")).as(keywatch.err()).isZero();
        assertThat(keywatch.out())
                .startsWith("Simulated: ")
                .contains("UPDATED", "LINKED", "UNLINKED", "CLEARED", "REVOKED", "SETATTR")
                .contains("INVALIDATED", "REMOVED", "LOSS");
        assertThat(keywatch.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "watch @u", "watch %keyring:none"})
    void reportsWhatIsMissingWithoutSupport(String line) {
        WatchQueueSupport support = WatchQueueSupport.probe();
        assumeThat(support.isAvailable()).isFalse();
        assertThat(keywatch.run(line.isEmpty() ? new String[0] : line.split(" "))).isEqualTo(3);
        assertThat(keywatch.out()).isEmpty();
        assertThat(keywatch.err()).startsWith("keywatch: ").contains(support.explanation());
    }
}
