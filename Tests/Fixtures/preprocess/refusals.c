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
enum { HEIGHT = 17, WIDTH = 90 };
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

/* Grants one allocation more each time until the call succeeds. */
static int short_memory(net_recipe recipe)
{
    int failures = 0, needed = 0, status;

    output[0] = 1234.0f;
    do {
        allocations_left = needed++;
        status = net_preprocess(rgb, 9, 5, 27, recipe, HEIGHT, WIDTH, output);
        failures += expect(__LINE__, status, output[0] == 1234.0f ? NET_PREPROCESS_OUT_OF_MEMORY
                                                                  : NET_PREPROCESS_OK);
    } while (status == NET_PREPROCESS_OUT_OF_MEMORY && needed < 100);
    if (needed < 2) {
        fprintf(stderr, "no allocation was made to fail\n");
        failures++;
    }
    return failures;
}

#define UNFIT(...) refused += net_fit_size(__VA_ARGS__) == NET_PREPROCESS_BAD_ARGUMENT

static int fit_size_refusals(void)
{
    int refused = 0, high = 77, wide = 77;

    UNFIT(0, 5, HEIGHT, WIDTH, &high, &wide);
    UNFIT(9, 65536, HEIGHT, WIDTH, &high, &wide);
    UNFIT(9, 5, 0, WIDTH, &high, &wide);
    UNFIT(9, 5, HEIGHT, -1, &high, &wide);
    UNFIT(9, 5, HEIGHT, WIDTH, NULL, &wide);
    UNFIT(9, 5, HEIGHT, WIDTH, &high, NULL);
    if (refused == 6 && high == 77 && wide == 77)
        return 0;
    fprintf(stderr, "net_fit_size: %d of 6 refused, %d x %d\n", refused, high, wide);
    return 1;
}

int main(void)
{
    int failures = 0;

    output[0] = 1234.0f;
    allocations_left = 100;
    REFUSED(NULL, 9, 5, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, NULL);
    REFUSED(rgb, 0, 5, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 0, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, -9, 5, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, -5, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 65536, 5, 3 * 65536, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 65536, 27, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 26, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, SIZE_MAX / 2, NET_RECIPE_CROP, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, -1, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, 3, HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_FIT, 0, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_FIT, -HEIGHT, WIDTH, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_FIT, HEIGHT, 0, output);
    REFUSED(rgb, 9, 5, 27, NET_RECIPE_FIT, HEIGHT, 65536, output);

    for (int recipe = NET_RECIPE_CROP; recipe <= NET_RECIPE_FIT; recipe++)
        failures += short_memory(recipe);
    failures += fit_size_refusals();
    return failures > 0;
}
