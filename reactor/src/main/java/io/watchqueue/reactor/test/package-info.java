/**
 * For tests with a {@link io.watchqueue.test.SimulatedKernel} and reactor-test: {@link
 * io.watchqueue.reactor.test.SimulatedTime} ties the kernel's time to Reactor's.
 */
@NullMarked
package io.watchqueue.reactor.test;

import org.jspecify.annotations.NullMarked;
