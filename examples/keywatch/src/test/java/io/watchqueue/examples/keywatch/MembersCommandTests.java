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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;
import io.watchqueue.test.SimulatedKernel;
import io.watchqueue.test.WithSimulatedKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;

/** The keys below a keyring, on the simulated kernel. */
@Timeout(180)
@WithSimulatedKernel
class MembersCommandTests {

    private static final int NO_VIEW = 0x3e3e3e3e;

    private final SimulatedKernel kernel;
    private final Keyctl keys = Keyctl.system();
    private final KeyId ring = keys.addKeyring("orders", Keyring.USER);
    private final KeyId token = keys.add("user", "to\nken", new byte[] {1}, ring);
    private final KeyId inner = keys.addKeyring("inner", ring);
    private final KeyId deep = keys.addKeyring("deep", inner);
    private final KeyId draft = keys.add("user", "draft", new byte[] {1}, deep);
    private final KeyId late = keys.add("user", "late", new byte[] {1}, ring);
    private final Invocation keywatch = new Invocation();

    MembersCommandTests(SimulatedKernel kernel) {
        this.kernel = kernel;
    }

    @AfterEach
    void settle() {
        kernel.settle();
    }

    @Test
    void printsATreeInWhichEachKeyringIsOpenedOnce() {
        keys.link(deep, ring);
        keys.setTimeout(draft, Duration.ofSeconds(1));
        kernel.advance(Duration.ofSeconds(1));
        keys.setPermissions(late, NO_VIEW);
        assertThat(keywatch.run("members", ring.toString(), "%keyring:deep")).isZero();
        assertThat(keywatch.out())
                .isEqualTo(
                        """
                        keyring %s "orders"
                          keyring %s "deep"
                            key %s (expired)
                          keyring %s "inner"
                            keyring %s "deep"  (its members are above)
                          user %s "to\\u000aken"
                          key %s (hidden)
                        keyring %s "deep"
                          key %s (expired)
                        """
                                .formatted(
                                        ring, deep, draft, inner, deep, token, late, deep, draft));
        assertThat(keywatch.err()).isEmpty();
    }

    @Test
    void depthLimitsTheTree() {
        assertThat(keywatch.run("members", "--depth=2", ring.toString())).isZero();
        assertThat(keywatch.out())
                .contains("\"to\\u000aken\"", "\"inner\"", "    keyring " + deep)
                .doesNotContain("draft");
    }

    @Test
    void jsonIsTheSnapshotOfAFollowedKeyring() {
        keys.unlink(inner, ring);
        keys.unlink(late, ring);
        assertThat(keywatch.run("members", "--format=json", ring.toString())).isZero();
        assertThat(keywatch.out().lines().map(line -> line.replaceFirst(".*?,", "")))
                .singleElement()
                .asString()
                .startsWith(
                        "\"type\":\"snapshot\",\"root\":%s,\"key\":%s,\"keyType\":\"keyring\","
                                .formatted(ring, ring))
                .contains("\"links\":[{\"key\":" + token + ",")
                .endsWith("\"keyring\":" + ring + "}]}");
    }

    @Test
    void refusesAKeyThatIsNoKeyringAndWhatDoesNotExist() {
        assertThat(keywatch.run("members", token.toString())).isEqualTo(2);
        assertThat(keywatch.run("members", "--depth=0", "@u")).isEqualTo(2);
        assertThat(keywatch.run("members", "--format=keyctl", "@u")).isEqualTo(2);
        assertThat(keywatch.run("members")).isEqualTo(2);
        assertThat(keywatch.run("members", "%keyring:none")).isEqualTo(1);
        assertThat(keywatch.out()).isEmpty();
        assertThat(keywatch.err()).contains("of type user", "depth 0", "keyctl", "ENOKEY");
    }
}
