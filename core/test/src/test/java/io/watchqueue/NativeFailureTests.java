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

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.watchqueue.test.NativeCall;
import io.watchqueue.test.NativeErrors;
import io.watchqueue.test.NativeErrors.NativeError;
import io.watchqueue.test.NativeUses;
import io.watchqueue.test.SimulatedKernel;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Each system call with each error that it can return, from native-errors.txt: the outcome is the
 * one in that file, nothing is left open, and another queue of the process goes on.
 */
@Timeout(300)
class NativeFailureTests {

    /** Does something of which one system call is a part. */
    private interface Use {
        void run(Scene scene);
    }

    @TestFactory
    Stream<DynamicTest> eachCallWithEachOfItsErrors() {
        return NativeUses.tests(NativeFailureTests::uses, NativeFailureTests::check);
    }

    /**
     * Where this module makes the call. Without a default, so that no new call can be forgotten.
     */
    private static NativeUses<Use> uses(NativeCall call) {
        return switch (call) {
            case PIPE2, SET_SIZE, GET_PIPE_SIZE ->
                    use("open", scene -> scene.builder.open().close());
            case SET_FILTER ->
                    use("open", scene -> scene.builder.open().close())
                            .and("filter", scene -> scene.queue.filter(scene.filter));
            case CLEAR_FILTER -> use("clear", scene -> scene.queue.clearFilter());
            case WATCH_KEY ->
                    use("open", scene -> scene.builder.open().close())
                            .and("watch", scene -> scene.queue.watch(scene.other, 9));
            case GET_KEYRING_ID ->
                    use("watch", scene -> scene.queue.watch(Keyring.USER, 9))
                            .and("resolve", scene -> scene.keys.resolve(Keyring.USER, false));
            case UNWATCH_KEY -> use("unwatch", scene -> scene.watch.close());
            case READ -> use("poll", scene -> scene.queue.poll());
            case WRITE -> use("warm up", scene -> postToWarmUp());
            case POLL -> use("read", scene -> scene.queue.read(Duration.ofMillis(50)));
            case BYTES_QUEUED -> use("ask", scene -> scene.queue.queuedBytes());
            case CLOSE ->
                    use("queue", scene -> scene.queue.close())
                            .and("selector", scene -> scene.closeSelector());
            case EPOLL_CREATE, EVENTFD -> use("open", scene -> WatchQueueSelector.open().close());
            case EPOLL_CONTROL ->
                    use("open", scene -> WatchQueueSelector.open().close())
                            .and("register", scene -> scene.selector.register(scene.queue, "new"));
            case EPOLL_WAIT -> use("select", scene -> scene.selector.selectNow(any -> {}));
            case EVENTFD_WRITE -> use("wakeup", scene -> scene.selector.wakeup());
            case CAPABILITIES -> use("ask", scene -> scene.keys.capabilities());
            case DESCRIBE -> use("describe", scene -> scene.keys.describe(scene.token));
            case READ_KEY ->
                    use("read", scene -> scene.keys.read(scene.token))
                            .and("list", scene -> scene.keys.list(Keyring.USER));
            case ADD_KEY ->
                    use("add", scene -> scene.keys.add("user", "new", new byte[1], Keyring.USER));
            case REQUEST_KEY -> use("request", scene -> scene.keys.request("user", "token"));
            case RESTRICT_KEYRING -> use("restrict", scene -> scene.keys.restrict(scene.ring));
            case UPDATE -> use("update", scene -> scene.keys.update(scene.other, new byte[1]));
            case SEARCH -> use("search", scene -> scene.keys.search(Keyring.USER, "user", "token"));
            case JOIN_SESSION -> use("join", scene -> scene.keys.joinSession());
            case REVOKE -> use("revoke", scene -> scene.keys.revoke(scene.other));
            case CHOWN ->
                    use(
                            "chown",
                            scene ->
                                    scene.keys.chown(
                                            scene.other, Keyctl.UNCHANGED, Keyctl.UNCHANGED));
            case SETPERM ->
                    use("setperm", scene -> scene.keys.setPermissions(scene.other, 0x3f3f0000));
            case CLEAR -> use("clear", scene -> scene.keys.clear(scene.ring));
            case LINK -> use("link", scene -> scene.keys.link(scene.other, scene.ring));
            case UNLINK -> use("unlink", scene -> scene.keys.unlink(scene.other, Keyring.USER));
            case SET_TIMEOUT ->
                    use(
                            "timeout",
                            scene -> scene.keys.setTimeout(scene.other, Duration.ofSeconds(9)));
            case INVALIDATE -> use("invalidate", scene -> scene.keys.invalidate(scene.other));
            case GET_PERSISTENT -> use("persistent", scene -> scene.keys.persistent(Keyring.USER));
            case MOVE ->
                    use("move", scene -> scene.keys.move(scene.other, Keyring.USER, scene.ring));
        };
    }

