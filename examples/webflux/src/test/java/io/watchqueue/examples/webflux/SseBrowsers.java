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

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Browsers on one thread. Keys are changed one after the other, again and again, and each browser
 * checks that the changes arrive in that order.
 */
final class SseBrowsers implements AutoCloseable {

    private static final Pattern CHANGED = Pattern.compile("^data:.*\"key\":(\\d+)");

    private final int port;
    private final List<Integer> order;
    private final Selector selector = Selector.open();
    private final Thread reader = new Thread(this::read, "browsers");
    private final List<Browser> reading = new ArrayList<>();
    private final List<SocketChannel> sockets = new ArrayList<>();
    private final List<String> mistakes = new CopyOnWriteArrayList<>();

    SseBrowsers(int port, List<KeyId> order) throws IOException {
        this.port = port;
        this.order = order.stream().map(KeyId::value).toList();
    }

    void connect(String path, int readingOnes, int stuckOnes) throws IOException {
        for (int browser = 0; browser < readingOnes; browser++) {
            SocketChannel socket = open(path);
            socket.configureBlocking(false);
            reading.add(new Browser(socket.register(selector, SelectionKey.OP_READ)));
        }
        for (int browser = 0; browser < stuckOnes; browser++) {
            open(path);
        }
        reader.setDaemon(true);
        reader.start();
    }

    private SocketChannel open(String path) throws IOException {
        SocketChannel socket = SocketChannel.open();
        sockets.add(socket);
        socket.setOption(StandardSocketOptions.SO_RCVBUF, 4096);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        socket.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.US_ASCII)));
        return socket;
    }

    private void read() {
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        try {
            while (selector.isOpen()) {
                selector.select(key -> ((Browser) key.attachment()).read(buffer));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    int snapshots() {
        return reading.stream().mapToInt(browser -> browser.snapshots).sum();
    }

    long events() {
        return reading.stream().mapToLong(browser -> browser.changes).sum();
    }

    boolean allHave(long changes) {
        return reading.stream().allMatch(browser -> browser.has(changes));
    }

    boolean allHaveEnded() {
        return reading.stream().allMatch(browser -> browser.ended);
    }

    List<String> mistakes() {
        return mistakes;
    }

    @Override
    public void close() throws IOException {
        selector.close();
        for (SocketChannel socket : sockets) {
            socket.close();
        }
    }

    private final class Browser {

        private final SelectionKey selection;
        private final StringBuilder received = new StringBuilder();
        private final StringBuilder text = new StringBuilder();
        private boolean inBody;
        private String event = "";
        private int next;
        private boolean anyNext;
        private volatile int snapshots;
        private volatile long changes;
        private volatile boolean lost;
        private volatile boolean ended;

        Browser(SelectionKey selection) {
            this.selection = selection;
            selection.attach(this);
        }

        boolean has(long total) {
            return lost || changes == total;
        }

        void read(ByteBuffer buffer) {
            try {
                buffer.clear();
                if (((SocketChannel) selection.channel()).read(buffer) < 0) {
                    end();
                    return;
                }
                buffer.flip();
                received.append(StandardCharsets.US_ASCII.decode(buffer));
                takeChunks();
                int from = 0;
                for (int to; (to = text.indexOf("\n", from)) >= 0; from = to + 1) {
                    line(text.substring(from, to));
                }
                text.delete(0, from);
            } catch (IOException e) {
                mistakes.add(e.toString());
                end();
            }
        }

        /** A chunk is its length in hexadecimal, a line break, its bytes, and a line break. */
        private void takeChunks() {
            if (!inBody) {
                int head = received.indexOf("\r\n\r\n");
                if (head < 0) {
                    return;
                }
                received.delete(0, head + 4);
                inBody = true;
            }
            for (int line; (line = received.indexOf("\r\n")) > 0; ) {
                int begin = line + 2;
                int end = begin + Integer.parseInt(received.substring(0, line), 16);
                if (received.length() < end + 2) {
                    return;
                }
                text.append(received, begin, end);
                received.delete(0, end + 2);
            }
        }

        private void end() {
            ended = true;
            selection.cancel();
        }

        private void line(String line) {
            if (line.startsWith("event:")) {
                event = line.substring("event:".length());
            } else if (line.startsWith("data:")) {
                switch (event) {
                    case "snapshot" -> snapshots++;
                    case "changed" -> changed(line);
                    case "lost" -> {
                        anyNext = true;
                        lost = true;
                    }
                    default -> mistakes.add(event + " " + line);
                }
            }
        }

        private void changed(String line) {
            Matcher key = CHANGED.matcher(line);
            int which = key.find() ? order.indexOf(Integer.valueOf(key.group(1))) : -1;
            if (which != next && !anyNext || which < 0) {
                mistakes.add("not key " + next + " after " + changes + " changes: " + line);
            }
            anyNext = false;
            next = (which + 1) % order.size();
            changes++;
        }
    }
}
