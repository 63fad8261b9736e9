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
import io.watchqueue.test.NativeCall;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WatchQueueSupportTests {

    @RegisterExtension final FakeKernel kernel = new FakeKernel();

    @ParameterizedTest(name = "{0} fails with {1}: {2}")
    @CsvSource({
        "PIPE2,ENOPKG,WATCH_QUEUE_OFF,CONFIG_WATCH_QUEUE",
        "PIPE2,EINVAL,KERNEL_TOO_OLD,5.8",
        "PIPE2,EPERM,KEYCTL_REFUSED,O_EXCL",
        "PIPE2,EMFILE,RESOURCES_EXHAUSTED,RLIMIT_NOFILE",
        "PIPE2,ENFILE,RESOURCES_EXHAUSTED,fs.file-max",
        "CAPABILITIES,EOPNOTSUPP,KEY_NOTIFICATIONS_OFF,CONFIG_KEY_NOTIFICATIONS",
        "CAPABILITIES,EPERM,KEYCTL_REFUSED,container",
        "CAPABILITIES,EPERM,KEYCTL_REFUSED,SystemCallFilter=",
        "CAPABILITIES,ENOSYS,KEYCTL_REFUSED,CONFIG_KEYS"
    })
    void reportsTheMissingPartAndLeavesNothingOpen(
            NativeCall call, String errno, WatchQueueSupport.Status status, String explanation)
            throws Exception {
        kernel.fail(call, errno);
        WatchQueueSupport support = WatchQueueSupport.probe(kernel);
        assertThat(support.status()).isEqualTo(status);
        assertThat(support.isAvailable()).isFalse();
        assertThat(support.explanation()).contains(explanation);
        assertThatThrownBy(() -> support.requireFor("watch the credentials"))
                .isInstanceOf(
                        status == WatchQueueSupport.Status.RESOURCES_EXHAUSTED
                                ? ResourceLimitException.class
                                : WatchQueueUnsupportedException.class)
                .hasMessageContaining(errno + ": ");
        assertThat(kernel.open()).isEmpty();
    }

    @Test
    void aKernelWithoutTheCapabilityHasNoKeyNotifications() {
        kernel.capabilities(0x03);
        assertThat(WatchQueueSupport.probe(kernel).status())
                .isEqualTo(WatchQueueSupport.Status.KEY_NOTIFICATIONS_OFF);
    }

    @Test
    void aKernelWithAllOfItIsAvailable() {
        WatchQueueSupport support = WatchQueueSupport.probe(kernel);
        assertThat(support.isAvailable()).isTrue();
        support.requireFor("watch the credentials");
        assertThat(kernel.open()).isEmpty();
        assertThat(kernel.mistakes()).isEmpty();
    }

    @Test
    void aRefusedNativeAccessNamesTheModuleThatNeedsIt() {
        Throwable cause =
                new ExceptionInInitializerError(
                        new IllegalCallerException(
                                "Illegal native access from module com.sun.jna"));
        WatchQueueSupport support = WatchQueueSupport.unavailable(cause, false, "com.sun.jna");
        assertThat(support.status()).isEqualTo(WatchQueueSupport.Status.NATIVE_ACCESS_MISSING);
        assertThat(support.explanation())
                .contains("ExceptionInInitializerError; caused by java.lang.IllegalCallerException")
                .endsWith("Start it with --enable-native-access=com.sun.jna.")
                .doesNotContain("ALL-UNNAMED");
        assertThatThrownBy(() -> support.requireFor("watch the credentials")).hasCause(cause);
    }

    @Test
    void reportsWhyALibraryCannotBeLoaded() {
        WatchQueueSupport unpacked =
                WatchQueueSupport.unavailable(
                        new UnsatisfiedLinkError("failed to map segment"), false, "ALL-UNNAMED");
        assertThat(unpacked.explanation())
                .contains("failed to map segment", "-Djna.tmpdir=DIR", "ALL-UNNAMED");
        WatchQueueSupport absent =
                WatchQueueSupport.unavailable(
                        new NoClassDefFoundError("com/sun/jna/Native")
                                .initCause(new ClassNotFoundException("com.sun.jna.Native")),
                        false,
                        "ALL-UNNAMED");
        assertThat(absent.explanation())
                .contains("net.java.dev.jna:jna")
                .doesNotContain("native-access");
    }

    @Test
    void anUnknownPlatformIsNamed() {
        WatchQueueSupport support =
                WatchQueueSupport.unavailable(
                        new UnsupportedOperationException("this is Plan 9, not Linux"),
                        true,
                        "ALL-UNNAMED");
        assertThat(support.status()).isEqualTo(WatchQueueSupport.Status.UNKNOWN_PLATFORM);
        assertThat(support.explanation())
                .startsWith("this is Plan 9, not Linux. Watch queues need");
    }

    @Test
    void withoutMemoryNothingIsLeftOpen() {
        kernel.assertThatAllocationsLeaveNothingOpen(1, () -> WatchQueueSupport.probe(kernel));
    }

    @Test
    void probesAnyMachine() {
        WatchQueueSupport support = WatchQueueSupport.probe();
        assertThat(support.toString()).startsWith(support.status() + ": ").hasSizeGreaterThan(30);
    }
}
