/* Bad arguments and every allocation that can fail give their status and leave the output alone. */
#include <stdio.h>
#include <stdlib.h>

static int allocations_left;

static void *limited_malloc(size_t size)
{
    return allocations_left-- > 0 ? malloc(size) : NULL;
}

#define malloc limited_malloc
#include "net_preprocess.c"
#undef malloc

static uint8_t rgb[9 * 5 * 3];
static float output[3 * HEIGHT * WIDTH];

static int expect(int line, int status, int expected)
{
    const int untouched = output[0] == 1234.0f;
    if (status == expected && untouched == (expected != NET_PREPROCESS_OK))
        return 0;
    fprintf(stderr, "line %d: status %d, expected %d, untouched %d\n", line, status, expected,
            untouched);
    return 1;
}

#define REFUSED(...)                                                                               \
    failures += expect(__LINE__, net_preprocess(__VA_ARGS__), NET_PREPROCESS_BAD_ARGUMENT)

int main(void)
{
    int failures = 0, needed = 0, status;

    output[0] = 1234.0f;
    allocations_left = 100;
    REFUSED(NULL, 9, 5, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_CROP, NULL);
    REFUSED(rgb, 0, 5, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 0, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, -9, 5, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, -5, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, 65536, 5, 3 * 65536, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 65536, 27, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 5, 26, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 5, SIZE_MAX / 2, NET_RECIPE_CROP, output);
    REFUSED(rgb, 9, 5, 27, -1, output);
    REFUSED(rgb, 9, 5, 27, 2, output);

    do {
        allocations_left = needed++;
        status = net_preprocess(rgb, 9, 5, 27, NET_RECIPE_RESIZE, output);
        failures += expect(__LINE__, status, output[0] == 1234.0f ? NET_PREPROCESS_OUT_OF_MEMORY
                                                                  : NET_PREPROCESS_OK);
    } while (status == NET_PREPROCESS_OUT_OF_MEMORY && needed < 100);
    if (needed < 2) {
        fprintf(stderr, "no allocation was made to fail\n");
        failures++;
    }
    return failures > 0;
}
