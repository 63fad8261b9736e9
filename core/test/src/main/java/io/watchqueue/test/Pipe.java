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
package io.watchqueue.test;

import io.watchqueue.internal.Errno;
import io.watchqueue.internal.Kernel;

import java.nio.ByteBuffer;

/** A pipe of either kind: fs/pipe.c. Has no lock of its own. */
abstract class Pipe extends Waitable {

    private boolean readEndOpen = true;
    private boolean writeEndOpen = true;

    /** F_GETPIPE_SZ. */
    abstract int bytes();

    /** FIONREAD. */
    abstract int bytesQueued();

    /** pipe_read(). */
    abstract int read(ByteBuffer target, int length);

    abstract boolean isReadable();

    /** The result of a read that finds nothing. */
    final int readNothing() {
        return writeEndOpen ? -Errno.EAGAIN : 0;
    }

    @Override
    final int ready() {
        return (isReadable() ? Kernel.EPOLLIN : 0) | (writeEndOpen ? 0 : Kernel.EPOLLHUP);
    }

    final void endClosed(boolean readEnd) {
        if (readEnd) {
            readEndOpen = false;
        } else {
            writeEndOpen = false;
            wake();
        }
    }

    final boolean isReadEndOpen() {
        return readEndOpen;
    }

    final boolean isClosed() {
        return !readEndOpen && !writeEndOpen;
    }
}
