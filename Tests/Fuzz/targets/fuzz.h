/* What all targets share: decisions read from the fuzzer's bytes, checks that end the program, and
 * the packed weights of the library under test. */
#ifndef FUZZ_H
#define FUZZ_H

#include "fuzzed.h"

#include <sanitizer/asan_interface.h>

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise of the library that must hold for every input; libFuzzer reports the abort and keeps
 * the input. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #condition);        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The fuzzer's bytes, taken from the front. When they are used up all further ones are zero, so
 * that every input decodes to something. */
typedef struct fuzz_bytes {
    const uint8_t *next, *end;
} fuzz_bytes;

static inline size_t bytes_left(const fuzz_bytes *bytes)
{
    return (size_t)(bytes->end - bytes->next);
}

static inline uint8_t take_byte(fuzz_bytes *bytes)
{
    return bytes->next < bytes->end ? *bytes->next++ : 0;
}

/* Little-endian, of `count` bytes. */
static inline uint64_t take_number(fuzz_bytes *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; ++i)
        number |= (uint64_t)take_byte(bytes) << (8 * i);
    return number;
}

/* 0 to count - 1. */
static inline size_t take_index(fuzz_bytes *bytes, size_t count)
{
    return count > 256 ? (size_t)take_number(bytes, 4) % count : take_byte(bytes) % count;
}

#define TAKE_OF(bytes, table) ((table)[take_index((bytes), sizeof (table) / sizeof *(table))])

/* A file in memory that lives as long as the program. */
typedef struct file_bytes {
    uint8_t *bytes;
    size_t size;
} file_bytes;

static inline file_bytes read_weights(void)
{
    FILE *file = fopen(FUZZED_WEIGHTS, "rb");
    CHECK(file != NULL);
    CHECK(fseek(file, 0, SEEK_END) == 0);
    const long size = ftell(file);
    CHECK(size > 0 && fseek(file, 0, SEEK_SET) == 0);
    const file_bytes content = { malloc((size_t)size), (size_t)size };
    CHECK(content.bytes != NULL);
    CHECK(fread(content.bytes, 1, content.size, file) == content.size);
    fclose(file);
    return content;
}

#endif
