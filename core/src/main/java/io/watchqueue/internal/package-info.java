/**
 * The native layer: the only package that knows JNA, system call numbers and the kernel's memory
 * layouts. It is not API: nothing outside this library may use it.
 */
@NullMarked
package io.watchqueue.internal;

import org.jspecify.annotations.NullMarked;
