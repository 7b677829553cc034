/* The kernel ROI_ALIGN, for a pyramid of the maps below and parts in PARTS rows of as many, against a
 * straightforward version in double precision. */
#include "kernel.h"
#include "properties.h"

#include <math.h>

enum { LEVELS = 4, CHANNELS = 5, BOXES = 50, ROW = 5, COLUMN = 1, TOKENS = 11 * 13 + 6 * 7 + 3 * 4 + 2 * 2 };
enum { SIDE = 13, MOST_SAMPLES = SIDE + 2 };
static const int HEIGHT[LEVELS] = { 11, 6, 3, 2 }, WIDTH[LEVELS] = { 13, 7, 4, 2 };
static const int STRIDE[LEVELS] = { 4, 8, 16, 32 };

kernel_function ROI_ALIGN;

static float pyramid[TOKENS * CHANNELS], rows[BOXES * ROW];
static float output[(long)BOXES * PARTS * PARTS * CHANNELS], scratch[2 * PARTS * SIDE];

/* What is drawn at a time: on a grid, where counts and places are exactly on their limits; inside the picture;
 * around it; empty, tiny, huge ones and such without a size; all larger than the picture. */
static void draw_box(uint64_t *random, int kind, float *box)
{
    const double width = 4 * WIDTH[0], height = 4 * HEIGHT[0];
    const double spread = kind == 2 ? 1 : kind == 4 ? 40 : 0;
    double x[2], y[2];
    for (int i = 0; i < 2; ++i) {
        x[i] = width * (uniform(random) * (1 + 2 * spread) - spread);
        y[i] = height * (uniform(random) * (1 + 2 * spread) - spread);
        if (kind == 0) {
            x[i] = 2 * below(random, 60) - 20;
            y[i] = 14 * below(random, 20) - 28;
        }
    }
    for (int i = 0; i < 2; ++i) {
        box[2 * i] = (float)(i ? fmax(x[0], x[1]) : fmin(x[0], x[1]));
        box[2 * i + 1] = (float)(i ? fmax(y[0], y[1]) : fmin(y[0], y[1]));
    }
    const int odd = kind == 3 ? below(random, 6) : -1, corner = below(random, 4);
    if (odd == 0)
        box[corner] = box[(corner + 2) % 4]; /* no width, or no height */
    else if (odd == 1)
        box[corner] = below(random, 2) ? NAN : INFINITY;
    else if (odd == 2) {
        box[2] = box[0] + (float)(1e-3 * uniform(random));
        box[3] = box[1] + (float)(1e-3 * uniform(random));
    } else if (odd == 3)
        box[corner] = (corner < 2 ? -1.0f : 1.0f) * (float)(1e5 * uniform(random));
    else if (odd == 4)
        box[corner] = (corner < 2 ? 1.0f : -1.0f) * 1000.0f; /* the wrong way round */
}

/* One direction of a box: where its first part begins, the size of a part, samples of one. */
typedef struct axis {
    double first, size, error;
    int samples;
} axis;

/* Whether rounding does not decide on which side of `limit` a place is: it is apart, or computed without rounding. */
static int is_sure(double at, double limit, axis a)
{
    return fabs(at - limit) > a.error || (at == limit && a.size == round(a.size));
}

static axis axis_of(double start, double end, int level, int *sure)
{
    axis a;
    a.first = start / STRIDE[level] - 0.5;
    a.size = (end - start) / STRIDE[level] / PARTS;
    a.error = 3e-7 * (fabs(start) / STRIDE[level] + fabs(end) / STRIDE[level] + 1);
    a.samples = a.size < MOST_SAMPLES ? (int)ceil(a.size) : MOST_SAMPLES;
    *sure &= a.size > MOST_SAMPLES || is_sure(a.size, round(a.size), a);
    return a;
}

static double place_of(axis a, int part, int sample)
{
    return a.first + (part + (sample + 0.5) / a.samples) * a.size;
}

static int is_reached(double at, int side) { return at >= -1 && at <= side; }