    private static void postToWarmUp() {
        try (WatchQueueWarmUp warmUp = WatchQueueWarmUp.open()) {
            warmUp.post();
        }
    }

    private static NativeUses<Use> use(String name, Use use) {
        return NativeUses.of(name, use);
    }

    /** A kernel with a queue that something is done to, and another one that is to go on. */
    private static final class Scene {
        final SimulatedKernel kernel = SimulatedKernel.install();
        final Keyctl keys = Keyctl.system();
        final KeyId token = add("token");
        final KeyId other = add("other");
        final KeyId ring = keys.addKeyring("ring", Keyring.USER);
        final NotificationFilter filter = NotificationFilter.of(NotificationFilter.events());
        final WatchQueue.Builder builder =
                WatchQueue.builder().filter(filter).watch(other, 5).capacity(32);
        final WatchQueue bystander = WatchQueue.builder().watch(token, 1).open();
        final WatchQueue queue = WatchQueue.builder().open();
        final Watch watch = queue.watch(token, 2);
        final WatchQueueSelector selector = WatchQueueSelector.open();
        final WatchQueueSelector.Registration registration = selector.register(bystander, "other");
        private boolean selecting = true;

        Scene() {
            // Also for a session that the thread joins.
            keys.setPermissions(token, 0x3f3f3f3f);
            bystander.poll();
            queue.poll();
        }

        private KeyId add(String description) {
            return keys.add("user", description, new byte[1], Keyring.USER);
        }

        void closeSelector() {
            selecting = false;
            selector.close();
        }

        void assertThatTheOtherQueueGoesOn() {
            keys.update(token, new byte[2]);
            if (selecting) {
                List<Object> ready = new ArrayList<>();
                registration.arm();
                selector.selectNow(one -> ready.add(one.attachment()));
                assertThat(ready).contains("other");
            }
            assertThat(bystander.poll()).isEqualTo(new KeyNotification(KeyEvent.UPDATED, token, 1));
            assertThat(kernel.queues().get(0).watches()).isEqualTo(Map.of(token, 1));
        }

        void assertThatNothingIsLeft(NativeError error) {
            selector.close();
            queue.close();
            bystander.close();
            NativeUses.assertThatNothingIsLeft(kernel, error);
        }
    }

    private static void check(NativeError error, String name, Use use) {
        Scene scene = new Scene();
        try {
            int before = scene.kernel.count(error.call());
            scene.kernel.fail(error.call(), error.errno());
            Throwable thrown = catchThrowable(() -> use.run(scene));
            assertThat(scene.kernel.outstandingFailures()).isEmpty();
            if (error.isThrown()) {
                assertThatItNamesAll(
                        thrown,
                        error,
                        name.equals("watch")
                                ? NativeUses.outcomeOfWatching(error)
                                : error.outcome());
            } else {
                assertThat(thrown).isNull();
            }
            if (error.outcome().equals(NativeErrors.RETRIED)) {
                assertThat(scene.kernel.count(error.call()) - before).isGreaterThan(1);
            }
            scene.assertThatTheOtherQueueGoesOn();
            scene.assertThatNothingIsLeft(error);
        } finally {
            scene.kernel.close();
        }
    }

    private static void assertThatItNamesAll(Throwable thrown, NativeError error, String type) {
        assertThat(thrown).isInstanceOf(WatchQueueException.class);
        assertThat(thrown.getClass().getSimpleName()).isEqualTo(type);
        WatchQueueException failure = (WatchQueueException) thrown;
        assertThat(failure.errnoName()).isEqualTo(error.errno());
        String what = failure.operation() + ": " + error.errno() + ": ";
        assertThat(failure).hasMessageStartingWith(what);
        assertThat(failure.getMessage().substring(what.length()))
                .as("the way out")
                .hasSizeGreaterThan(20)
                .endsWith(".");
    }
}
