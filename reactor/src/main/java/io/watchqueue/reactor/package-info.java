/**
 * Kernel key-change notifications as a {@link reactor.core.publisher.Flux}: {@link
 * io.watchqueue.reactor.NotificationFlux}. What the kernel said arrives in order, once; where it
 * dropped something, the stream says so at that very place.
 */
@NullMarked
package io.watchqueue.reactor;

import org.jspecify.annotations.NullMarked;
