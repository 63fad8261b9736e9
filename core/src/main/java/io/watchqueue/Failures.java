/*
 * Copyright 2026 the watchqueue authors.
 *
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 *      https://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 */
package io.watchqueue;

import io.watchqueue.internal.Errno;

/** Error numbers to exceptions, each with the way out. */
final class Failures {

    private static final String OPEN_FILES = "RLIMIT_NOFILE";

    /** Why a system call of keys is refused, and the way out. */
    static final String SECCOMP =
            "a seccomp filter refuses it: allow keyctl, add_key and request_key in the container's profile or in systemd's"
                    + " SystemCallFilter=";

    private Failures() {}

    static WatchQueueException opening(int errno) {
        String operation = "open a watch queue";
        return switch (errno) {
            case Errno.ENFILE ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "fs.pipe-user-pages-hard",
                            "the pipes of this user hold as many pages as fs.pipe-user-pages-hard allows, or the system has as many"
                                    + " files open as fs.file-max allows. Close queues, or raise them.");
            case Errno.ENOPKG, Errno.EINVAL, Errno.EPERM, Errno.ENOSYS ->
                    new WatchQueueUnsupportedException(
                            operation, errno, WatchQueueSupport.ofPipeError(errno));
            default -> descriptor(operation, errno, "pipe2(2)");
        };
    }

    /** Failures that any descriptor can have. */
    static WatchQueueException descriptor(String operation, int errno, String page) {
        return switch (errno) {
            case Errno.EMFILE ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            OPEN_FILES,
                            "this process has as many descriptors open as RLIMIT_NOFILE allows; a queue takes two, and so does a"
                                    + " selector. Close some, or raise it (ulimit -n).");
            case Errno.ENFILE ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "fs.file-max",
                            "the system has as many files open as fs.file-max allows. Close some, or raise it.");
            case Errno.ENOSPC ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "fs.epoll.max_user_watches",
                            "the user waits for as many descriptors as fs.epoll.max_user_watches allows. Close queues, or raise it.");
            case Errno.ENOMEM -> outOfMemory(operation, errno);
            default -> unexpected(operation, errno, page);
        };
    }

    static WatchQueueException sizing(int capacity, int errno) {
        String operation = "size a watch queue to " + capacity + " notifications";
        return switch (errno) {
            case Errno.EPERM ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "fs.pipe-user-pages-soft",
                            "the pipes of this user hold more pages than fs.pipe-user-pages-soft allows without CAP_SYS_RESOURCE."
                                    + " Ask for 64 or less, close queues, or raise it.");
            case Errno.ENOMEM -> outOfMemory(operation, errno);
            default -> unexpected(operation, errno, "watch_queue(7)");
        };
    }

    static WatchQueueException filtering(NotificationFilter filter, int errno) {
        String operation = "filter a watch queue by " + filter;
        return errno == Errno.ENOMEM
                ? outOfMemory(operation, errno)
                : unexpected(operation, errno, "watch_queue(7)");
    }

    static WatchQueueException watching(KeyId key, int tag, int errno) {
        String operation = watchOperation(key, tag);
        return switch (errno) {
            case Errno.EBUSY ->
                    new AlreadyWatchedException(
                            operation,
                            errno,
                            "this queue watches that key already. Close that watch first, or use a second queue.");
            case Errno.EAGAIN ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            OPEN_FILES,
                            "the user has as many watches, over all processes, as the soft RLIMIT_NOFILE of this one allows. Close"
                                    + " some, or raise it (ulimit -n); a watch just closed counts for some milliseconds more.");
            case Errno.EOPNOTSUPP, Errno.EPERM, Errno.ENOSYS ->
                    new WatchQueueUnsupportedException(
                            operation, errno, WatchQueueSupport.ofKeyctlError(errno));
            case Errno.EINVAL, Errno.ENOENT -> unexpected(operation, errno, "keyctl_watch_key(3)");
            default -> key(operation, errno);
        };
    }

    /** The key can be described, but each use of it fails with that error. */
    static KeyUnavailableException rejected(KeyId key, int tag, int errno) {
        return new KeyUnavailableException(
                watchOperation(key, tag),
                errno,
                "the key was requested, and request-key(8) has rejected it with this error. Add it (keyctl padd), or request"
                        + " it again when it has expired.");
    }

    private static String watchOperation(KeyId key, int tag) {
        return "watch key " + key + " with tag " + tag;
    }

    static AlreadyWatchedException notReadYet(Watch watch) {
        return new AlreadyWatchedException(
                watchOperation(watch.key(), watch.tag()),
                0,
                "this queue had that watch before, and its last notifications, up to its removal, are not read yet. They"
                        + " could be mistaken for those of the new watch. Read them first, or use another tag.");
    }

    static WatchQueueException reading(int errno) {
        return unexpected("read from a watch queue", errno, "read(2)");
    }

    static WatchQueueException waiting(int errno) {
        String operation = "wait for a notification";
        return errno == Errno.ENOMEM
                ? outOfMemory(operation, errno)
                : unexpected(operation, errno, "poll(2)");
    }

    /** Failures that any operation on a key can have. */
    static WatchQueueException key(String operation, int errno) {
        return switch (errno) {
            case Errno.EACCES ->
                    new KeyPermissionException(
                            operation,
                            errno,
                            "the key does not grant this process the permission, see keyctl_setperm(3): watching and describing"
                                    + " need View, changing Write or Setattr, linking Link, finding Search. Most keys grant more than"
                                    + " View only to a process that possesses them: whose thread, process or session keyring leads to"
                                    + " them. A session without a link to the user's keyring possesses none of the user's keys. keyctl"
                                    + " session, systemd's KeyringMode=private and container engines make such sessions: link the user's"
                                    + " keyring (keyctl link @u @s, or Keyctl.link(Keyring.USER, Keyring.SESSION)), or set"
                                    + " KeyringMode=shared.");
            case Errno.ENOKEY ->
                    new KeyUnavailableException(
                            operation,
                            errno,
                            "the key does not exist (any more). Look it up again.");
            case Errno.EKEYREVOKED ->
                    new KeyUnavailableException(
                            operation, errno, "the key was revoked. Look up its successor.");
            case Errno.EKEYEXPIRED ->
                    new KeyUnavailableException(
                            operation, errno, "the key has expired. Look up its successor.");
            case Errno.EKEYREJECTED ->
                    new KeyUnavailableException(
                            operation, errno, "the key was rejected when it was requested.");
            case Errno.EDQUOT ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "kernel.keys.maxkeys",
                            "the user's quota of keys is used up. Remove keys, or raise kernel.keys.maxkeys or"
                                    + " kernel.keys.maxbytes (root_maxkeys, root_maxbytes for root).");
            case Errno.ENFILE ->
                    new ResourceLimitException(
                            operation,
                            errno,
                            "keyring",
                            "the keyring is full. Remove keys from it, or use another one.");
            case Errno.ENOMEM -> outOfMemory(operation, errno);
            case Errno.EPERM ->
                    refused(
                            operation,
                            errno,
                            "the keyring is restricted, the operation needs a privilege that this process lacks, or "
                                    + SECCOMP
                                    + ".");
            case Errno.ENOSYS ->
                    refused(
                            operation,
                            errno,
                            "the kernel was built without CONFIG_KEYS, or " + SECCOMP + ".");
            case Errno.EOPNOTSUPP ->
                    refused(
                            operation,
                            errno,
                            "keys of this type do not support it, or this kernel does not, see Keyctl.capabilities().");
            case Errno.ENODEV ->
                    refused(
                            operation,
                            errno,
                            "the kernel has no key type of that name. Its module may have to be loaded.");
            case Errno.ENOTDIR -> refused(operation, errno, "it is a key, but not a keyring.");
            case Errno.ENOENT -> refused(operation, errno, "the keyring has no link to that key.");
            case Errno.EEXIST ->
                    refused(
                            operation,
                            errno,
                            "there is one already: a key of that type and description, or a restriction.");
            case Errno.EDEADLK, Errno.ELOOP ->
                    refused(
                            operation,
                            errno,
                            "the link would create a cycle of keyrings, or nest them too deeply. Link the key elsewhere.");
            case Errno.EINVAL ->
                    refused(
                            operation,
                            errno,
                            "the kernel does not understand an argument: a type or description that is empty, too long or not allowed,"
                                    + " or a payload that the type does not take, or of more than a page for an update.");
            default -> unexpected(operation, errno, "keyctl(2)");
        };
    }

    /** The keyrings that this thread possesses were searched. */
    static KeyUnavailableException notPossessed(String operation) {
        return new KeyUnavailableException(
                operation,
                Errno.ENOKEY,
                "the thread, process and session keyring of this thread lead to no such key. If the user's keyring has"
                        + " it, link that into the session keyring (keyctl link @u @s), or use"
                        + " Keyctl.search(Keyring.USER, ..).");
    }

    /** The keyrings of this process were searched, and all other keys could not be. */
    static KeyUnavailableException masked(String operation) {
        return new KeyUnavailableException(
                operation,
                Errno.ENOKEY,
                "it is not in the thread, process and session keyring of this thread, and all other keys could not be"
                        + " searched: /proc/keys shows no key at all, as in containers and with systemd's ProcSubset=pid. Link the"
                        + " keyring that has it into the session keyring (keyctl link @u @s), or name it by its serial.");
    }

    private static WatchQueueException refused(String operation, int errno, String detail) {
        return new WatchQueueException(operation, errno, detail);
    }

    /** An unexpected error; the manual page may explain it. */
    static WatchQueueException unexpected(String operation, int errno, String page) {
        return new WatchQueueException(operation, errno, "unexpected error; see " + page + ".");
    }

    private static ResourceLimitException outOfMemory(String operation, int errno) {
        return new ResourceLimitException(
                operation,
                errno,
                "memory",
                "the kernel has no memory left for it. Free some and retry.");
    }
}
