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

import io.watchqueue.internal.Errno;
import io.watchqueue.test.FakeKernel;
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;

class KeyctlTests {

    private static final KeyId KEY = KeyId.of(1);

    @RegisterExtension final FakeKernel kernel = new FakeKernel();
    private final Keyctl keys = new Keyctl(kernel);

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({"@t,-1", "@p,-2", "@s,-3", "@u,-4", "@us,-5", "17,17", "0x1f,31"})
    void parsesReferences(String reference, int value) {
        assertThat(keys.find(reference)).isEqualTo(KeyId.of(value));
    }

    @ParameterizedTest(name = "''{0}''")
    @ValueSource(strings = {"", "@x", "0", "-9", "abc", "99999999999", "%", "%nocolon"})
    void explainsReferencesThatItCannotParse(String reference) {
        assertThatThrownBy(() -> keys.find(reference))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("'" + reference + "'", "%keyring:NAME");
    }

    @Test
    void readsAnswersOfAnyLength() {
        assertThat(keys.describe(KEY))
                .isEqualTo(
                        new KeyDescription(
                                KEY, "user", 1000, 100, 0x3f010000, "key " + "x".repeat(200)));
        assertThat(keys.list(KEY)).hasSize(100).startsWith(KEY).endsWith(KeyId.of(100));
    }

    @Test
    void wipesPayloadsAndNeverReportsThem() {
        byte[] secret = "secret".getBytes(StandardCharsets.UTF_8);
        keys.add("user", "token", secret, Keyring.USER);
        assertThat(kernel.lastPayload()).containsOnly(0);
        kernel.fail(NativeCall.UPDATE, Errno.EKEYREVOKED);
        assertThatThrownBy(() -> keys.update(KEY, secret))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageNotContaining("secret");
        assertThat(kernel.lastPayload()).containsOnly(0);
        assertThat(secret).asString().isEqualTo("secret");
    }

