/* Prints the CPU quota that the library finds: `quota GROUPS ROOT`. */
#include "processors.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 3)
        return 64;
    printf("%d\n", small_quota(argv[1], argv[2]));
    return 0;
}
