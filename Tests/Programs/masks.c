/* Pasted masks against double precision, and their texts against what they say and what pycocotools writes. */
#include "results.h"

#include "net.h"
#include "properties.h"

#include <math.h>
#include <string.h>

enum { SIDE = NET_MASK_SIDE, MOST_SIDE = 120, MOST_TEXT = 1 << 16 };

static uint8_t bitmap[MOST_SIDE * MOST_SIDE], decoded[MOST_SIDE * MOST_SIDE];
static char text[MOST_TEXT], part[MOST_TEXT];

/* The probability at a point of the mask's grid, zeros around it. */
static double probability(const float *logits, int y, int x)
{
    const int is_beyond = x < 0 || y < 0 || x >= SIDE || y >= SIDE;
    return is_beyond ? 0 : 1 / (1 + exp(-(double)logits[y * SIDE + x]));
}

/* A pixel's place in the grid. */
static double place_of(int pixel, float begin, float end)
{
    const double over = (pixel + 0.5 - begin) / ((double)end - begin) * 2 - 1;
    return ((isinf(over) ? 0 : over) + 1) * SIDE / 2 - 0.5;
}

static double value_at(const float *logits, double y, double x)
{
    if (!(x > -1 && y > -1 && x < SIDE && y < SIDE))
        return 0;
    const int left = (int)floor(x), top = (int)floor(y);
    const double right = x - left, down = y - top;
    return (1 - down) * ((1 - right) * probability(logits, top, left) + right * probability(logits, top, left + 1))
           + down * ((1 - right) * probability(logits, top + 1, left)
                     + right * probability(logits, top + 1, left + 1));
}

static int is_in_window(int pixel, float begin, float end)
{
    return pixel >= floor(begin) - 1 && pixel < ceil(end) + 1;
}

/* Ordinary, empty, on pixels' centres, huge, tiny, the whole picture. */
static void draw_box(uint64_t *random, int kind, int height, int width, float box[4])
{
    const double range[2] = { width, height };
    for (int axis = 0; axis < 2; ++axis) {
        double begin = range[axis] * uniform(random), size = range[axis] * uniform(random);
        if (kind == 1 || (kind == 2 && below(random, 2)))
            size = 0;
        if (kind == 2)
            begin = floor(begin) + 0.5;
        if (kind == 3) {
            begin -= 1e4 * uniform(random);
            size += 2e4 * uniform(random);
        }
        if (kind == 4)
            size *= 1e-3;
        if (kind == 5) {
            begin = 0;
            size = range[axis];
        }
        box[axis] = (float)begin;
        box[axis + 2] = (float)(begin + size);
    }
}

static void check_paste(uint64_t *random, int number)
{
    float logits[SIDE * SIDE], box[4];
    const int height = 1 + below(random, MOST_SIDE), width = 1 + below(random, MOST_SIDE);
    const double spread = below(random, 3) == 0 ? 20 : 2;
    const int is_coarse = below(random, 4) == 0; /* many values are one half */
    size_t count = 0;
    for (int i = 0; i < SIDE * SIDE; ++i) {
        const double logit = spread * (2 * uniform(random) - 1);
        logits[i] = (float)(is_coarse ? rint(logit) : logit);
    }
    draw_box(random, number % 6, height, width, box);
    memset(bitmap, 7, sizeof bitmap);
    const size_t found = net_paste_mask(logits, box, height, width, bitmap);
    for (int i = 0; i < height * width; ++i) {
        const int y = i / width, x = i % width;
        const double value = value_at(logits, place_of(y, box[1], box[3]), place_of(x, box[0], box[2]));
        const int is_near = is_in_window(y, box[1], box[3]) && is_in_window(x, box[0], box[2]);
        require(bitmap[i] <= 1, "a pixel is 0 or 1", number);
        if (!is_near || fabs(value - 0.5) > 1e-3)
            require(bitmap[i] == (is_near && value > 0.5), "a pixel is on the side that its value is on", number);
        count += bitmap[i];
    }
    require(count == found, "so many are set", number);
    require(height * width == (int)sizeof bitmap || bitmap[height * width] == 7, "nothing else is written",
            number);
}

