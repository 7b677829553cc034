/* refusals (WIDTH HEIGHT NEW_WIDTH NEW_HEIGHT)...: bad arguments give their status and leave what is
 * written alone, and pictures of the given sizes get the sizes that the recipe wants. */
#include <stdio.h>
#include <stdlib.h>

#include "net_preprocess.h"

static uint8_t rgb[9 * 5 * 3];
enum { HEIGHT = 17, WIDTH = 90 };
static float input[3 * HEIGHT * WIDTH];
static int failures;

static void expect(int line, int status, int expected, int untouched)
{
    if (status == expected && untouched == (expected != NET_PREPROCESS_OK))
        return;
    fprintf(stderr, "line %d: status %d, expected %d, untouched %d\n", line, status, expected, untouched);
    failures++;
}

#define REFUSED(...) expect_input(__LINE__, net_prepare(__VA_ARGS__), NET_PREPROCESS_BAD_ARGUMENT)

static void expect_input(int line, int status, int expected)
{
    expect(line, status, expected, input[0] == 1234.0f);
}

static void prepare_refusals(void)
{
    input[0] = 1234.0f;
    REFUSED(NULL, 9, 5, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 10, NULL, HEIGHT, WIDTH);
    REFUSED(rgb, 0, 5, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 0, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, -9, 5, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, -5, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 65536, 5, 3 * 65536, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 65536, 27, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 26, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, SIZE_MAX / 2, 18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, 0, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 0, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, -18, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, WIDTH + 1, 10, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, HEIGHT + 1, input, HEIGHT, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 10, input, 0, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 10, input, HEIGHT, -WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 10, input, 65536, WIDTH);
    REFUSED(rgb, 9, 5, 27, 18, 10, input, HEIGHT, 65536);
    expect_input(__LINE__, net_prepare(rgb, 9, 5, 27, WIDTH, HEIGHT, input, HEIGHT, WIDTH),
                 NET_PREPROCESS_OK);
}

static void fit_refusals(void)
{
    enum { BAD = NET_PREPROCESS_BAD_ARGUMENT };
    int wide = 77, high = 77;
    const int status[] = {
        net_fit(0, 5, &wide, &high), net_fit(9, 65536, &wide, &high), net_fit(9, 5, NULL, &high),
        net_fit(9, 5, &wide, NULL), net_fit_into(0, 5, WIDTH, HEIGHT, &wide, &high),
        net_fit_into(9, -5, WIDTH, HEIGHT, &wide, &high), net_fit_into(9, 5, 0, HEIGHT, &wide, &high),
        net_fit_into(9, 5, WIDTH, 65536, &wide, &high), net_fit_into(9, 5, WIDTH, HEIGHT, NULL, &high),
        net_fit_into(9, 5, WIDTH, HEIGHT, &wide, NULL),
    };

    for (size_t i = 0; i < sizeof status / sizeof *status; i++)
        expect(__LINE__, status[i], BAD, wide == 77 && high == 77);
}

static void expect_size(int line, int status, const int got[2], int width, int height)
{
    if (status == 0 && got[0] == width && got[1] == height)
        return;
    fprintf(stderr, "line %d: status %d, %d x %d, expected %d x %d\n", line, status, got[0], got[1],
            width, height);
    failures++;
}

static void sizes(int argc, char **argv)
{
    int got[2] = {0, 0};

    for (int i = 1; i + 3 < argc; i += 4) {
        const int status = net_fit(atoi(argv[i]), atoi(argv[i + 1]), &got[0], &got[1]);
        expect_size(i, status, got, atoi(argv[i + 2]), atoi(argv[i + 3]));
    }
    int status = net_fit_into(640, 480, 500, 333, &got[0], &got[1]);
    expect_size(__LINE__, status, got, 444, 333);
    status = net_fit_into(480, 641, 96, 200, &got[0], &got[1]);
    expect_size(__LINE__, status, got, 96, 128);
    status = net_fit_into(1, 5000, 64, 64, &got[0], &got[1]);
    expect_size(__LINE__, status, got, 1, 64);
}

int main(int argc, char **argv)
{
    if (argc < 5 || argc % 4 != 1) {
        fprintf(stderr, "no sizes\n");
        return 1;
    }
    prepare_refusals();
    fit_refusals();
    sizes(argc, argv);
    return failures > 0;
}
