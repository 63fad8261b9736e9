/*
 * Preload this (LD_PRELOAD) if the kernel has no watch queues. It models one queue of one key by a FIFO, between a process that
 * watches the key and one that changes it. Keys are the kernel's own, and so is the time that an update takes. If the queue is full,
 * notifications are dropped, and a loss precedes the next one that fits, as in the kernel (post_one_notification, watch_queue.c).
 *
 * $QUEUE_SHIM names a folder for the FIFO.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAX_SLOTS 512

/* The state that both processes share. */
struct shared {
    volatile long slots;
    /* Counts the queues. A writer with an older one has to open the FIFO again. */
    volatile long queue;
    volatile int tag;
};

static char fifo[PATH_MAX];
static struct shared *shared;

/* The writer's state. */
static int queue_end = -1, lost;
static long queue;

static void die(const char *what) {
    perror(what);
    abort();
}

__attribute__((constructor)) static void begin(void) {
    find_next();
    char state[PATH_MAX];
    const char *folder = getenv("QUEUE_SHIM");
    if (!folder || strlen(folder) > PATH_MAX - 16) {
        die("QUEUE_SHIM");
    }
    sprintf(fifo, "%s/fifo", folder);
    sprintf(state, "%s/state", folder);
    int fd = open(state, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd == -1 || ftruncate(fd, sizeof *shared) == -1) {
        die(state);
    }
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (shared == MAP_FAILED) {
        die(state);
    }
    close(fd);
}

int pipe2(int fds[2], int flags) {
    if (!(flags & O_NOTIFICATION_PIPE)) {
        return next_pipe2(fds, flags);
    }
    unlink(fifo);
    if (mkfifo(fifo, 0600) == -1 || (fds[0] = open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)) == -1
        || (fds[1] = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) == -1) {
        die(fifo);
    }
    return 0;
}

static int answer_ioctl(int fd, unsigned long request, long argument) {
    if (request == IOC_WATCH_QUEUE_SET_SIZE) {
        shared->slots = argument < MAX_SLOTS ? argument : MAX_SLOTS;
        return 0;
    }
    return request == IOC_WATCH_QUEUE_SET_FILTER ? 0 : next_ioctl(fd, request, argument);
}

static void look_for_queue(void) {
    if (queue != shared->queue) {
        signal(SIGPIPE, SIG_IGN);
        close(queue_end);
        queue_end = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        queue = shared->queue;
        lost = 0;
    }
}

static void post(int key, unsigned subtype) {
    struct {
        /* As long as a key notification, because an ordinary pipe splits messages that do not fit into a read. */
        struct key_notification loss;
        struct key_notification change;
    } message = {
        {{WATCH_TYPE_META, WATCH_META_LOSS_NOTIFICATION, sizeof message.loss}, 0, 0},
        {{WATCH_TYPE_KEY_NOTIFY, subtype, shared->tag << 8 | sizeof message.change}, key, 0},
    };
    int bytes;
    look_for_queue();
    if (queue_end == -1) {
        return;
    }
    if (next_ioctl(queue_end, FIONREAD, &bytes) == -1 || bytes >= shared->slots * (long)sizeof message.change) {
        lost = 1;
        return;
    }
    ssize_t written =
        lost ? write(queue_end, &message, sizeof message) : write(queue_end, &message.change, sizeof message.change);
    lost = written == -1 && errno == EAGAIN;
}

static long answer_syscall(long number, long a, long b, long c, long d, long e, long f) {
    if (number == SYS_keyctl && a == KEYCTL_WATCH_KEY) {
        shared->tag = d;
        shared->queue++;
        return 0;
    }
    long result = next_syscall(number, a, b, c, d, e, f);
    if (number == SYS_keyctl && result != -1 && (a == KEYCTL_UPDATE || a == KEYCTL_SETPERM)) {
        int error = errno;
        post(b, a == KEYCTL_UPDATE ? NOTIFY_KEY_UPDATED : NOTIFY_KEY_SETATTR);
        errno = error;
    }
    return result;
}
