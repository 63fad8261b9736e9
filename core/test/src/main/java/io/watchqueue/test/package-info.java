/**
 * For tests: a kernel that is simulated, for machines whose own has no watch queues. {@link
 * io.watchqueue.test.SimulatedKernel} takes the place of the real one, so that everything else of
 * this library is used as it is.
 */
@NullMarked
package io.watchqueue.test;

import org.jspecify.annotations.NullMarked;
