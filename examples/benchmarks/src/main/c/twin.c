/*
 * The counterpart of this library in the benchmarks: the same work, in plain C.
 *
 *   twin write                       creates a key, prints its serial, and changes it by the commands on standard input:
 *                                      flood N    updates it N times as fast as possible, then changes its permissions every 10 ms,
 *                                                 until the next line
 *                                      pace N US  updates it N times, US microseconds apart; prints the start of each, in ns
 *   twin flood KEY SLOTS             counts the notifications of each flood, until standard input ends
 *   twin slow KEY SLOTS NANOS        the same, with NANOS of work for each notification
 *   twin latency KEY N               prints the time of arrival of each of N updates, in ns of CLOCK_MONOTONIC
 *   twin lines KEY N                 the same for the lines of "keyctl watch KEY", which is watching once this is ready
 *   twin drain KEY POSTS EACH ROUNDS fills a queue with POSTS updates of EACH notifications, and empties it: prints ns for each round
 */
#define _GNU_SOURCE
#include "watch_queue.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define MARK_EVERY_MILLIS 10
#define BUFFER_BYTES 8192

struct change {
    uint32_t type, subtype, info, key, aux;
};

/* Stands for the work of a program with a change. */
static struct change last;

static _Noreturn void die(const char *what) {
    perror(what);
    exit(1);
}

static uint64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000ull + time.tv_nsec;
}

static long number(const char *text) {
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || end == text) {
        fprintf(stderr, "twin: '%s' is not a number\n", text);
        exit(2);
    }
    return value;
}

static void update(int key, uint32_t value) {
    if (syscall(SYS_keyctl, KEYCTL_UPDATE, key, &value, sizeof value, 0) == -1) {
        die("keyctl update");
    }
}

static void change_permissions(int key) {
    if (syscall(SYS_keyctl, KEYCTL_SETPERM, key, 0x3f3f0000, 0, 0) == -1) {
        die("keyctl setperm");
    }
}

static int open_queue(int key, int slots) {
    int fds[2];
    if (pipe2(fds, O_NOTIFICATION_PIPE | O_NONBLOCK | O_CLOEXEC) == -1) {
        die("pipe2");
    }
    if (ioctl(fds[0], IOC_WATCH_QUEUE_SET_SIZE, (long)slots) == -1) {
        die("IOC_WATCH_QUEUE_SET_SIZE");
    }
    if (syscall(SYS_keyctl, KEYCTL_WATCH_KEY, key, fds[0], 1, 0) == -1) {
        die("KEYCTL_WATCH_KEY");
    }
    return fds[0];
}

/* Waits for something to read; false if standard input has ended. */
static int wait_for(int queue) {
    struct pollfd fds[] = {{.fd = queue, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
    if (poll(fds, 2, -1) == -1) {
        die("poll");
    }
    return fds[0].revents || !fds[1].revents;
}

/* Reads once; 0 if there is nothing. */
static ssize_t read_some(int queue, unsigned char *buffer) {
    ssize_t length = read(queue, buffer, BUFFER_BYTES);
    if (length == -1 && errno != EAGAIN) {
        die("read");
    }
    return length == -1 ? 0 : length;
}

/* Decodes the message at a place; returns its length. */
static unsigned decode(const unsigned char *at, struct change *change) {
    struct key_notification message;
    memcpy(&message, at, sizeof message.watch);
    unsigned length = message.watch.info & WATCH_INFO_LENGTH;
    change->type = message.watch.type;
    change->subtype = message.watch.subtype;
    change->info = message.watch.info;
    if (length >= sizeof message) {
        memcpy(&message, at, sizeof message);
        change->key = message.key_id;
        change->aux = message.aux;
    } else {
        change->key = change->aux = 0;
    }
    return length;
}

static void consume(const struct change *change) {
    last = *change;
    __asm__ volatile("" : : "m"(last) : "memory");
}

static void work(uint64_t nanos) {
    if (nanos) {
        uint64_t end = now(CLOCK_MONOTONIC) + nanos;
        while (now(CLOCK_MONOTONIC) < end) {
        }
    }
}

/* Prints a line for each flood as soon as its mark arrives: notifications delivered, losses, elapsed time and processor time. */
static void flood(int key, int slots, uint64_t nanos) {
    unsigned char buffer[BUFFER_BYTES];
    int queue = open_queue(key, slots);
    puts("ready");
    uint64_t delivered = 0, losses = 0, first = 0, cpu = 0;
    while (wait_for(queue)) {
        ssize_t length = read_some(queue, buffer);
        for (ssize_t at = 0; at < length;) {
            struct change change;
            at += decode(buffer + at, &change);
            consume(&change);
            if (change.type == WATCH_TYPE_META && change.subtype == WATCH_META_LOSS_NOTIFICATION) {
                losses++;
            } else if (change.subtype == NOTIFY_KEY_UPDATED) {
                if (delivered++ == 0) {
                    first = now(CLOCK_MONOTONIC);
                    cpu = now(CLOCK_THREAD_CPUTIME_ID);
                }
                work(nanos);
            } else if (change.subtype == NOTIFY_KEY_SETATTR && delivered) {
                printf("delivered=%lu losses=%lu nanos=%lu cpu=%lu\n", delivered, losses, now(CLOCK_MONOTONIC) - first,
                    now(CLOCK_THREAD_CPUTIME_ID) - cpu);
                delivered = losses = 0;
            }
        }
    }
}

static void latency(int key, long changes) {
    unsigned char buffer[BUFFER_BYTES];
    uint64_t *arrived = calloc(changes, sizeof *arrived);
    int queue = open_queue(key, 512);
    puts("ready");
    for (long i = 0; i < changes && wait_for(queue);) {
        ssize_t length = read_some(queue, buffer);
        for (ssize_t at = 0; at < length && i < changes;) {
            struct change change;
            at += decode(buffer + at, &change);
            consume(&change);
            arrived[i++] = now(CLOCK_MONOTONIC);
        }
    }
    for (long i = 0; i < changes; i++) {
        printf("%lu\n", arrived[i]);
    }
}

/* Opens the output of "keyctl watch", which would outlive this process if there were no more changes. */
static FILE *watch_lines(int key) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) == -1) {
        die("pipe2");
    }
    switch (fork()) {
        case -1:
            die("fork");
        case 0: {
            char serial[16];
            snprintf(serial, sizeof serial, "%d", key);
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            dup2(fds[1], 1);
            execlp("keyctl", "keyctl", "watch", serial, NULL);
            die("keyctl watch");
        }
    }
    close(fds[1]);
    return fdopen(fds[0], "r");
}

