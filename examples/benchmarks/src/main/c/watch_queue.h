/*
 * Declarations of watch_queue(7) and keyctl(2) for the programs here. The kernel's <linux/watch_queue.h> cannot be included together
 * with <fcntl.h>.
 */
#ifndef WATCH_QUEUE_H
#define WATCH_QUEUE_H

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define O_NOTIFICATION_PIPE O_EXCL
#define IOC_WATCH_QUEUE_SET_SIZE _IO('W', 0x60)
#define IOC_WATCH_QUEUE_SET_FILTER _IO('W', 0x61)

#define KEY_SPEC_USER_KEYRING -4
#define KEYCTL_UPDATE 2
#define KEYCTL_SETPERM 5
#define KEYCTL_UNLINK 9
#define KEYCTL_WATCH_KEY 32

#define WATCH_TYPE_META 0
#define WATCH_TYPE_KEY_NOTIFY 1
#define WATCH_META_LOSS_NOTIFICATION 1
#define NOTIFY_KEY_UPDATED 1
#define NOTIFY_KEY_SETATTR 7
#define WATCH_INFO_LENGTH 0x7f

struct watch_notification {
    uint32_t type : 24;
    uint32_t subtype : 8;
    uint32_t info;
};

struct key_notification {
    struct watch_notification watch;
    uint32_t key_id;
    uint32_t aux;
};

#endif
