/*
 * The common part of the preloaded libraries. They answer pipe2(2), ioctl(2) and syscall(2) themselves, or pass them on to the C library.
 * A library that defines answer_ioctl and answer_syscall includes this once.
 */
#ifndef SHIM_H
#define SHIM_H

#include "watch_queue.h"

#include <dlfcn.h>
#include <stdarg.h>

static int (*next_pipe2)(int[2], int);
static int (*next_ioctl)(int, unsigned long, ...);
static long (*next_syscall)(long, ...);

static int answer_ioctl(int fd, unsigned long request, long argument);
static long answer_syscall(long number, long a, long b, long c, long d, long e, long f);

static void find_next(void) {
    next_pipe2 = dlsym(RTLD_NEXT, "pipe2");
    next_ioctl = dlsym(RTLD_NEXT, "ioctl");
    next_syscall = dlsym(RTLD_NEXT, "syscall");
}

int ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return answer_ioctl(fd, request, argument);
}

long syscall(long number, ...) {
    va_list arguments;
    va_start(arguments, number);
    long a = va_arg(arguments, long), b = va_arg(arguments, long), c = va_arg(arguments, long), d = va_arg(arguments, long),
         e = va_arg(arguments, long), f = va_arg(arguments, long);
    va_end(arguments);
    return answer_syscall(number, a, b, c, d, e, f);
}

#endif
