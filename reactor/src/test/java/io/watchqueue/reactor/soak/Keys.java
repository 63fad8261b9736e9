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

import io.watchqueue.KeyEvent;
import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.Keyring;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/** The keyrings that writers change and queues watch, as long as they live. */
final class Keys implements AutoCloseable {

    /**
     * The keys that are linked into them: the aux of a notification distinguishes one change from
     * another.
     */
    static final int MEMBERS = 256;

    private static final int ALL_PERMISSIONS = 0x3f3f3f3f;

    final Keyctl keyctl = Keyctl.system();
    final KeyId parent = keyctl.addKeyring("watchqueue-soak", Keyring.USER);
    private final List<KeyId> members = new ArrayList<>();
    private final List<ChangeLog> living = new CopyOnWriteArrayList<>();
    private final Ticks ticks;

    Keys(Ticks ticks) {
        this.ticks = ticks;
        for (int i = 0; i < MEMBERS; i++) {
            members.add(keyctl.add("user", "member " + i, new byte[] {1}, parent));
        }
    }

    /** Adds a keyring with a life ahead of it. */
    ChangeLog add(String name, Random random) {
        return add(name, 1 + random.nextInt(MEMBERS), random);
    }

    /** The same, with that many links that come and go. */
    ChangeLog add(String name, int links, Random random) {
        List<ChangeLog.Change> changes = new ArrayList<>();
        int first = random.nextInt(MEMBERS);
        for (int i = 0; i < links; i++) {
            int member = members.get((first + i) % MEMBERS).value();
            changes.add(new ChangeLog.Change(KeyEvent.LINKED, member));
            changes.add(new ChangeLog.Change(KeyEvent.UNLINKED, member));
        }
        changes.add(new ChangeLog.Change(KeyEvent.SETATTR, 0));
        changes.add(new ChangeLog.Change(KeyEvent.CLEARED, 0));
        switch (random.nextInt(3)) {
            case 0 -> changes.add(new ChangeLog.Change(KeyEvent.REVOKED, 0));
            case 1 -> changes.add(new ChangeLog.Change(KeyEvent.INVALIDATED, 0));
            default -> {} // its link is all it loses
        }
        ChangeLog log = new ChangeLog(keyctl.addKeyring(name, parent), changes);
        living.add(log);
        return log;
    }

    /** Makes the next change to a keyring, the only one of the calling thread's. */
    void change(ChangeLog log) {
        ChangeLog.Change change = log.begin(ticks.next());
        KeyId key = log.key();
        switch (change.event()) {
            case LINKED -> keyctl.link(KeyId.of(change.aux()), key);
            case UNLINKED -> keyctl.unlink(KeyId.of(change.aux()), key);
            case SETATTR -> keyctl.setPermissions(key, ALL_PERMISSIONS);
            case CLEARED -> keyctl.clear(key);
            case REVOKED -> {
                log.leaving(ticks.next());
                keyctl.revoke(key);
            }
            case INVALIDATED -> {
                log.leaving(ticks.next());
                keyctl.invalidate(key); // which destroys it
            }
            default -> throw new IllegalStateException("no keyring is " + change.event());
        }
        log.end(ticks.next());
    }

    /** Drops the link to a keyring, which destroys it; one that was invalidated has lost it. */
    void remove(ChangeLog log) {
        living.remove(log);
        destroy(log);
    }

    /** The same, of one that may still be asked for. */
    void destroy(ChangeLog log) {
        if (log.leavingAt() == Span.OPEN) {
            log.leaving(ticks.next());
        }
        if (!log.isInvalidated()) {
            keyctl.unlink(log.key(), parent);
        }
    }

    /** One that lived a moment ago. */
    ChangeLog any(Random random) {
        while (true) {
            List<ChangeLog> now = List.copyOf(living);
            if (!now.isEmpty()) {
                return now.get(random.nextInt(now.size()));
            }
        }
    }

    @Override
    public void close() {
        keyctl.unlink(parent, Keyring.USER);
    }
}
