/*
 * Lets one system call that changes a folder fail, or ends the program there.
 *
 *     cc -std=c11 -Wall -Wextra -O1 -fPIC -shared disk_faults.c -o disk_faults.so -ldl
 *     DISK_FAULT_FOLDER=/tmp/x DISK_FAULT_COUNTS=counts LD_PRELOAD=./disk_faults.so program
 *
 * DISK_FAULT_FOLDER   calls about files below this folder are counted (absolute, without links)
 * DISK_FAULT_COUNTS   a file of 64-bit counters, one a kind in the order of `kind_names`
 * DISK_FAULT_KIND     write, fsync, open, rename, mkdir, unlink, truncate, link, close, look, lock or all
 * DISK_FAULT_AT       the call of that kind, from 1, that meets the fault
 * DISK_FAULT_ACTION   a name of errno such as ENOSPC; "short" writes half of the bytes; "kill" ends the
 *                     program before the call; "tear" writes half of the bytes and ends the program
 * DISK_FAULT_STICKY   1: all later calls of the kind fail too, as on a disk that stays full
 * DISK_FAULT_PLAIN_RENAME  1: names cannot be exchanged, as on file systems that do not know how
 * DISK_FAULT_CHILDREN 1: programs that are started are counted too
 * DISK_FAULT_LOG      gets a line for the call that met the fault; with DISK_FAULT_TRACE=1 for each
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE, FSYNC, OPEN, RENAME, MKDIR, UNLINK, TRUNCATE, LINK, CLOSE, LOOK, LOCK, ALL, KINDS };

static const char *const kind_names[KINDS] = {"write",    "fsync", "open",  "rename", "mkdir", "unlink",
                                              "truncate", "link",  "close", "look",   "lock",  "all"};

static const struct {
    const char *name;
    int code;
} error_names[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},     {"EACCES", EACCES}, {"EMFILE", EMFILE},
                   {"EROFS", EROFS},   {"EDQUOT", EDQUOT}, {"EINTR", EINTR}, {"EPERM", EPERM}};

enum action { NOTHING, FAIL, SHORT, KILL, TEAR };

static struct {
    const char *folder;
    size_t folder_length;
    _Atomic uint64_t *counts;
    enum kind kind;
    uint64_t at;
    enum action action;
    int code;
    int is_sticky, is_plain, is_traced;
    int log;
} fault = {.log = -1};

/* The next definition of a function, which is the C library's. It is looked for once: in a child of a
 * program with threads the lock of dlsym may never be free again. */
#define NEXT(name)                                                                                   \
    __extension__({                                                                                  \
        static __typeof__(&name) next;                                                               \
        if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                                \
        next;                                                                                        \
    })

static int is_set(const char *name)
{
    const char *value = getenv(name);
    return value && strcmp(value, "1") == 0;
}

static _Noreturn void refuse(const char *reason)
{
    static const char label[] = "disk_faults: ";
    if (NEXT(write)(2, label, sizeof label - 1) < 0 || NEXT(write)(2, reason, strlen(reason)) < 0 ||
        NEXT(write)(2, "\n", 1) < 0)
        _exit(98);
    _exit(99);
}

static void read_action(const char *name)
{
    if (!name) return;
    if (strcmp(name, "short") == 0) fault.action = SHORT;
    if (strcmp(name, "kill") == 0) fault.action = KILL;
    if (strcmp(name, "tear") == 0) fault.action = TEAR;
    for (size_t i = 0; i < sizeof error_names / sizeof error_names[0]; i++) {
        if (strcmp(name, error_names[i].name)) continue;
        fault.action = FAIL;
        fault.code = error_names[i].code;
    }
    if (fault.action == NOTHING) refuse("unknown DISK_FAULT_ACTION");
}

static void map_counts(const char *path)
{
    if (!path) refuse("DISK_FAULT_COUNTS is missing");
    int descriptor = NEXT(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0 || NEXT(ftruncate)(descriptor, KINDS * sizeof(uint64_t)))
        refuse("DISK_FAULT_COUNTS cannot be written");
    const size_t size = KINDS * sizeof(uint64_t);
    void *place = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (place == MAP_FAILED) refuse("DISK_FAULT_COUNTS cannot be mapped");
    NEXT(close)(descriptor);
    fault.counts = place;
}

