/**
 * Kernel key-change notifications as a {@link reactor.core.publisher.Flux}: {@link
 * io.watchqueue.reactor.NotificationFlux}. Notifications arrive in kernel order, exactly once;
 * where the kernel dropped some, the stream carries a loss.
 */
@NullMarked
package io.watchqueue.reactor;

import org.jspecify.annotations.NullMarked;
