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

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The watches of a queue. A closed watch leaves notifications in the kernel's queue, and after them
 * a removal. Until these are read, they could be mistaken for those of a new watch on the same key
 * with the same tag. They have been read when the removal has or, if that was lost, when the queue
 * was found empty after the watch was closed.
 */
final class Watches {

    private static final long BEING_CLOSED = Long.MAX_VALUE;

    private final Set<Watch> placing = new HashSet<>();
    private final Map<Integer, Watch> current = new LinkedHashMap<>();

    /** Closed watches of which something may be queued, by the number of their closing. */
    private final Map<Identity, Long> leaving = new HashMap<>();

    private long closings;
    private boolean any;

    /** The parts of a notification that identify its watch. */
    private record Identity(long serial, int tag) {
        Identity(Watch watch) {
            this(Integer.toUnsignedLong(watch.key().value()), watch.tag());
        }
    }

    /** The watches that are not known to be gone, the oldest first. */
    synchronized List<Watch> list() {
        return new ArrayList<>(current.values());
    }

    /** The watch on a key that is not known to be gone. */
    synchronized @Nullable Watch of(int serial) {
        return current.get(serial);
    }

    /** Whether there were watches, and all are gone and their last notifications were read. */
    synchronized boolean haveEnded() {
        return any && current.isEmpty() && placing.isEmpty() && leaving.isEmpty();
    }

    /**
     * To be called before the kernel is asked to place a watch: its removal may be read before the
     * kernel has answered.
     *
     * @throws AlreadyWatchedException if it could be taken for one that was closed
     */
    synchronized void placing(Watch watch) {
        if (leaving.containsKey(new Identity(watch))) {
            throw Failures.notReadYet(watch);
        }
        placing.add(watch);
    }

    synchronized void placed(Watch watch) {
        any = true;
        if (placing.remove(watch)) {
            current.put(watch.key().value(), watch);
        }
    }

    synchronized void notPlaced(Watch watch) {
        placing.remove(watch);
    }

    /**
     * To be called before the kernel is asked to remove a watch.
     *
     * @return false if there is nothing to remove, or another thread is about to
     */
    synchronized boolean closing(Watch watch) {
        if (!current.remove(watch.key().value(), watch)) {
            return false;
        }
        leaving.put(new Identity(watch), BEING_CLOSED);
        return true;
    }

    /** The kernel has removed it, or has reported that it is gone. */
    synchronized void closed(Watch watch) {
        // Unless its removal was read already.
        leaving.replace(new Identity(watch), ++closings);
    }

    /** The kernel does not remove it now. */
    synchronized void notClosed(Watch watch) {
        if (leaving.remove(new Identity(watch)) != null) {
            current.putIfAbsent(watch.key().value(), watch);
        }
    }

    /** To be called for each removal that is read. */
    synchronized void removed(RemovalNotification removal) {
        Identity identity = new Identity(removal.id(), removal.watchTag());
        if (leaving.remove(identity) == null && !removeCurrent(identity)) {
            placing.removeIf(watch -> new Identity(watch).equals(identity));
        }
    }

    private boolean removeCurrent(Identity identity) {
        Watch watch = current.get((int) identity.serial());
        return watch != null
                && new Identity(watch).equals(identity)
                && current.remove((int) identity.serial(), watch);
    }

    /** To be called before a read, see {@link #drained}. */
    synchronized long closings() {
        return closings;
    }

    /**
     * A read found nothing: all notifications of the watches that were closed before it began have
     * been read.
     *
     * @param closingsBefore the result of {@link #closings} before the read
     */
    synchronized void drained(long closingsBefore) {
        // Otherwise the predicate would be allocated each time that a queue is found empty.
        if (!leaving.isEmpty()) {
            leaving.values().removeIf(closing -> closing <= closingsBefore);
        }
    }
}
