/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what is not the worker's, and changing anything at all. */
#include "attack.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

/* Of a descriptor from open(): whether a byte can be read. */
static int read_byte(int descriptor)
{
    char byte;
    if (descriptor < 0)
        return errno;
    int refused = outcome(read(descriptor, &byte, 1));
    close(descriptor);
    return refused;
}

static int read_file(const char *path)
{
    return read_byte(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

static int list(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL)
        return errno;
    closedir(folder);
    return 0;
}

static const char *of_process(pid_t pid, const char *file)
{
    static char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    return path;
}

static int read_shadow(const struct scene *scene)
{
    (void)scene;
    return read_file("/etc/shadow");
}

static int read_secret(const struct scene *scene)
{
    return read_file(scene->secret);
}

static int read_config(const struct scene *scene)
{
    return read_file(scene->config);
}

static int list_tmp(const struct scene *scene)
{
    (void)scene;
    return list("/tmp");
}

static int list_homes(const struct scene *scene)
{
    (void)scene;
    return list("/home");
}

static int read_kmsg(const struct scene *scene)
{
    (void)scene;
    int refused = read_file("/dev/kmsg");
    return refused == EAGAIN || refused == EPIPE || refused == EINVAL ? 0 : refused; /* a byte is less than a record */
}

static int open_memory_device(const struct scene *scene)
{
    (void)scene;
    return opened(open("/dev/mem", O_RDONLY | O_CLOEXEC));
}

static int list_proc(const struct scene *scene)
{
    (void)scene;
    return list("/proc");
}

static int supervisor_environ(const struct scene *scene)
{
    return read_file(of_process(scene->supervisor, "environ"));
}

static int supervisor_maps(const struct scene *scene)
{
    return read_file(of_process(scene->supervisor, "maps"));
}

static int supervisor_mem(const struct scene *scene)
{
    return opened(open(of_process(scene->supervisor, "mem"), O_RDONLY | O_CLOEXEC));
}

static int supervisor_fd(const struct scene *scene)
{
    return list(of_process(scene->supervisor, "fd"));
}

static int supervisor_cmdline(const struct scene *scene)
{
    return read_file(of_process(scene->supervisor, "cmdline"));
}

static int front_mem(const struct scene *scene)
{
    return opened(open(of_process(scene->front, "mem"), O_RDONLY | O_CLOEXEC));
}

static int sibling_mem_read(const struct scene *scene)
{
    return opened(open(of_process(scene->sibling, "mem"), O_RDONLY | O_CLOEXEC));
}

static int sibling_mem_write(const struct scene *scene)
{
    return opened(open(of_process(scene->sibling, "mem"), O_RDWR | O_CLOEXEC));
}

static int sibling_environ(const struct scene *scene)
{
    return read_file(of_process(scene->sibling, "environ"));
}

static int sibling_oom_score(const struct scene *scene)
{
    return opened(open(of_process(scene->sibling, "oom_score_adj"), O_WRONLY | O_CLOEXEC));
}

/* Writing there goes past the protection of pages. */
static int own_mem_write(const struct scene *scene)
{
    (void)scene;
    return opened(open("/proc/self/mem", O_RDWR | O_CLOEXEC));
}

static int own_descriptors(const struct scene *scene)
{
    (void)scene;
    return list("/proc/self/fd");
}

/* Its own pipe from the other side: what it has written, and what others might. */
static int reopen_log(const struct scene *scene)
{
    (void)scene;
    return opened(open("/proc/self/fd/2", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static int reopen_data(const struct scene *scene)
{
    (void)scene;
    return opened(open("/proc/self/fd/4", O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

static int write_kernel_setting(const struct scene *scene)
{
    (void)scene;
    return opened(open("/proc/sys/kernel/core_pattern", O_WRONLY | O_CLOEXEC));
}

static int open_terminals(const struct scene *scene)
{
    (void)scene;
    return opened(open("/dev/ptmx", O_RDWR | O_CLOEXEC | O_NOCTTY));
}

static int create(const struct scene *scene)
{
    return opened(open(in_place(scene, "new"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
}

static int create_nameless(const struct scene *scene)
{
    return opened(open(scene->place, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600));
}

static int open_to_write(const struct scene *scene)
{
    return opened(open(in_place(scene, "file"), O_RDWR | O_CLOEXEC));
}

static int open_to_append(const struct scene *scene)
{
    return opened(open(in_place(scene, "file"), O_WRONLY | O_APPEND | O_CLOEXEC));
}

static int open_truncating(const struct scene *scene)
{
    return opened(open(in_place(scene, "file"), O_RDONLY | O_TRUNC | O_CLOEXEC));
}

static int write_file(const struct scene *scene)
{
    int descriptor = open(in_place(scene, "file"), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    int refused = outcome(write(descriptor, "x", 1));
    close(descriptor);
    return refused;
}

static int truncate_file(const struct scene *scene)
{
    return outcome(truncate(in_place(scene, "file"), 0));
}

static int unlink_file(const struct scene *scene)
{
    return outcome(unlink(in_place(scene, "file")));
}

static int rename_file(const struct scene *scene)
{
    char from[512];
    snprintf(from, sizeof from, "%s", in_place(scene, "file"));
    return outcome(rename(from, in_place(scene, "other")));
}

static int link_file(const struct scene *scene)
{
    char from[512];
    snprintf(from, sizeof from, "%s", in_place(scene, "file"));
    return outcome(link(from, in_place(scene, "other")));
}

static int link_symbolically(const struct scene *scene)
{
    return outcome(symlink("/etc/shadow", in_place(scene, "other")));
}

static int make_folder(const struct scene *scene)
{
    return outcome(mkdir(in_place(scene, "new"), 0700));
}

static int remove_folder(const struct scene *scene)
{
    return outcome(rmdir(in_place(scene, "folder")));
}

static int make_fifo(const struct scene *scene)
{
    return outcome(mknod(in_place(scene, "new"), S_IFIFO | 0600, 0));
}

static int change_mode(const struct scene *scene)
{
    return outcome(chmod(in_place(scene, "file"), 0666));
}

static int change_owner(const struct scene *scene)
{
    return outcome(chown(in_place(scene, "file"), (uid_t)-1, getegid()));
}

static int change_times(const struct scene *scene)
{
    return outcome(utime(in_place(scene, "file"), NULL));
}

static int change_attribute(const struct scene *scene)
{
    return outcome(setxattr(in_place(scene, "file"), "user.minotor", "x", 1, 0));
}

/* Others that lock the file too would wait. */
static int lock_file(const struct scene *scene)
{
    int descriptor = open(in_place(scene, "file"), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return errno;
    int refused = outcome(flock(descriptor, LOCK_EX | LOCK_NB));
    close(descriptor);
    return refused;
}

static int look_at_names(const struct scene *scene)
{
    struct stat status;
    return outcome(stat(scene->secret, &status));
}

static int watch_files(const struct scene *scene)
{
    int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0)
        return errno;
    int refused = outcome(inotify_add_watch(watch, scene->place, IN_ALL_EVENTS));
    close(watch);
    return refused;
}

static int watch_file_system(const struct scene *scene)
{
    (void)scene;
    return opened(fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_CLOEXEC, O_RDONLY));
}

static int handle_of_file(const struct scene *scene)
{
    union {
        struct file_handle head;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } handle = { .head.handle_bytes = MAX_HANDLE_SZ };
    int mount_id;
    return outcome(name_to_handle_at(AT_FDCWD, scene->secret, &handle.head, &mount_id, 0));
}

/* The inode 2 of a file system is its root; which file system does not matter, the permission comes first. */
static int open_by_handle(const struct scene *scene)
{
    union {
        struct file_handle head;
        char bytes[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } handle = { .head.handle_bytes = 8, .head.handle_type = 1 };
    (void)scene;
    int refused = opened(open_by_handle_at(AT_FDCWD, &handle.head, O_RDONLY));
    return refused == ESTALE ? 0 : refused;
}

/* More code, from a place where others can put it. */
static int load_code(const struct scene *scene)
{
    void *library = dlopen(in_place(scene, "code.so"), RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return read_file(in_place(scene, "code.so")) != 0 ? errno : EACCES;
    dlclose(library);
    return 0;
}

const struct attack files[] = {
    { "read_shadow", read_shadow },
    { "read_secret", read_secret },
    { "read_config", read_config },
    { "list_tmp", list_tmp },
    { "list_homes", list_homes },
    { "read_kmsg", read_kmsg },
    { "open_memory_device", open_memory_device },
    { "list_proc", list_proc },
    { "supervisor_environ", supervisor_environ },
    { "supervisor_maps", supervisor_maps },
    { "supervisor_mem", supervisor_mem },
    { "supervisor_fd", supervisor_fd },
    { "supervisor_cmdline", supervisor_cmdline },
    { "front_mem", front_mem },
    { "sibling_mem_read", sibling_mem_read },
    { "sibling_mem_write", sibling_mem_write },
    { "sibling_environ", sibling_environ },
    { "sibling_oom_score", sibling_oom_score },
    { "own_mem_write", own_mem_write },
    { "own_descriptors", own_descriptors },
    { "reopen_log", reopen_log },
    { "reopen_data", reopen_data },
    { "write_kernel_setting", write_kernel_setting },
    { "open_terminals", open_terminals },
    { "create", create },
    { "create_nameless", create_nameless },
    { "open_to_write", open_to_write },
    { "open_to_append", open_to_append },
    { "open_truncating", open_truncating },
    { "write_file", write_file },
    { "truncate_file", truncate_file },
    { "unlink_file", unlink_file },
    { "rename_file", rename_file },
    { "link_file", link_file },
    { "link_symbolically", link_symbolically },
    { "make_folder", make_folder },
    { "remove_folder", remove_folder },
    { "make_fifo", make_fifo },
    { "change_mode", change_mode },
    { "change_owner", change_owner },
    { "change_times", change_times },
    { "change_attribute", change_attribute },
    { "lock_file", lock_file },
    { "look_at_names", look_at_names },
    { "watch_files", watch_files },
    { "watch_file_system", watch_file_system },
    { "handle_of_file", handle_of_file },
    { "open_by_handle", open_by_handle },
    { "load_code", load_code },
    { NULL, NULL },
};
