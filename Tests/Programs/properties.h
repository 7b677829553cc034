/* Random cases for programs that compare results with straightforward versions. */
#ifndef PROPERTIES_H
#define PROPERTIES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { CASES = 10000 };

/* splitmix64 */
static inline uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline int below(uint64_t *state, int limit) { return (int)(next_bits(state) % (uint64_t)limit); }

/* From 0 to 1. */
static inline double uniform(uint64_t *state) { return (double)(next_bits(state) >> 11) * 0x1p-53; }

static inline void require(int good, const char *what, int number)
{
    if (good)
        return;
    fprintf(stderr, "case %d: not so: %s\n", number, what);
    exit(1);
}

#endif
