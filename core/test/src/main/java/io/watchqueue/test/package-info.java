/**
 * A simulated kernel, for tests on machines with and without watch queues. {@link
 * io.watchqueue.test.SimulatedKernel} takes the place of the real one, so that a test runs all
 * other code of this library and of the program unchanged. {@link
 * io.watchqueue.test.WithSimulatedKernel} is its JUnit extension, and {@link
 * io.watchqueue.test.SimulatedTime} ties its time to Reactor's virtual time.
 *
 * <p>Inside, there is one class for each file of the kernel that it imitates, and the class names
 * the file: {@code KeyTable}, {@code KeyLookup}, {@code KeyPermission}, {@code KeySearch}, {@code
 * KeyLinks} and {@code KeySystemCalls} of security/keys, {@code NotificationPipe} and {@code
 * KernelFilter} of kernel/watch_queue.c, {@code Pipe} of fs/pipe.c.
 */
@NullMarked
package io.watchqueue.test;

import org.jspecify.annotations.NullMarked;
