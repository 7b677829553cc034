/* What the harness's main.c gives its other files, for programs of tests that have some of them. */
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *program_name = "test";

void complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    if (!memory)
        abort();
    return memory;
}
