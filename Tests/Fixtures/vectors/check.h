/* What the programs in this folder share. Each prints what is wrong and ends with 1 if anything is. */
#ifndef CHECK_H
#define CHECK_H

#include "simd.h"

#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int failures;

#define CHECK(condition, ...)                                                                      \
    do                                                                                             \
        if (!(condition) && ++failures <= 20) {                                                    \
            printf("%s:%d: ", __FILE__, __LINE__);                                                 \
            printf(__VA_ARGS__);                                                                   \
            printf("\n");                                                                          \
        }                                                                                          \
    while (0)

static inline uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline int same_bits(float a, float b) { return bits_of(a) == bits_of(b); }

static inline float random_float(random_source *source) { return (float)random_normal(source); }

/* `count` floats between two pages that may not be touched: against the one behind them, or against the
 * one before. Never freed. */
static inline float *fenced(size_t count, int at_end)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t pages = (count * sizeof(float) + page - 1) / page;
    char *memory = mmap(NULL, (pages + 2) * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + page, pages * page, PROT_READ | PROT_WRITE) != 0) {
        printf("no memory\n");
        exit(1);
    }
    float *first = (float *)(memory + page);
    return at_end ? first + pages * page / sizeof(float) - count : first;
}

#endif
