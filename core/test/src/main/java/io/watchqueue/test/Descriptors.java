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

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The descriptors of the process. Has no lock of its own. */
final class Descriptors {

    /** Higher than any real one, so that neither can be taken for the other. */
    private static final int FIRST = 1 << 24;

    /** The object of a descriptor: {@code struct file}. */
    sealed interface File {}

    /** One end of a pipe. Keeps the keyrings of its owner: {@code f_cred}. */
    record PipeEnd(Pipe pipe, boolean read, Credentials owner) implements File {}

    /** An eventfd(2). It only matters here whether its count is positive. */
    static final class Eventfd extends Waitable implements File {
        private boolean signalled;

        void signal() {
            signalled = true;
            wake();
        }

        @Override
        int ready() {
            return signalled ? Kernel.EPOLLIN : 0;
        }
    }

    /** An epoll instance. */
    static final class Epoll implements File {
        final Map<Integer, Waitable.Interest> interests = new LinkedHashMap<>();

        /** Whether a thread waits in it. */
        boolean waitedFor;

        /** The thread that waits in it, or did last. */
        @Nullable Thread waiter;

        /** The next events, at most that many; they count as reported. */
        List<Event> take(int most) {
            List<Event> events = new ArrayList<>();
            for (Waitable.Interest interest : interests.values()) {
                int ready = ready(interest);
                if (ready != 0 && events.size() < most) {
                    interest.woken = (interest.events & Kernel.EPOLLET) == 0;
                    events.add(new Event(ready, interest.data));
                }
            }
            return events;
        }

        boolean isIdle() {
            return interests.values().stream().allMatch(interest -> ready(interest) == 0);
        }

        private static int ready(Waitable.Interest interest) {
            int wanted = interest.events | Kernel.EPOLLHUP | Kernel.EPOLLERR;
            return interest.woken ? interest.target.ready() & wanted : 0;
        }
    }

    record Event(int events, long data) {}

    private final int most;
    private final TreeMap<Integer, File> files = new TreeMap<>();
    private final List<String> mistakes = new ArrayList<>();

    Descriptors(int most) {
        this.most = most;
    }

    int open(File file) {
        if (files.size() >= most) {
            throw new KernelError(Errno.EMFILE);
        }
        int fd = FIRST;
        while (files.containsKey(fd)) {
            fd++;
        }
        files.put(fd, file);
        return fd;
    }

    boolean isRoomFor(int descriptors) {
        return files.size() + descriptors <= most;
    }

    /** The file of a descriptor. A descriptor without one is noted as the program's mistake. */
    <T> T get(String call, int fd, Class<T> type, int errno) {
        File file = files.get(fd);
        if (file == null) {
            mistakes.add(call + " of descriptor " + fd + ", which is not open");
        }
        if (!type.isInstance(file)) {
            throw new KernelError(file == null ? Errno.EBADF : errno);
        }
        return type.cast(file);
    }

    File close(int fd) {
        File file = get("close", fd, File.class, Errno.EBADF);
        files.remove(fd);
        for (File other : files.values()) {
            if (other instanceof Epoll epoll) {
                remove(epoll, fd);
            }
        }
        if (file instanceof Epoll epoll) {
            List.copyOf(epoll.interests.keySet()).forEach(entry -> remove(epoll, entry));
        }
        return file;
    }

    private static void remove(Epoll epoll, int fd) {
        Waitable.Interest interest = epoll.interests.remove(fd);
        if (interest != null) {
            interest.remove();
        }
    }

    void control(int epollFd, int operation, int fd, int events, long data) {
        Epoll epoll = get("epoll_ctl", epollFd, Epoll.class, Errno.EINVAL);
        File file = get("epoll_ctl", fd, File.class, Errno.EBADF);
        Waitable target =
                file instanceof PipeEnd end
                        ? end.pipe()
                        : file instanceof Waitable waitable ? waitable : null;
        if (target == null) {
            throw new KernelError(Errno.EINVAL);
        }
        Waitable.Interest interest = epoll.interests.get(fd);
        if (operation == Kernel.EPOLL_CTL_ADD) {
            if (interest != null) {
                throw new KernelError(Errno.EEXIST);
            }
            interest = new Waitable.Interest(target);
            epoll.interests.put(fd, interest);
        } else if (interest == null) {
            throw new KernelError(Errno.ENOENT);
        }
        if (operation == Kernel.EPOLL_CTL_DEL) {
            remove(epoll, fd);
        } else {
            interest.change(events, data);
        }
    }

    Iterable<File> files() {
        return files.values();
    }

    /** The owners of the open pipes. */
    Stream<Credentials> owners() {
        return files.values().stream()
                .filter(PipeEnd.class::isInstance)
                .map(file -> ((PipeEnd) file).owner());
    }

    List<Integer> numbers() {
        return List.copyOf(files.keySet());
    }

    List<String> mistakes() {
        return List.copyOf(mistakes);
    }
}
