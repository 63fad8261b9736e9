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
package io.watchqueue.reactor.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * Changes keyrings of its own, in floods with pauses between, and replaces each when its life is
 * over.
 */
final class Writer implements Runnable {

    private static final int KEYRINGS = 2;

    private final String name;
    private final Keys keys;
    private final Random random;
    private final List<ChangeLog> own = new ArrayList<>();
    private int added;
    private volatile boolean stopped;
    private volatile long changes;

    Writer(String name, Keys keys, long seed) {
        this.name = name;
        this.keys = keys;
        this.random = new Random(seed);
        while (own.size() < KEYRINGS) {
            own.add(add());
        }
    }

    private ChangeLog add() {
        return keys.add(name + "-" + added++, random);
    }

    @Override
    public void run() {
        while (!stopped) {
            int flood = 1 + random.nextInt(random.nextInt(4) == 0 ? 3_000 : 100);
            for (int i = 0; i < flood && !stopped; i++) {
                int which = random.nextInt(KEYRINGS);
                ChangeLog log = own.get(which);
                if (log.isExhausted()) {
                    keys.remove(log);
                    own.set(which, add());
                } else {
                    keys.change(log);
                    changes++;
                }
            }
            LockSupport.parkNanos(random.nextInt(300_000_000));
        }
        own.forEach(keys::destroy);
    }

    void stop() {
        stopped = true;
    }

    long changes() {
        return changes;
    }
}
