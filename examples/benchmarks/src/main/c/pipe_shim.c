/*
 * Preload this (LD_PRELOAD) if the kernel has no watch queues, or if they are not to be measured. A notification pipe becomes an
 * ordinary one of 1 MiB. Each update of a key writes one page of notifications, in the kernel's layout, into the pipe that was opened
 * last. The program does not notice.
 */
#define _GNU_SOURCE
#include "shim.h"

#define PIPE_BYTES (1 << 20)
#define PAGE 4096
#define SERIAL 1000

static int read_end = -1, write_end = -1;
static struct key_notification page[PAGE / sizeof(struct key_notification)];

__attribute__((constructor)) static void begin(void) {
    find_next();
    for (unsigned i = 0; i < sizeof page / sizeof *page; i++) {
        page[i].watch.type = WATCH_TYPE_KEY_NOTIFY;
        page[i].watch.subtype = NOTIFY_KEY_UPDATED;
        page[i].watch.info = 1 << 8 | sizeof *page;
        page[i].key_id = SERIAL;
    }
}

int pipe2(int fds[2], int flags) {
    int result = next_pipe2(fds, flags & ~O_NOTIFICATION_PIPE);
    if (result == 0 && flags & O_NOTIFICATION_PIPE) {
        if (fcntl(fds[0], F_SETPIPE_SZ, PIPE_BYTES) == -1) {
            return -1;
        }
        read_end = fds[0];
        write_end = fds[1];
    }
    return result;
}

static int answer_ioctl(int fd, unsigned long request, long argument) {
    if (request == IOC_WATCH_QUEUE_SET_SIZE || request == IOC_WATCH_QUEUE_SET_FILTER) {
        return 0;
    }
    return next_ioctl(fd, request, argument);
}

static long update(void) {
    ssize_t written = write(write_end, page, sizeof page);
    return written == sizeof page ? 0 : -1;
}

static long answer_syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_add_key) {
        return SERIAL;
    }
    if (number == SYS_keyctl) {
        return a == KEYCTL_UPDATE ? update() : 0;
    }
    return next_syscall(number, a, b, c, d, e, f);
}