__attribute__((constructor)) static void begin(void)
{
    const char *folder = getenv("DISK_FAULT_FOLDER");
    const char *log = getenv("DISK_FAULT_LOG"), *kind = getenv("DISK_FAULT_KIND");
    if (!folder) return;
    map_counts(getenv("DISK_FAULT_COUNTS"));
    fault.kind = KINDS;
    for (int i = 0; kind && i < KINDS; i++)
        if (strcmp(kind, kind_names[i]) == 0) fault.kind = i;
    if (kind && fault.kind == KINDS) refuse("unknown DISK_FAULT_KIND");
    fault.at = getenv("DISK_FAULT_AT") ? strtoull(getenv("DISK_FAULT_AT"), NULL, 10) : 0;
    read_action(getenv("DISK_FAULT_ACTION"));
    fault.is_sticky = is_set("DISK_FAULT_STICKY");
    fault.is_plain = is_set("DISK_FAULT_PLAIN_RENAME");
    fault.is_traced = is_set("DISK_FAULT_TRACE");
    if (log) fault.log = NEXT(open)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (!is_set("DISK_FAULT_CHILDREN")) unsetenv("LD_PRELOAD");
    /* Last: it is what makes calls count. */
    fault.folder_length = strlen(folder);
    fault.folder = strdup(folder);
}

static int is_below(const char *path)
{
    return strncmp(path, fault.folder, fault.folder_length) == 0 &&
           (path[fault.folder_length] == '/' || path[fault.folder_length] == 0);
}

/* Where a descriptor leads; false for what has no path. */
static int path_of(int descriptor, char path[PATH_MAX])
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length > 0 ? length : 0] = 0;
    return length > 0;
}

static int is_watched_descriptor(int descriptor, char path[PATH_MAX])
{
    return fault.folder && path_of(descriptor, path) && is_below(path);
}

static int is_watched(int folder, const char *name, char path[PATH_MAX])
{
    char parent[PATH_MAX] = "";
    if (!fault.folder || !name) return 0;
    if (name[0] != '/') {
        if (folder == AT_FDCWD ? !getcwd(parent, sizeof parent) : !path_of(folder, parent)) return 0;
        /* Of "." and "./x" the folder itself is all that matters. */
        if (name[0] == '.' && (name[1] == '/' || name[1] == 0)) name++;
    }
    size_t length = strlen(parent);
    if (length + strlen(name) + 2 > PATH_MAX) return 0;
    memcpy(path, parent, length);
    if (length && name[0] && name[0] != '/') path[length++] = '/';
    strcpy(path + length, name);
    return is_below(path);
}

static void note(enum kind kind, uint64_t number, const char *function, const char *path)
{
    char line[PATH_MAX + 128];
    int length = snprintf(line, sizeof line, "%s %llu %s %s\n", kind_names[kind],
                          (unsigned long long)number, function, path);
    if (fault.log >= 0 && NEXT(write)(fault.log, line, (size_t)length) < 0) refuse("the log is full");
}

/*
 * Counts a call. Returns what is to happen to it; `KILL` does not return.
 */
static enum action meet(enum kind kind, const char *function, const char *path)
{
    uint64_t number = atomic_fetch_add(&fault.counts[kind], 1) + 1;
    uint64_t of_all = atomic_fetch_add(&fault.counts[ALL], 1) + 1;
    uint64_t counted = fault.kind == ALL ? of_all : number;
    int is_kind = fault.action != NOTHING && (fault.kind == ALL || fault.kind == kind);
    int is_hit = is_kind && (counted == fault.at || (fault.is_sticky && counted > fault.at));
    if (is_hit || fault.is_traced) note(kind, number, function, path);
    if (!is_hit) return NOTHING;
    if (fault.action == KILL || (fault.action == TEAR && kind != WRITE)) kill(getpid(), SIGKILL);
    if (fault.action == SHORT && kind != WRITE) return NOTHING;
    errno = fault.code;
    return fault.action;
}

/* MARK: writing */

static ssize_t write_some(int descriptor, const void *bytes, size_t count, const char *function,
                          ssize_t (*whole)(int, const void *, size_t))
{
    char path[PATH_MAX];
    if (!is_watched_descriptor(descriptor, path)) return whole(descriptor, bytes, count);
    enum action action = meet(WRITE, function, path);
    if (action == FAIL) return -1;
    size_t part = action == NOTHING || count < 2 ? count : count / 2;
    ssize_t written = whole(descriptor, bytes, part);
    if (action == TEAR) kill(getpid(), SIGKILL);
    return written;
}