/* Only a reported change shows that keyctl is watching. */
static void until_it_watches(int key, FILE *watch) {
    struct pollfd line = {.fd = fileno(watch), .events = POLLIN};
    do {
        change_permissions(key);
    } while (poll(&line, 1, MARK_EVERY_MILLIS) == 0);
}

static void lines(int key, long changes) {
    char line[256];
    uint64_t *arrived = calloc(changes, sizeof *arrived);
    FILE *watch = watch_lines(key);
    until_it_watches(key, watch);
    puts("ready");
    for (long i = 0; i < changes;) {
        if (!fgets(line, sizeof line, watch)) {
            die("keyctl watch");
        }
        if (strstr(line, " upd")) {
            arrived[i++] = now(CLOCK_MONOTONIC);
        }
    }
    for (long i = 0; i < changes; i++) {
        printf("%lu\n", arrived[i]);
    }
}

static void drain(int key, long posts, long each, long rounds) {
    unsigned char buffer[BUFFER_BYTES];
    int queue = open_queue(key, 512);
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < posts; i++) {
            update(key, i);
        }
        uint64_t start = now(CLOCK_MONOTONIC);
        for (long left = posts * each; left > 0;) {
            ssize_t length = read_some(queue, buffer);
            for (ssize_t at = 0; at < length; left--) {
                struct change change;
                at += decode(buffer + at, &change);
                consume(&change);
            }
        }
        printf("%lu\n", now(CLOCK_MONOTONIC) - start);
    }
}

static void flood_key(int key, long changes) {
    struct pollfd input = {.fd = 0, .events = POLLIN};
    uint64_t start = now(CLOCK_MONOTONIC);
    for (long i = 0; i < changes; i++) {
        update(key, i);
    }
    printf("nanos=%lu\n", now(CLOCK_MONOTONIC) - start);
    while (poll(&input, 1, MARK_EVERY_MILLIS) == 0) {
        change_permissions(key);
    }
}

static void pace(int key, long changes, long micros) {
    uint64_t *began = calloc(changes, sizeof *began);
    for (long i = 0; i < changes; i++) {
        /* Uneven intervals, so that the changes do not fall into step with a timer. */
        usleep(micros + (i * 7919) % (micros / 2 + 1));
        began[i] = now(CLOCK_MONOTONIC);
        update(key, i);
    }
    for (long i = 0; i < changes; i++) {
        printf("%lu\n", began[i]);
    }
    free(began);
}

static void write_changes(void) {
    char line[64], description[64];
    snprintf(description, sizeof description, "benchmark-%d", getpid());
    int key = syscall(SYS_add_key, "user", description, "0", 1L, KEY_SPEC_USER_KEYRING);
    if (key == -1) {
        die("add_key");
    }
    printf("%d\n", key);
    while (fgets(line, sizeof line, stdin)) {
        long changes, micros;
        if (sscanf(line, "flood %ld", &changes) == 1) {
            flood_key(key, changes);
        } else if (sscanf(line, "pace %ld %ld", &changes, &micros) == 2) {
            pace(key, changes, micros);
        }
    }
    syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_USER_KEYRING, 0, 0);
}

int main(int count, char **arguments) {
    /* The other program waits for each line. */
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *program = count > 1 ? arguments[1] : "";
    long a[4] = {0};
    for (int i = 2; i < count && i < 6; i++) {
        a[i - 2] = number(arguments[i]);
    }
    if (!strcmp(program, "write") && count == 2) {
        write_changes();
    } else if (!strcmp(program, "flood") && count == 4) {
        flood(a[0], a[1], 0);
    } else if (!strcmp(program, "slow") && count == 5) {
        flood(a[0], a[1], a[2]);
    } else if (!strcmp(program, "latency") && count == 4) {
        latency(a[0], a[1]);
    } else if (!strcmp(program, "lines") && count == 4) {
        lines(a[0], a[1]);
    } else if (!strcmp(program, "drain") && count == 6) {
        drain(a[0], a[1], a[2], a[3]);
    } else {
        fputs("usage: see the head of twin.c\n", stderr);
        return 2;
    }
    return 0;
}
