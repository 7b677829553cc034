/* The tile unit against sums one by one: of bf16 in the order of the instruction, of integers exact; every
 * height, every number of words, rows at any distance. Operands end where memory ends. Compiled for AMX, its
 * instructions are run: by the CPU, or where it has none by amx_trap.h. */
#ifdef RUNS_INSTRUCTIONS
#include "amx_trap.h"
#endif

#include "check.h"

#include "tile_unit.h"

#ifdef RUNS_INSTRUCTIONS
#ifndef HAS_TILE_UNIT
#error "tile_unit.h does not use the instructions"
#endif
#include <cpuid.h>
#include <sys/syscall.h>
#endif

/* Whether products of bf16 may differ from those of the order that is documented: on a CPU, by roundings. */
static int may_round;

static void use_instructions(void)
{
#ifdef RUNS_INSTRUCTIONS
    unsigned a, b, c, d;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & d >> 24 & d >> 25 & 1)) {
        if (syscall(SYS_arch_prctl, 0x1023, 18) != 0) {
            printf("the system refuses the tile unit\n");
            exit(1);
        }
        may_round = 1;
        printf("the tile unit of this CPU\n");
        return;
    }
    amx_trap();
    printf("instructions of the tile unit, which this CPU lacks, by a handler\n");
#endif
}

typedef struct operands {
    element_type element;
    int rows, words, products;
    long stride;
    float *input, *panel;
} operands;

static float element_of(float word, int second)
{
    return float_of(second ? bits_of(word) & 0xffff0000u : bits_of(word) << 16);
}

/* The sum of a row and a column; *size is that of its products. */
static float sum_of_bf16(const operands *o, int row, int column, double *size)
{
    float sum = 0;
    for (int product = 0; product < o->products; ++product) {
        float parts[2] = { 0, 0 };
        for (int k = product * o->words; k < (product + 1) * o->words; ++k)
            for (int second = 0; second < 2; ++second) {
                const float term = element_of(o->input[row * o->stride + k], second)
                                   * element_of(o->panel[k * PANEL_COLUMNS + column], second);
                parts[second] += term;
                *size += term < 0 ? -term : term;
            }
        sum += parts[0] + parts[1];
    }
    return sum;
}

static float sum_of_int8(const operands *o, int row, int column)
{
    int32_t sum = 0;
    for (int k = 0; k < o->words * o->products; ++k)
        for (int byte = 0; byte < 4; ++byte)
            sum += (int32_t)(bits_of(o->input[row * o->stride + k]) >> 8 * byte & 0xffu)
                   * (int8_t)(bits_of(o->panel[k * PANEL_COLUMNS + column]) >> 8 * byte & 0xffu);
    return float_of((uint32_t)sum);
}

static void check_sums(const operands *o, const float *sums)
{
    for (int r = 0; r < o->rows; ++r)
        for (int column = 0; column < PANEL_COLUMNS; ++column) {
            const float found = sums[r * SQUARE_SIDE + column];
            double size = 0;
            const float expected
                = o->element == INT8 ? sum_of_int8(o, r, column) : sum_of_bf16(o, r, column, &size);
            const double off = (double)found - expected;
            CHECK(same_bits(found, expected)
                      || (may_round && o->element == BF16 && (off < 0 ? -off : off) <= 1e-6 * size),
                  "%s, %d rows, %d words, %d products: row %d, column %d is %a, not %a",
                  o->element == INT8 ? "int8" : "bf16", o->rows, o->words, o->products, r, column,
                  (double)found, (double)expected);
        }
}

static float *filled(size_t count, element_type element, random_source *source)
{
    float *p = fenced(count, 1);
    for (size_t i = 0; i < count; ++i)
        p[i] = element == INT8 ? float_of((uint32_t)random_bits(source))
                               : float_of((bits_of(random_float(source)) & 0xffff0000u)
                                          | bits_of(random_float(source)) >> 16);
    return p;
}

static void check_unit(element_type element, int rows, int words, random_source *source)
{
    operands o = { element, rows, words, 1 + rows % 3, 0, NULL, NULL };
    const int k = words * o.products;
    o.stride = k + rows % 5;
    o.input = filled((size_t)((rows - 1) * o.stride + k), element, source);
    o.panel = filled((size_t)k * PANEL_COLUMNS, element, source);
    float *sums = fenced((size_t)rows * SQUARE_SIDE, 1);
    tile_unit unit;
    tile_begin(&unit);
    for (int again = 0; again < 2; ++again) {
        tile_configure(&unit, rows, words);
        tile_clear(&unit);
        for (int product = 0; product < o.products; ++product)
            tile_multiply(&unit, element, o.input + product * words, o.stride,
                          o.panel + product * words * PANEL_COLUMNS);
        tile_store(&unit, sums);
        check_sums(&o, sums);
        if (again == 0)
            memset(sums, 0x55, (size_t)rows * SQUARE_SIDE * sizeof *sums);
        if (rows % 2)
            tile_configure(&unit, rows == 1 ? 2 : rows - 1, words);
    }
    tile_end(&unit);
}

int main(void)
{
    random_source source = random_from(7);
    use_instructions();
    for (int rows = 1; rows <= SQUARE_SIDE; ++rows)
        for (int words = 1; words <= TILE_SIDE; words += rows % 4 ? 5 : 1) {
            check_unit(BF16, rows, words, &source);
            check_unit(INT8, rows, words, &source);
        }
    return failures > 0;
}
