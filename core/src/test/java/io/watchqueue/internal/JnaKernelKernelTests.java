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
package io.watchqueue.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The behaviour of the real kernel that the library relies on, call by call. */
class JnaKernelKernelTests {

    private static final int F_GETFD = 1;
    private static final int F_GETFL = 3;
    private static final int FD_CLOEXEC = 1;
    private static final int USER_KEYRING = -4;
    private static final int SETPERM = 5;
    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;

    private final Kernel kernel = JnaKernel.load();
    private final NativeBuffer buffer = kernel.allocate(4096);
    private int readEnd;
    private int writeEnd;
    private int key;

    @BeforeEach
    void open() {
        long pipe = kernel.pipe2(Kernel.O_NOTIFICATION_PIPE | Kernel.O_NONBLOCK | Kernel.O_CLOEXEC);
        assertThat(pipe).isPositive();
        readEnd = (int) pipe;
        writeEnd = (int) (pipe >>> 32);
        key = kernel.addKey("user", "jna-kernel-test", buffer, 1, USER_KEYRING);
        assertThat(key).isPositive();
    }

    @AfterEach
    void close() {
        kernel.close(readEnd);
        kernel.close(writeEnd);
    }

    @Test
    void bothEndsDoNotBlockAndAreClosedOnExec() {
        for (int fd : new int[] {readEnd, writeEnd}) {
            assertThat(LibC.fcntl(fd, F_GETFL, 0) & Kernel.O_NONBLOCK).isNotZero();
            assertThat(LibC.fcntl(fd, F_GETFD, 0)).isEqualTo(FD_CLOEXEC);
        }
    }

    @Test
    void aQueueIsSizedOnceAndGoesOnWhenItIsTriedAgain() {
        assertThat(kernel.setSize(readEnd, 32)).isZero();
        assertThat(kernel.setSize(readEnd, 64)).isEqualTo(-Errno.EBUSY);
        assertThat(kernel.watchKey(key, readEnd, 1)).isZero();
        post();
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(16);
    }

    @Test
    void sizesOutOfRangeAreRefused() {
        for (int notes : new int[] {0, 513, -1}) {
            assertThat(kernel.setSize(readEnd, notes)).isEqualTo(-Errno.EINVAL);
        }
    }

    @Test
    void dropsWithoutATraceBeforeTheQueueHasASize() {
        assertThat(kernel.watchKey(key, readEnd, 1)).isZero();
        post();
        assertThat(kernel.setSize(readEnd, 32)).isZero();
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(-Errno.EAGAIN);
        post();
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(16);
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(-Errno.EAGAIN);
    }

    @Test
    void readsWholeMessagesAndRefusesATooSmallBuffer() {
        assertThat(kernel.setSize(readEnd, 32)).isZero();
        assertThat(kernel.watchKey(key, readEnd, 1)).isZero();
        for (int i = 0; i < 40; i++) {
            post();
        }
        assertThat(kernel.bytesQueued(readEnd, kernel.allocate(4))).isEqualTo(32 * 16);
        assertThat(kernel.read(readEnd, buffer, 15)).isEqualTo(-Errno.ENOBUFS);
        assertThat(kernel.read(readEnd, buffer, 16)).isEqualTo(16);
        assertThat(kernel.read(readEnd, buffer, 24)).isEqualTo(16);
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(30 * 16);
        // The loss comes after the last message: neither poll(2) nor FIONREAD report it.
        assertThat(kernel.bytesQueued(readEnd, kernel.allocate(4))).isZero();
        assertThat(kernel.poll(readEnd, Kernel.POLLIN, 0, kernel.allocate(8))).isZero();
        assertThat(kernel.read(readEnd, buffer, 7)).isEqualTo(-Errno.ENOBUFS);
        assertThat(kernel.read(readEnd, buffer, 24)).isEqualTo(8);
        assertThat(kernel.read(readEnd, buffer, 24)).isEqualTo(-Errno.EAGAIN);
    }

    @Test
    void descriptorsOfAnotherKindAreRefused() {
        assertThat(kernel.watchKey(key, -1, 1)).isEqualTo(-Errno.EINVAL);
        int eventfd = kernel.eventfd(Kernel.O_CLOEXEC);
        assertThat(kernel.watchKey(key, eventfd, 1)).isEqualTo(-Errno.EINVAL);
        assertThat(kernel.setSize(eventfd, 32)).isEqualTo(-Errno.ENOTTY);
        assertThat(kernel.clearFilter(-1)).isEqualTo(-Errno.EBADF);
        kernel.close(eventfd);
        long plain = kernel.pipe2(Kernel.O_CLOEXEC);
        assertThat(kernel.setSize((int) plain, 32)).isEqualTo(-Errno.ENODEV);
        assertThat(kernel.clearFilter((int) plain)).isEqualTo(-Errno.ENODEV);
        kernel.close((int) plain);
        kernel.close((int) (plain >>> 32));
    }

    @Test
    void tagsOutOfRangeAreRefused() {
        assertThat(kernel.watchKey(key, readEnd, -2)).isEqualTo(-Errno.EINVAL);
        assertThat(kernel.watchKey(key, readEnd, 256)).isEqualTo(-Errno.EINVAL);
    }

    @Test
    void withoutItsWriteEndAQueueHangsUpButStillDelivers() {
        assertThat(kernel.setSize(readEnd, 32)).isZero();
        assertThat(kernel.watchKey(key, readEnd, 1)).isZero();
        kernel.close(writeEnd);
        assertThat(kernel.poll(readEnd, Kernel.POLLIN, -1, kernel.allocate(8)))
                .isEqualTo(Kernel.POLLHUP);
        assertThat(kernel.read(readEnd, buffer, 4096)).isZero();
        post();
        assertThat(kernel.read(readEnd, buffer, 4096)).isEqualTo(16);
        writeEnd = kernel.eventfd(Kernel.O_CLOEXEC); // something for close() to close
    }

    private void post() {
        assertThat(kernel.keyctl(SETPERM, key, ALL_PERMISSIONS, 0, 0)).isZero();
    }
}
