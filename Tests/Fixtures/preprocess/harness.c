/* harness WIDTH HEIGHT RECIPE PIXELS OUTPUT: preprocesses a file of packed RGB rows. The rows get
 * padding between them, so that a wrong row_bytes shows, and none behind the last one, so that a
 * sanitizer sees a read past it. */
#include <stdio.h>
#include <stdlib.h>

#include "net_preprocess.h"

#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                    \
        return 1;                                                                                  \
    }

int main(int argc, char **argv)
{
    CHECK(argc == 6);
    const int width = atoi(argv[1]), height = atoi(argv[2]);
    const size_t row_size = 3 * (size_t)width, row_bytes = row_size + 7;
    const size_t output_count = 3 * (size_t)HEIGHT * WIDTH;
    uint8_t *rgb = malloc(row_bytes * (size_t)(height - 1) + row_size);
    float *output = malloc(output_count * sizeof(float));
    CHECK(rgb && output);

    FILE *file = fopen(argv[4], "rb");
    CHECK(file);
    for (int y = 0; y < height; y++)
        CHECK(fread(rgb + (size_t)y * row_bytes, 1, row_size, file) == row_size);
    fclose(file);

    CHECK(net_preprocess(rgb, width, height, row_bytes, atoi(argv[3]), output) == 0);

    file = fopen(argv[5], "wb");
    CHECK(file && fwrite(output, sizeof(float), output_count, file) == output_count);
    fclose(file);
    free(rgb);
    free(output);
    return 0;
}