ssize_t write(int descriptor, const void *bytes, size_t count)
{
    return write_some(descriptor, bytes, count, "write", NEXT(write));
}

static ssize_t pwrite_some(int descriptor, const void *bytes, size_t count, off64_t place)
{
    char path[PATH_MAX];
    enum action action = NOTHING;
    if (is_watched_descriptor(descriptor, path)) action = meet(WRITE, "pwrite", path);
    if (action == FAIL) return -1;
    size_t part = action == NOTHING || count < 2 ? count : count / 2;
    ssize_t written = NEXT(pwrite64)(descriptor, bytes, part, place);
    if (action == TEAR) kill(getpid(), SIGKILL);
    return written;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t place)
{
    return pwrite_some(descriptor, bytes, count, place);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t place)
{
    return pwrite_some(descriptor, bytes, count, place);
}

/* Defines a function of a descriptor that fails as a whole or does what it always does. */
#define OF_DESCRIPTOR(kind, type, name, parameters, arguments)                                       \
    type name parameters                                                                             \
    {                                                                                                \
        char path[PATH_MAX];                                                                         \
        if (is_watched_descriptor(descriptor, path) && meet(kind, #name, path) == FAIL) return -1;  \
        return NEXT(name) arguments;                                                                 \
    }

ssize_t sendfile(int, int, off_t *, size_t);
ssize_t sendfile64(int, int, off64_t *, size_t);
int flock(int, int);

OF_DESCRIPTOR(WRITE, ssize_t, writev, (int descriptor, const struct iovec *parts, int count),
              (descriptor, parts, count))
OF_DESCRIPTOR(WRITE, ssize_t, sendfile, (int descriptor, int from, off_t *place, size_t count),
              (descriptor, from, place, count))
OF_DESCRIPTOR(WRITE, ssize_t, sendfile64, (int descriptor, int from, off64_t *place, size_t count),
              (descriptor, from, place, count))
OF_DESCRIPTOR(FSYNC, int, fsync, (int descriptor), (descriptor))
OF_DESCRIPTOR(FSYNC, int, fdatasync, (int descriptor), (descriptor))
OF_DESCRIPTOR(TRUNCATE, int, ftruncate, (int descriptor, off_t size), (descriptor, size))
OF_DESCRIPTOR(TRUNCATE, int, ftruncate64, (int descriptor, off64_t size), (descriptor, size))
OF_DESCRIPTOR(LOCK, int, flock, (int descriptor, int operation), (descriptor, operation))

ssize_t copy_file_range(int from, off64_t *from_place, int to, off64_t *to_place, size_t count,
                        unsigned flags)
{
    char path[PATH_MAX];
    if (is_watched_descriptor(to, path) && meet(WRITE, "copy_file_range", path) == FAIL) return -1;
    return NEXT(copy_file_range)(from, from_place, to, to_place, count, flags);
}

/* A close that fails has closed all the same. */
int close(int descriptor)
{
    char path[PATH_MAX];
    int has_failed = is_watched_descriptor(descriptor, path) && meet(CLOSE, "close", path) == FAIL;
    int code = errno, result = NEXT(close)(descriptor);
    if (!has_failed) return result;
    errno = code;
    return -1;
}

/* MARK: opening */

static int open_fails(int folder, const char *name, int flags, const char *function)
{
    char path[PATH_MAX];
    enum kind kind = flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC) ? OPEN : LOOK;
    return is_watched(folder, name, path) && meet(kind, function, path) == FAIL;
}

#define MODE_OF(flags)                                                                               \
    mode_t mode = 0;                                                                                 \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                         \
        va_list rest;                                                                                \
        va_start(rest, flags);                                                                       \
        mode = va_arg(rest, mode_t);                                                                 \
        va_end(rest);                                                                                \
    }

