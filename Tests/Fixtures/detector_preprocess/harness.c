/* harness (WIDTH HEIGHT NEW_WIDTH NEW_HEIGHT PIXELS OUTPUT)...: prepares files of packed RGB rows. The
 * rows get padding between them, so that a wrong row_bytes shows, and none behind the last one, so that
 * a sanitizer sees a read past it. The input is larger than the picture; of each plane the part is
 * written that the picture fills, when the rest is zero. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net_preprocess.h"

#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                    \
        return 1;                                                                                  \
    }

typedef struct {
    int width, height, new_width, new_height, padded_width, padded_height;
} task;

static int write_planes(const task *t, const float *plane, FILE *file)
{
    for (int c = 0; c < 3; c++)
        for (int y = 0; y < t->padded_height; y++, plane += t->padded_width) {
            const int filled = y < t->new_height ? t->new_width : 0;
            CHECK(fwrite(plane, sizeof(float), (size_t)filled, file) == (size_t)filled);
            for (int x = filled; x < t->padded_width; x++)
                CHECK(plane[x] == 0.0f);
        }
    return 0;
}

static int prepare_file(const task *t, const char *pixels, const char *result)
{
    const size_t row_size = 3 * (size_t)t->width, row_bytes = row_size + 7;
    const size_t size = 3 * (size_t)t->padded_height * (size_t)t->padded_width * sizeof(float);
    uint8_t *rgb = malloc(row_bytes * (size_t)(t->height - 1) + row_size);
    float *input = malloc(size);
    CHECK(rgb && input);
    memset(input, 0x41, size);

    FILE *file = fopen(pixels, "rb");
    CHECK(file);
    for (int y = 0; y < t->height; y++)
        CHECK(fread(rgb + (size_t)y * row_bytes, 1, row_size, file) == row_size);
    fclose(file);

    CHECK(net_prepare(rgb, t->width, t->height, row_bytes, t->new_width, t->new_height, input,
                      t->padded_height, t->padded_width) == 0);

    file = fopen(result, "wb");
    CHECK(file && write_planes(t, input, file) == 0);
    CHECK(fclose(file) == 0);
    free(rgb);
    free(input);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc > 1 && argc % 6 == 1);
    for (int i = 1; i < argc; i += 6) {
        char **a = argv + i;
        task t = {atoi(a[0]), atoi(a[1]), atoi(a[2]), atoi(a[3]), 0, 0};
        t.padded_width = t.new_width + i % 5;
        t.padded_height = t.new_height + i % 7;
        CHECK(prepare_file(&t, a[4], a[5]) == 0);
    }
    return 0;
}
