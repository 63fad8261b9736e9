/**
 * Linux kernel notifications, <a
 * href="https://man7.org/linux/man-pages/man7/watch_queue.7.html">watch_queue(7)</a>: changes of
 * keys and keyrings, in kernel order, with every loss in its place.
 *
 * <ul>
 *   <li><b>The queue</b>: {@link io.watchqueue.WatchQueue} is a queue in the kernel, {@link
 *       io.watchqueue.Watch} attaches it to a key, {@link io.watchqueue.NotificationFilter} selects
 *       the notifications that the kernel queues, and {@link io.watchqueue.WatchQueueSelector}
 *       waits for many queues.
 *   <li><b>Notifications</b>: {@link io.watchqueue.Notification}, which is one of {@link
 *       io.watchqueue.KeyNotification}, {@link io.watchqueue.RemovalNotification}, {@link
 *       io.watchqueue.LossNotification} and {@link io.watchqueue.UnknownNotification}.
 *   <li><b>Keys</b>: {@link io.watchqueue.Keyctl} finds, reads and changes them; {@link
 *       io.watchqueue.KeyId}, {@link io.watchqueue.Keyring}, {@link io.watchqueue.KeyDescription}
 *       and {@link io.watchqueue.KeyTree} are its values.
 *   <li><b>Support</b>: {@link io.watchqueue.WatchQueueSupport} reports whether this machine can
 *       watch keys, or what is missing.
 *   <li><b>Errors</b>: {@link io.watchqueue.WatchQueueException} and its subclasses, which exist
 *       where a caller acts differently.
 * </ul>
 *
 * <p>The calls of the C library are in {@code io.watchqueue.internal}, and in no other package.
 */
@NullMarked
package io.watchqueue;

import org.jspecify.annotations.NullMarked;
