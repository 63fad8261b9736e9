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

import io.watchqueue.KeyId;
import io.watchqueue.Keyctl;
import io.watchqueue.LossNotification;
import io.watchqueue.Notification;
import io.watchqueue.WatchQueueSupport;
import io.watchqueue.reactor.NotificationFlux;

import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;

import reactor.core.publisher.BaseSubscriber;
import reactor.core.scheduler.Schedulers;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * {@code keywatch} without a command: it changes keys in about every possible way and prints the
 * notifications. Then a small queue overflows, and the stream shows where. All keys are in a new
 * session keyring, which ends with the process.
 *
 * <p>It knows the number of notifications for each change, and fails if they do not arrive.
 */
final class Demonstration {

    /** Makes the changes that are demonstrated. */
    interface Changes {

        /**
         * Makes a change.
         *
         * @param arguments the arguments of keyctl(1)
         * @return the output of keyctl(1)
         */
        String make(List<String> arguments) throws IOException, InterruptedException;
    }

    private static final int PATIENCE_SECONDS = 30;
    private static final int SMALL_CAPACITY = 32;

    private final PrintWriter out;
    private final Changes changes;
    private final Semaphore arrived = new Semaphore(0);
    private volatile @Nullable Throwable failure;

    /** A demonstration in which another process, keyctl(1), makes the changes. */
    Demonstration(PrintWriter out) {
        this(out, new KeyctlShell());
    }

    Demonstration(PrintWriter out, Changes changes) {
        this.out = out;
        this.changes = changes;
    }

    /** Returns the exit status. */
    int run() throws IOException, InterruptedException, TimeoutException {
        WatchQueueSupport support = WatchQueueSupport.probe();
        support.requireFor("demonstrate key notifications");
        out.println(support.explanation());
        Keyctl keys = Keyctl.system();
        KeyId session = keys.joinSession("keywatch-" + ProcessHandle.current().pid());
        showChanges(keys, session);
        out.println();
        showLoss(keys, session);
        return 0;
    }

    private void showChanges(Keyctl keys, KeyId session)
            throws IOException, InterruptedException, TimeoutException {
        KeyId orders = keys.addKeyring("orders", session);
        KeyId archive = keys.addKeyring("archive", session);
        KeyId token = keys.add("user", "token", bytes("1"), orders);
        KeyId draft = keys.add("user", "draft", bytes("1"), archive);
        String owner = Integer.toUnsignedString(keys.describe(token).uid());

        KeyNames names = new KeyNames(keys);
        NotificationFlux notifications =
                NotificationFlux.builder()
                        .watch(orders, 1)
                        .watch(archive, 2)
                        .watch(token, 3)
                        .watch(draft, 4)
                        .build();
        out.println();
        out.println("Watching:");
        int tag = 1;
        for (KeyId key : List.of(orders, archive, token, draft)) {
            out.printf("  tag %-3d %s%n", tag++, TextLines.key(key.value(), names));
        }
        out.println();
        notifications
                .publishOn(Schedulers.single(), SMALL_CAPACITY)
                .subscribe(notification -> show(notification, names), this::fail);

        String receipt = change(1, "add", "user", "receipt", "r1", orders);
        change(1, "update", token, "2");
        change(1, "add", "user", "token", "3", orders);
        change(1, "link", token, archive);
        change(1, "setperm", token, "0x3f3f0000");
        change(1, "chown", token, owner);
        change(1, "timeout", token, "600");
        change(2, "move", receipt, orders, archive);
        change(1, "unlink", receipt, archive);
        change(1, "restrict_keyring", archive);
        change(1, "revoke", token);
        change(1, "clear", orders);
        change(2, "unlink", token, archive);
        change(2, "invalidate", draft);
        notifications.dispose();
    }

    private void show(Notification notification, KeyNames names) {
        print(notification, names);
        arrived.release();
    }

    private void print(Notification notification, KeyNames names) {
        out.println(
                "  "
                        + LineFormat.TEXT.line(
                                ZonedDateTime.now(ZoneId.systemDefault()), notification, names));
    }

    private String change(int notifications, Object... arguments)
            throws IOException, InterruptedException, TimeoutException {
        List<String> words = Arrays.stream(arguments).map(Object::toString).toList();
        out.println("$ keyctl " + String.join(" ", words));
        String answer = changes.make(words);
        await(notifications);
        return answer;
    }

    private void fail(Throwable reason) {
        failure = reason;
        arrived.release(Short.MAX_VALUE);
    }

    private void await(int notifications) throws InterruptedException, TimeoutException {
        if (!arrived.tryAcquire(notifications, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new TimeoutException(
                    notifications
                            + " notifications should have come within "
                            + PATIENCE_SECONDS
                            + " s, but did not");
        }
        if (failure != null) {
            throw new IllegalStateException("the stream failed", failure);
        }
    }

    private void showLoss(Keyctl keys, KeyId session)
            throws InterruptedException, TimeoutException {
        KeyId busy = keys.add("user", "busy", bytes("0"), session);
        KeyNames names = new KeyNames(keys);
        NotificationFlux notifications =
                NotificationFlux.builder().capacity(SMALL_CAPACITY).watch(busy, 5).build();
        Unhurried subscriber = new Unhurried(names);
        notifications.subscribe(subscriber);

        int updates = SMALL_CAPACITY + 18;
        out.printf("%d updates, for a kernel queue of %d and no demand%n", updates, SMALL_CAPACITY);
        for (int i = 1; i <= updates; i++) {
            keys.update(busy, bytes(Integer.toString(i)));
        }
        int first = 10;
        out.printf("request(%d)%n", first);
        subscriber.request(first);
        await(first);
        subscriber.endOfGroup();

        out.println("there is room again: a change of the permissions of busy");
        keys.setPermissions(busy, 0x3f3f0000);
        out.println("request(unbounded)");
        subscriber.requestUnbounded();
        await(SMALL_CAPACITY - first + 1 + 1);
        subscriber.endOfGroup();
        notifications.dispose();
        if (subscriber.losses != 1) {
            throw new IllegalStateException(
                    subscriber.losses + " losses were reported, instead of one");
        }
    }

    private static byte[] bytes(String payload) {
        return payload.getBytes(StandardCharsets.US_ASCII);
    }

    /** Requests notifications on demand of the demonstration, and prints equal ones together. */
    private final class Unhurried extends BaseSubscriber<Notification> {

        private final KeyNames names;
        private @Nullable Notification last;
        private int repeated;
        private volatile int losses;

        Unhurried(KeyNames names) {
            this.names = names;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            // No demand yet: the kernel's queue holds the notifications.
        }

        @Override
        protected void hookOnNext(Notification notification) {
            synchronized (this) {
                if (notification.equals(last)) {
                    repeated++;
                } else {
                    endOfGroup();
                    print(notification, names);
                    last = notification;
                }
                if (notification instanceof LossNotification) {
                    losses++;
                }
            }
            arrived.release();
        }

        @Override
        protected void hookOnError(Throwable reason) {
            fail(reason);
        }

        synchronized void endOfGroup() {
            if (repeated > 0) {
                out.printf("  %12s  and %d more of these%n", "", repeated);
            }
            repeated = 0;
            last = null;
        }
    }
}