#define OPENING(function)                                                                            \
    int function(const char *name, int flags, ...)                                                   \
    {                                                                                                \
        MODE_OF(flags)                                                                               \
        return open_fails(AT_FDCWD, name, flags, #function) ? -1 : NEXT(function)(name, flags, mode); \
    }
#define OPENING_AT(function)                                                                         \
    int function(int folder, const char *name, int flags, ...)                                       \
    {                                                                                                \
        MODE_OF(flags)                                                                               \
        return open_fails(folder, name, flags, #function) ? -1                                       \
                                                          : NEXT(function)(folder, name, flags, mode); \
    }

OPENING(open)
OPENING(open64)
OPENING_AT(openat)
OPENING_AT(openat64)

/* What a checking compiler makes of opens that create nothing. */
int __open_2(const char *name, int flags) { return open(name, flags); }
int __open64_2(const char *name, int flags) { return open64(name, flags); }
int __openat_2(int folder, const char *name, int flags) { return openat(folder, name, flags); }
int __openat64_2(int folder, const char *name, int flags) { return openat64(folder, name, flags); }

int creat(const char *name, mode_t mode) { return open(name, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int flags_of(const char *mode) { return mode[0] == 'r' && !strchr(mode, '+') ? 0 : O_WRONLY; }

FILE *fopen(const char *name, const char *mode)
{
    return open_fails(AT_FDCWD, name, flags_of(mode), "fopen") ? NULL : NEXT(fopen)(name, mode);
}

FILE *fopen64(const char *name, const char *mode)
{
    return open_fails(AT_FDCWD, name, flags_of(mode), "fopen64") ? NULL : NEXT(fopen64)(name, mode);
}

DIR *opendir(const char *name)
{
    return open_fails(AT_FDCWD, name, O_RDONLY, "opendir") ? NULL : NEXT(opendir)(name);
}

/* MARK: names */

/* Defines a function of a path. */
#define OF_PATH(kind, name, parameters, arguments, folder, which)                                    \
    int name parameters                                                                              \
    {                                                                                                \
        char path[PATH_MAX];                                                                         \
        if (is_watched(folder, which, path) && meet(kind, #name, path) == FAIL) return -1;          \
        return NEXT(name) arguments;                                                                 \
    }

OF_PATH(MKDIR, mkdir, (const char *name, mode_t mode), (name, mode), AT_FDCWD, name)
OF_PATH(MKDIR, mkdirat, (int folder, const char *name, mode_t mode), (folder, name, mode), folder, name)
OF_PATH(UNLINK, unlink, (const char *name), (name), AT_FDCWD, name)
OF_PATH(UNLINK, unlinkat, (int folder, const char *name, int flags), (folder, name, flags), folder, name)
OF_PATH(UNLINK, rmdir, (const char *name), (name), AT_FDCWD, name)
OF_PATH(UNLINK, remove, (const char *name), (name), AT_FDCWD, name)
OF_PATH(TRUNCATE, truncate, (const char *name, off_t size), (name, size), AT_FDCWD, name)
OF_PATH(LINK, link, (const char *from, const char *to), (from, to), AT_FDCWD, to)
OF_PATH(LINK, symlink, (const char *from, const char *to), (from, to), AT_FDCWD, to)
OF_PATH(LINK, linkat, (int folder, const char *from, int other, const char *to, int flags),
        (folder, from, other, to, flags), other, to)
OF_PATH(RENAME, rename, (const char *from, const char *to), (from, to), AT_FDCWD, to)
OF_PATH(RENAME, renameat, (int folder, const char *from, int other, const char *to),
        (folder, from, other, to), other, to)

int renameat2(int folder, const char *from, int other, const char *to, unsigned flags)
{
    char path[PATH_MAX];
    if (is_watched(other, to, path)) {
        if (fault.is_plain && flags) {
            errno = EINVAL;
            return -1;
        }
        if (meet(RENAME, "renameat2", path) == FAIL) return -1;
    }
    return NEXT(renameat2)(folder, from, other, to, flags);
}

/* MARK: temporary files; the rest of the name must be made before it can be looked at */

#define TEMPORARY(name, parameters, arguments)                                                       \
    int name parameters                                                                              \
    {                                                                                                \
        return open_fails(AT_FDCWD, pattern, O_CREAT, #name) ? -1 : NEXT(name) arguments;            \
    }

TEMPORARY(mkstemp, (char *pattern), (pattern))
TEMPORARY(mkstemp64, (char *pattern), (pattern))
TEMPORARY(mkostemp, (char *pattern, int flags), (pattern, flags))
TEMPORARY(mkstemps, (char *pattern, int length), (pattern, length))
