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

import org.jspecify.annotations.Nullable;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Standard output, which reports that it cannot be written: {@code System.out} hides that. */
final class StandardOutput extends OutputStream {

    private static final int TYPE = 0170000; // inode(7): S_IFMT and what it may be
    private static final int FIFO = 0010000;
    private static final int SOCKET = 0140000;

    private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);
    private volatile @Nullable IOException failure;

    @Override
    public void write(int octet) throws IOException {
        write(new byte[] {(byte) octet}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** Why it could not be written, null if it could. */
    @Nullable IOException failure() {
        return failure;
    }

    /** Whether it is a pipe or a socket, which fail when their reader has gone. */
    boolean isReadByAProgram() {
        try {
            int mode = (int) Files.getAttribute(Path.of("/proc/self/fd/1"), "unix:mode");
            return (mode & TYPE) == FIFO || (mode & TYPE) == SOCKET;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }
}
