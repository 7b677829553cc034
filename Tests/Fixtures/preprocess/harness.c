/* harness (WIDTH HEIGHT RECIPE TARGET_HEIGHT TARGET_WIDTH PIXELS OUTPUT)...: preprocesses files of
 * packed RGB rows. The rows get padding between them, so that a wrong row_bytes shows, and none
 * behind the last one, so that a sanitizer sees a read past it. Of a fitted picture only the part is
 * written that it fills, when the rest is zero. */
#include <stdio.h>
#include <stdlib.h>

#include "net_preprocess.h"

#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                    \
        return 1;                                                                                  \
    }

typedef struct {
    int width, height, recipe, target_height, target_width;
} task;

/* Writes the part of each plane that the picture fills. */
static int write_planes(task t, const float *plane, FILE *file)
{
    int filled_height = t.target_height, filled_width = t.target_width;

    if (t.recipe == NET_RECIPE_FIT)
        CHECK(net_fit_size(t.width, t.height, t.target_height, t.target_width, &filled_height,
                           &filled_width) == 0);
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < t.target_height; y++, plane += t.target_width) {
            const int filled = y < filled_height ? filled_width : 0;
            CHECK(fwrite(plane, sizeof(float), (size_t)filled, file) == (size_t)filled);
            for (int x = filled; x < t.target_width; x++)
                CHECK(plane[x] == 0.0f);
        }
    return 0;
}

static int preprocess_file(task t, const char *pixels, const char *result)
{
    const size_t row_size = 3 * (size_t)t.width, row_bytes = row_size + 7;
    uint8_t *rgb = malloc(row_bytes * (size_t)(t.height - 1) + row_size);
    float *output = malloc(3 * (size_t)t.target_height * (size_t)t.target_width * sizeof(float));
    CHECK(rgb && output);

    FILE *file = fopen(pixels, "rb");
    CHECK(file);
    for (int y = 0; y < t.height; y++)
        CHECK(fread(rgb + (size_t)y * row_bytes, 1, row_size, file) == row_size);
    fclose(file);

    CHECK(net_preprocess(rgb, t.width, t.height, row_bytes, t.recipe, t.target_height,
                         t.target_width, output) == 0);

    file = fopen(result, "wb");
    CHECK(file && write_planes(t, output, file) == 0);
    CHECK(fclose(file) == 0);
    free(rgb);
    free(output);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc > 1 && argc % 7 == 1);
    for (char **a = argv + 1; *a; a += 7) {
        const task t = {atoi(a[0]), atoi(a[1]), atoi(a[2]), atoi(a[3]), atoi(a[4])};
        CHECK(preprocess_file(t, a[5], a[6]) == 0);
    }
    return 0;
}
