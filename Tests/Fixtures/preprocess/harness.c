/* harness (WIDTH HEIGHT RECIPE PIXELS OUTPUT)...: preprocesses files of packed RGB rows. The rows
 * get padding between them, so that a wrong row_bytes shows, and none behind the last one, so that
 * a sanitizer sees a read past it. */
#include <stdio.h>
#include <stdlib.h>

#include "net_preprocess.h"

#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                    \
        return 1;                                                                                  \
    }

static int preprocess_file(int width, int height, int recipe, const char *pixels,
                           const char *result)
{
    const size_t row_size = 3 * (size_t)width, row_bytes = row_size + 7;
    const size_t output_count = 3 * (size_t)HEIGHT * WIDTH;
    uint8_t *rgb = malloc(row_bytes * (size_t)(height - 1) + row_size);
    float *output = malloc(output_count * sizeof(float));
    CHECK(rgb && output);

    FILE *file = fopen(pixels, "rb");
    CHECK(file);
    for (int y = 0; y < height; y++)
        CHECK(fread(rgb + (size_t)y * row_bytes, 1, row_size, file) == row_size);
    fclose(file);

    CHECK(net_preprocess(rgb, width, height, row_bytes, recipe, output) == 0);

    file = fopen(result, "wb");
    CHECK(file && fwrite(output, sizeof(float), output_count, file) == output_count);
    CHECK(fclose(file) == 0);
    free(rgb);
    free(output);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc > 1 && argc % 5 == 1);
    for (char **a = argv + 1; *a; a += 5)
        CHECK(preprocess_file(atoi(a[0]), atoi(a[1]), atoi(a[2]), a[3], a[4]) == 0);
    return 0;
}
