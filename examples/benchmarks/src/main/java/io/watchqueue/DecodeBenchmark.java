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

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.TimeUnit;

/**
 * Decodes the bytes of a full queue, as of one read. It is in this package because the decoder is
 * package-private.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class DecodeBenchmark {

    private static final int NOTIFICATIONS = WatchQueue.MAX_CAPACITY;

    private ByteBuffer bytes = ByteBuffer.allocate(0);

    /** Fills the buffer. */
    @Setup
    public void fill() {
        bytes =
                ByteBuffer.allocateDirect(NOTIFICATIONS * KeyNotification.LENGTH)
                        .order(ByteOrder.nativeOrder());
        boolean littleEndian = bytes.order() == ByteOrder.LITTLE_ENDIAN;
        for (int i = 0; i < NOTIFICATIONS; i++) {
            int at = i * KeyNotification.LENGTH;
            int subtype = i % KeyEvent.values().length;
            bytes.putInt(at, littleEndian ? subtype << 24 | 1 : 1 << 8 | subtype);
            bytes.putInt(at + 4, i % 256 << 8 | KeyNotification.LENGTH);
            bytes.putInt(at + 8, 1 + i).putInt(at + 12, i);
        }
    }

    /**
     * Decodes all notifications.
     *
     * @param blackhole consumes each notification
     */
    @Benchmark
    @OperationsPerInvocation(NOTIFICATIONS)
    public void decode(Blackhole blackhole) {
        int end = bytes.capacity();
        for (int at = 0; at < end; ) {
            long header = NotificationDecoder.header(bytes, at, end);
            blackhole.consume(NotificationDecoder.decode(bytes, at, header));
            at += NotificationDecoder.length(header);
        }
    }
}