    @Test
    void refusesTextsThatTheKernelWouldCut() {
        assertThatThrownBy(() -> keys.add("user", "a\0b", new byte[1], Keyring.USER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NUL");
        assertThatThrownBy(() -> keys.add("user", "a\ud83d", new byte[1], Keyring.USER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll("add key user", "description", "surrogate");
        assertThat(kernel.count(NativeCall.ADD_KEY)).isZero();
    }

    @Test
    void freesTheMemoryOfACall() {
        keys.add("user", "token", new byte[1], Keyring.USER);
        keys.update(KEY, new byte[1]);
        keys.describe(KEY);
        keys.tree(KEY);
        keys.list(KEY);
        keys.read(KEY);
        keys.read(KEY, ByteBuffer.allocate(1));
        keys.capabilities();
        for (NativeCall call :
                List.of(NativeCall.ADD_KEY, NativeCall.DESCRIBE, NativeCall.CAPABILITIES)) {
            kernel.fail(call, Errno.EIO);
        }
        assertThatThrownBy(() -> keys.add("user", "token", new byte[1], Keyring.USER));
        assertThatThrownBy(() -> keys.describe(KEY));
        assertThatThrownBy(keys::capabilities);
        try (WatchQueue queue =
                WatchQueue.builder(kernel)
                        .filter(NotificationFilter.of(NotificationFilter.events()))
                        .open()) {
            queue.queuedBytes();
            queue.read(Duration.ofNanos(1));
        }
        WatchQueueSupport.probe(kernel);
        assertThat(kernel.outstandingMemory()).isZero();
    }

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "EACCES,KeyPermissionException",
        "ENOKEY,KeyUnavailableException",
        "EDQUOT,ResourceLimitException",
        "EKEYREVOKED,KeyUnavailableException",
        "EKEYEXPIRED,KeyUnavailableException",
        "EKEYREJECTED,KeyUnavailableException",
        "ENOMEM,ResourceLimitException",
        "ENFILE,ResourceLimitException",
        "EPERM,WatchQueueException",
        "ENOSYS,WatchQueueException",
        "EOPNOTSUPP,WatchQueueException",
        "ENODEV,WatchQueueException",
        "ENOTDIR,WatchQueueException",
        "ENOENT,WatchQueueException",
        "EEXIST,WatchQueueException",
        "EDEADLK,WatchQueueException",
        "ELOOP,WatchQueueException",
        "EINVAL,WatchQueueException",
        "EIO,WatchQueueException"
    })
    void throwsTypedExceptions(String errno, String type) throws Exception {
        kernel.fail(NativeCall.LINK, errno);
        assertThatThrownBy(() -> keys.link(KEY, Keyring.USER))
                .isExactlyInstanceOf(Class.forName("io.watchqueue." + type))
                .hasMessageContainingAll("link key 1 into @u", errno);
    }

    @Test
    void signalsDoNotDisturb() {
        kernel.fail(NativeCall.CLEAR, Errno.EINTR);
        keys.clear(KEY);
        assertThat(kernel.count(NativeCall.CLEAR)).isEqualTo(2);
    }

    @Test
    void acceptsTimeoutsOfThirtyTwoBitsOfSeconds() {
        keys.setTimeout(KEY, Duration.ofMillis(1));
        keys.setTimeout(KEY, Duration.ZERO);
        assertThatThrownBy(() -> keys.setTimeout(KEY, Duration.ofSeconds(-1)))
                .hasMessageContaining("PT-1S");
        keys.setTimeout(KEY, Duration.ofSeconds(0xffff_ffffL));
        for (Duration tooLong :
                List.of(
                        ChronoUnit.FOREVER.getDuration(),
                        Duration.ofSeconds(0xffff_ffffL, 1),
                        Duration.ofSeconds(Long.MIN_VALUE))) {
            assertThatThrownBy(() -> keys.setTimeout(KEY, tooLong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("set the timeout of key 1", "4294967295");
        }
        assertThatThrownBy(() -> keys.setTimeout(KEY, Duration.ofSeconds(1L << 32)))
                .hasMessageContaining("4294967295");
    }

    @Test
    void takesThePayloadFromPartOfABuffer() {
        ByteBuffer secret =
                ByteBuffer.wrap("<secret>".getBytes(StandardCharsets.UTF_8)).position(1).limit(7);
        kernel.onPayload(bytes -> assertThat(bytes).asString().isEqualTo("secret"));
        keys.add("user", "token", secret, Keyring.USER);
        keys.update(KEY, secret.asReadOnlyBuffer());
        assertThat(kernel.lastPayload()).containsOnly(0);
        assertThat(secret.position()).isEqualTo(1);
        assertThat(secret.limit()).isEqualTo(7);
    }

    @Test
    void readsAPayloadIntoABufferIfThereIsRoom() {
        ByteBuffer small = ByteBuffer.allocate(399);
        assertThat(keys.read(KEY, small)).isEqualTo(400);
        assertThat(small.position()).isZero();
        ByteBuffer large = ByteBuffer.allocate(405).position(5);
        assertThat(keys.read(KEY, large)).isEqualTo(400);
        assertThat(large.hasRemaining()).isFalse();
        assertThat(kernel.lastPayload()).containsOnly(0);
        assertThat(keys.read(KEY)).hasSize(400);
        assertThat(kernel.lastPayload()).containsOnly(0);
    }

    @Test
    void decodesCapabilities() {
        kernel.capabilities(0x05);
        assertThat(keys.capabilities())
                .containsExactly(
                        KeyCapability.NAMESPACED_KEYRING_NAMES, KeyCapability.NOTIFICATIONS);
        kernel.fail(NativeCall.CAPABILITIES, Errno.EOPNOTSUPP);
        assertThat(keys.capabilities()).isEmpty();
        kernel.fail(NativeCall.CAPABILITIES, Errno.ENOSYS);
        assertThatThrownBy(keys::capabilities).hasMessageContaining("CONFIG_KEYS");
    }

    @Test
    void returnsEmptyIfNothingIsFound() {
        assertThat(keys.search(KEY, "user", "token")).isEmpty();
        kernel.fail(NativeCall.SEARCH, Errno.EKEYEXPIRED);
        assertThatThrownBy(() -> keys.search(KEY, "user", "token"))
                .isInstanceOf(KeyUnavailableException.class);
        kernel.fail(NativeCall.GET_KEYRING_ID, Errno.ENOKEY);
        assertThatThrownBy(() -> keys.search(KEY, "user", "token"))
                .isInstanceOf(KeyUnavailableException.class)
                .hasMessageContaining("key 1");
        kernel.fail(NativeCall.MOVE, Errno.EEXIST);
        assertThat(keys.moveIfAbsent(KEY, Keyring.USER, Keyring.SESSION)).isFalse();
        assertThat(keys.moveIfAbsent(KEY, Keyring.USER, Keyring.SESSION)).isTrue();
    }
}