/* Undoes what mask_rle has written; how many pixels there were. */
static long read_runs(const char *from, int height, int width)
{
    long runs[3] = { 0 }, at = 0;
    for (int run = 0; *from; ++run) {
        long number = 0;
        int shift = 0, six;
        do {
            six = *from++ - '0';
            number |= (long)(six & 31) << shift;
            shift += 5;
        } while (six & 32);
        if (six & 16)
            number -= 1L << shift;
        if (run > 2)
            number += runs[(run - 2) % 3];
        runs[run % 3] = number;
        for (long i = 0; i < number && at < (long)height * width; ++i, ++at)
            decoded[at % height * width + at / height] = (uint8_t)(run % 2);
    }
    return at;
}

static void check_text(uint64_t *random, int number)
{
    const int height = 1 + below(random, MOST_SIDE), width = 1 + below(random, MOST_SIDE);
    const int part_set = below(random, 101), block = 1 + below(random, 30);
    for (int i = 0; i < height * width; ++i) {
        const int y = i / width, x = i % width;
        const int is_set = (y / block * 7919 + x / block * 104729 + number) % 100 < part_set;
        bitmap[i] = (uint8_t)(is_set ? 1 + number % 255 : 0);
        if (below(random, 200) == 0)
            bitmap[i] = !bitmap[i];
    }
    const size_t length = net_mask_rle(bitmap, height, width, text, sizeof text);
    require(length == strlen(text), "it says how long it is", number);
    require(read_runs(text, height, width) == (long)height * width, "runs cover the bitmap", number);
    for (int i = 0; i < height * width; ++i)
        require(decoded[i] == (bitmap[i] != 0), "runs say what the bitmap holds", number);
    const size_t capacity = (size_t)below(random, (int)length + 3);
    memset(part, '!', sizeof part);
    require(net_mask_rle(bitmap, height, width, part, capacity) == length, "a part is as long", number);
    const size_t written = capacity == 0 ? 0 : capacity > length ? length : capacity - 1;
    require(memcmp(part, text, written) == 0 && (capacity == 0 || part[written] == '\0'), "it is a part", number);
    require(part[capacity > length ? length + 1 : capacity] == '!', "nothing is written behind it", number);
}

/* What pycocotools writes. */
static void check_known(int height, int width, int (*is_set)(int y, int x), const char *expected)
{
    for (int i = 0; i < height * width; ++i)
        bitmap[i] = (uint8_t)is_set(i / width, i % width);
    net_mask_rle(bitmap, height, width, text, sizeof text);
    require(strcmp(text, expected) == 0, expected, 0);
}

static int sparse(int y, int x) { return (7 * x + 13 * y) % 5 < 2; }
static int disc(int y, int x) { return (y - 20) * (y - 20) + (x - 16) * (x - 16) < 150; }
static int whole(int y, int x) { return y >= 0 && x >= 0; }
static int none(int y, int x) { return y < 0 && x < 0; }
static int corner(int y, int x) { return y > 30 && x > 20 && x < 23; }

int main(void)
{
    uint64_t random = 2;
    const float logits[SIDE * SIDE] = { 0 }, box[4] = { 0, 0, NAN, INFINITY };
    check_known(3, 5, sparse, "011000210ON");
    check_known(40, 33, disc, "b55P16K4M2N2N2O0O2O000O2O00000001N10001N101N2N2N3L5Ja4");
    check_known(4, 4, whole, "0`0");
    check_known(4, 4, none, "`0");
    check_known(90, 70, corner, "Ql1k1o00WS4");
    require(net_mask_rle(bitmap, 90, 70, NULL, 0) == 11, "no text is needed to count", 0);
    require(net_paste_mask(logits, box, 5, 7, bitmap) == 0, "no box, no mask", 0);
    for (int i = 0; i < CASES; ++i) {
        check_paste(&random, i);
        check_text(&random, i);
    }
    printf("%d cases\n", CASES);
    return 0;
}
