/**
 * Linux kernel notifications, <a
 * href="https://man7.org/linux/man-pages/man7/watch_queue.7.html">watch_queue(7)</a>: what happens
 * to keys and keyrings, in the order in which it happened, with every loss where it fell.
 *
 * <p>{@link io.watchqueue.WatchQueue} is a queue in the kernel; {@link
 * io.watchqueue.WatchQueue#watch watching} a key attaches it; {@link io.watchqueue.Notification} is
 * what comes out. {@link io.watchqueue.WatchQueueSupport} says whether this kernel has all that,
 * and {@link io.watchqueue.Keyctl} finds and changes keys.
 */
@NullMarked
package io.watchqueue;

import org.jspecify.annotations.NullMarked;
