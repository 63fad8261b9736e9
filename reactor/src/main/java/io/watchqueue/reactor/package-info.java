/**
 * Kernel key-change notifications as a {@link reactor.core.publisher.Flux}: in kernel order,
 * exactly once, and where the kernel dropped some, the stream carries a loss.
 *
 * <ul>
 *   <li><b>Streams</b>: {@link io.watchqueue.reactor.NotificationFlux} opens a queue for each
 *       subscriber; {@link io.watchqueue.reactor.ReactiveWatchQueue} is one queue whose watches
 *       come and go.
 *   <li><b>Operators</b>: {@link io.watchqueue.reactor.NotificationOperators}, with {@link
 *       io.watchqueue.reactor.Resynced} and {@link
 *       io.watchqueue.reactor.NotificationLossException}.
 *   <li><b>The reader</b>: {@link io.watchqueue.reactor.NotificationReader} is the thread on which
 *       subscribers are called. Of the classes behind it, one loop of a reader waits and gives each
 *       subscription its turn, and the subscription reads its queue and emits.
 *   <li><b>Observation</b>: {@link io.watchqueue.reactor.NotificationRecorder}, and the log {@code
 *       io.watchqueue.reactor}.
 * </ul>
 *
 * <p><b>Threads:</b> the subscribing thread opens queues and places watches. Any thread may
 * request, cancel and dispose, which only signals the reader. Everything else runs on the reader's
 * thread: reading, signals to subscribers, the recorder, and closing.
 */
@NullMarked
package io.watchqueue.reactor;

import org.jspecify.annotations.NullMarked;