static double value_of(const float *map, int level, int channel, double y, double x)
{
    const int height = HEIGHT[level], width = WIDTH[level];
    y = fmin(fmax(y, 0), height - 1);
    x = fmin(fmax(x, 0), width - 1);
    const int top = (int)y, left = (int)x;
    const int bottom = top + 1 < height ? top + 1 : top, right = left + 1 < width ? left + 1 : left;
    const double below_top = y - top, beside = x - left;
#define AT(row, column) map[((row) * width + (column)) * CHANNELS + channel]
    return (1 - below_top) * ((1 - beside) * AT(top, left) + beside * AT(top, right))
           + below_top * ((1 - beside) * AT(bottom, left) + beside * AT(bottom, right));
#undef AT
}

static double mean_of(const float *map, int level, int channel, axis y, axis x, int row, int column, int *sure)
{
    double sum = 0;
    for (int i = 0; i < y.samples; ++i)
        for (int j = 0; j < x.samples; ++j) {
            const double at_y = place_of(y, row, i), at_x = place_of(x, column, j);
            *sure &= is_sure(at_y, -1, y) && is_sure(at_y, HEIGHT[level], y);
            *sure &= is_sure(at_x, -1, x) && is_sure(at_x, WIDTH[level], x);
            if (is_reached(at_y, HEIGHT[level]) && is_reached(at_x, WIDTH[level]))
                sum += value_of(map, level, channel, at_y, at_x);
        }
    return sum / fmax(1, (double)y.samples * x.samples);
}

static int level_of(double width, double height, int *sure)
{
    const double size = sqrt(width * height) / 56 + 1e-6;
    int level = 0;
    for (int i = 1; i < LEVELS; ++i) {
        level += size >= 1 << i;
        *sure &= fabs(size - (1 << i)) > 4e-7 * size;
    }
    return level;
}

/* Whether the case was decided. */
static int check_box(const float *box, const float *found, int number)
{
    const double width = (double)box[2] - box[0], height = (double)box[3] - box[1];
    if (!(width > 0 && width < INFINITY && height > 0 && height < INFINITY)) {
        for (int i = 0; i < PARTS * PARTS * CHANNELS; ++i)
            require(found[i] == 0.0f, "a box without a size gives zeros", number);
        return 1;
    }
    int sure = 1, first = 0;
    const int level = level_of(width, height, &sure);
    for (int i = 0; i < level; ++i)
        first += HEIGHT[i] * WIDTH[i];
    const axis y = axis_of(box[1], box[3], level, &sure), x = axis_of(box[0], box[2], level, &sure);
    for (int part = 0; part < PARTS * PARTS && sure; ++part)
        for (int channel = 0; channel < CHANNELS && sure; ++channel) {
            const double expected = mean_of(pyramid + first * CHANNELS, level, channel, y, x, part / PARTS,
                                            part % PARTS, &sure);
            const double error = fabs(found[part * CHANNELS + channel] - expected);
            /* Values are -1 to 1: a token further they differ by 2 at most. */
            require(!sure || error <= 1e-5 + 2 * (y.error + x.error), "the mean is right", number);
        }
    return sure;
}

static void draw_pyramid(uint64_t *random)
{
    const int ties = below(random, 2);
    for (int i = 0; i < TOKENS * CHANNELS; ++i)
        pyramid[i] = ties ? (float)(below(random, 3) - 1) : (float)(2 * uniform(random) - 1);
}

int main(void)
{
    uint64_t random = 1;
    int decided = 0;
    for (int i = 0; i < CASES; i += BOXES) {
        draw_pyramid(&random);
        for (int box = 0; box < BOXES; ++box) {
            rows[box * ROW] = NAN;
            draw_box(&random, box % 5, rows + box * ROW + COLUMN);
        }
        ROI_ALIGN(&(kernel_call){ .in = { rows, pyramid }, .out = { output }, .scratch = scratch,
                                  .images = 1, .threads = 1 });
        for (int box = 0; box < BOXES; ++box)
            decided += check_box(rows + box * ROW + COLUMN,
                                 output + (long)box * PARTS * PARTS * CHANNELS, i + box);
    }
    require(decided > CASES * 9 / 10, "nearly all cases are decided", decided);
    printf("%d of %d cases\n", decided, CASES);
    return 0;
}
