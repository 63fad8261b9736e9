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

import java.util.ArrayList;
import java.util.List;

/** A file that poll(2) and epoll(7) can wait for. */
abstract class Waitable {

    private final List<Interest> interests = new ArrayList<>();

    /** One descriptor's entry in an epoll instance. */
    static final class Interest {
        final Waitable target;
        int events;
        long data;

        /** Whether something has come since the last report: this makes it edge-triggered. */
        boolean woken;

        Interest(Waitable target) {
            this.target = target;
            target.interests.add(this);
        }

        void change(int events, long data) {
            this.events = events;
            this.data = data;
            woken = true;
        }

        void remove() {
            target.interests.remove(this);
        }
    }

    /** Of EPOLLIN and EPOLLHUP, those that hold now. */
    abstract int ready();

    /** Notes for all epoll instances that something has come. */
    void wake() {
        interests.forEach(interest -> interest.woken = true);
    }
}
