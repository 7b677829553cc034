/* What programs that look at a library from outside check with. */
#ifndef REQUIRE_H
#define REQUIRE_H

#include <stdio.h>
#include <stdlib.h>

/* Ends the program where something is not so. */
static inline void require(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "not so: %s\n", what);
    exit(1);
}

#endif
