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

import java.nio.ByteBuffer;

/** An ordinary pipe, which queues bytes without boundaries. */
final class BytePipe extends Pipe {

    private static final int PAGES = 16;

    private final ByteBuffer queued;

    BytePipe(int pageSize) {
        queued = ByteBuffer.allocate(PAGES * pageSize);
    }

    @Override
    int bytes() {
        return queued.capacity();
    }

    @Override
    int bytesQueued() {
        return queued.position();
    }

    @Override
    boolean isReadable() {
        return queued.position() > 0;
    }

    @Override
    int read(ByteBuffer target, int length) {
        int taken = Math.min(length, queued.position());
        if (taken == 0) {
            return length == 0 ? 0 : readNothing();
        }
        target.put(0, queued, 0, taken);
        queued.flip().position(taken);
        queued.compact();
        return taken;
    }

    /** pipe_write(): all of it or, up to a page, nothing. */
    int write(ByteBuffer bytes, int length) {
        if (!isReadEndOpen()) {
            return -Errno.EPIPE;
        }
        if (length > queued.remaining()) {
            return -Errno.EAGAIN;
        }
        queued.put(queued.position(), bytes, 0, length).position(queued.position() + length);
        wake();
        return length;
    }
}
