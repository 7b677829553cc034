/*
 * Functions of the C library that fail when they are told to, and count what is live: they stand in
 * their place in the whole program, for shared libraries too. Included once, by allocations.c.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

enum kind { MEMORY, MAPPING, THREAD, KINDS };
static const char *const kind_names[KINDS] = { "allocation", "mapping", "thread" };

static atomic_int is_armed;
static enum kind failing;
static long failing_at; /* 0: none */
static int failing_on;  /* all later ones too */
static atomic_long calls[KINDS], live[KINDS];

static int fails(enum kind kind)
{
    if (!atomic_load(&is_armed))
        return 0;
    const long number = atomic_fetch_add(&calls[kind], 1) + 1;
    return kind == failing && failing_at > 0
           && (number == failing_at || (failing_on && number > failing_at));
}

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void *taken(void *place)
{
    if (place)
        atomic_fetch_add(&live[MEMORY], 1);
    return place;
}

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size) { return fails(MEMORY) ? no_memory() : taken(__libc_malloc(size)); }

void *calloc(size_t count, size_t size)
{
    return fails(MEMORY) ? no_memory() : taken(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    if (fails(MEMORY))
        return no_memory();
    if (!old)
        return taken(__libc_malloc(size));
    void *place = __libc_realloc(old, size);
    if (size == 0)
        atomic_fetch_sub(&live[MEMORY], 1);
    return place;
}

void *memalign(size_t alignment, size_t size)
{
    return fails(MEMORY) ? no_memory() : taken(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size)
{
    if (fails(MEMORY))
        return ENOMEM;
    void *found = __libc_memalign(alignment, size);
    if (!found)
        return ENOMEM;
    *place = taken(found);
    return 0;
}

void free(void *place)
{
    if (place)
        atomic_fetch_sub(&live[MEMORY], 1);
    __libc_free(place);
}

/* The next definition of a function, which is the C library's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t place)
{
    if (fails(MAPPING)) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    void *found = NEXT(mmap)(address, size, protection, flags, file, place);
    if (found != MAP_FAILED)
        atomic_fetch_add(&live[MAPPING], 1);
    return found;
}

int munmap(void *address, size_t size)
{
    const int result = NEXT(munmap)(address, size);
    if (result == 0)
        atomic_fetch_sub(&live[MAPPING], 1);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    if (fails(THREAD))
        return EAGAIN;
    return NEXT(pthread_create)(thread, attributes, start, argument);
}

static void arm(void)
{
    for (int kind = 0; kind < KINDS; ++kind)
        atomic_store(&calls[kind], 0);
    atomic_store(&is_armed, 1);
}

static void disarm(void) { atomic_store(&is_armed, 0); }
