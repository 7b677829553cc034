/* Tiles of a matrix product against sums one by one, bit by bit: of any height and width, K not a multiple
 * of anything, input in blocks, columns beyond the last. Operands end where memory ends. */
#include "check.h"

#include "gemm_tile.h"

#include <string.h>

typedef struct operands {
    float *input;
    const float *panel;
    float *bias, *residual, *output;
} operands;

static float *filled(size_t count, random_source *source)
{
    float *p = fenced(count, 1);
    for (size_t i = 0; i < count; ++i)
        p[i] = random_float(source);
    return p;
}

/* Words, each of a float, of two bf16 or of four integers. */
static float *filled_words(size_t count, element_type element, random_source *source)
{
    float *p = filled(count, source);
    for (size_t i = 0; element == BF16 && i < count; ++i)
        p[i] = float_of((bits_of(p[i]) & 0xffff0000u) | bits_of(random_float(source)) >> 16);
    for (size_t i = 0; element == INT8 && i < count; ++i)
        p[i] = float_of((uint32_t)random_bits(source));
    return p;
}

static uint32_t byte_of(float word, int byte) { return bits_of(word) >> 8 * byte & 0xffu; }

/* What sums of a column begin with: what it makes of the 128 that maps hold too much. */
static int32_t beginning_of(const float *panel, gemm_constants c, int column)
{
    int32_t sum = 0;
    for (int k = 0; k < c.steps; ++k)
        for (int byte = 0; byte < 4; ++byte)
            sum -= INT8_ZERO * (int8_t)byte_of(panel[k * PANEL_COLUMNS + column], byte);
    return sum;
}

/* A bias; of integers steps behind it and what sums begin with, which those with floats do not read. */
static float *filled_behind(size_t count, const float *panel, gemm_constants c, random_source *source)
{
    float *p = filled(count, source);
    for (int i = 0; c.element == INT8 && i < c.columns; ++i)
        p[2 * c.columns + i] = float_of((uint32_t)beginning_of(panel, c, i));
    return p;
}

/* What the sum of a column of integers becomes. */
static vf integer_sum(operands o, gemm_constants c, int row, int column)
{
    int32_t sum = beginning_of(o.panel, c, column);
    for (int k = 0; k < c.steps; ++k) {
        const int block = k / c.input_block;
        const float x = o.input[block * c.input_block_stride + row * c.input_stride + k % c.input_block];
        for (int byte = 0; byte < 4; ++byte)
            sum += (int32_t)byte_of(x, byte) * (int8_t)byte_of(o.panel[k * PANEL_COLUMNS + column], byte);
    }
    return vf_fma(vf_set((float)sum), vf_set(o.bias[c.columns + column]), vf_set(o.bias[column]));
}

/* Rows of K floats, or blocks of them behind one another. */
static size_t input_floats(gemm_constants c, int rows)
{
    const int last = (c.steps - (c.steps - 1) / c.input_block * c.input_block) * gemm_input_words(c);
    return (size_t)((c.steps - 1) / c.input_block * c.input_block_stride + (rows - 1) * c.input_stride + last);
}

static operands make_operands(gemm_constants c, int rows, int columns, random_source *source)
{
    const size_t output = (size_t)((rows - 1) * c.output_stride + columns);
    const size_t tile = (size_t)(c.vectors * VF_LANES);
    /* Bias, and what integers have more. */
    const size_t behind = c.element == INT8 ? 3 * (size_t)c.columns : c.matrix == INT8 ? 2 * (size_t)c.columns : tile;
    const float *panel = filled_words((size_t)(c.steps - 1) * PANEL_COLUMNS + tile, c.matrix, source);
    return (operands){
        .input = filled_words(input_floats(c, rows), c.element, source),
        .panel = panel,
        .bias = filled_behind(behind, panel, c, source),
        .residual = filled(output, source),
        .output = filled(output, source),
    };
}

/* AArch64's instruction for bf16 may add in another order, or round otherwise between two products; x86's adds one
 * product after the other, the second first (Intel, Software Developer's Manual, VDPBF16PS). */
static int is_near(float found, float expected, gemm_constants c)
{
#if defined VF_HAS_BF16 && defined __aarch64__
    const float off = found > expected ? found - expected : expected - found;
    return c.element == BF16 && off <= 4e-6f * (float)c.steps;
#else
    (void)found, (void)expected, (void)c;
    return 0;
#endif
}

static float expected_at(operands o, gemm_constants c, int row, int column)
{
    vf sum = vf_set(0.0f);
    for (int k = 0; c.element != INT8 && k < c.steps; ++k) {
        const int block = k / c.input_block, words = gemm_input_words(c);
        const float *x = o.input + block * c.input_block_stride + row * c.input_stride + k % c.input_block * words;
        const float w = o.panel[k * PANEL_COLUMNS + column];
        const float first = float_of(bits_of(w) << 16), second = float_of(bits_of(w) & 0xffff0000u);
        if (c.matrix == F32) {
            sum = vf_fma(vf_set(*x), vf_set(w), sum);
        } else if (c.matrix == INT8) {
            for (int byte = 0; byte < 4; ++byte)
                sum = vf_fma(vf_set(x[byte]), vf_set((int8_t)byte_of(w, byte)), sum);
        } else if (c.element == F32) {
            sum = vf_fma(vf_set(x[0]), vf_set(first), sum);
            sum = vf_fma(vf_set(x[1]), vf_set(second), sum);
        } else { /* products are exact: fused or not, these are the bits */
            sum += vf_set(float_of(bits_of(*x) & 0xffff0000u) * second);
            sum += vf_set(float_of(bits_of(*x) << 16) * first);
        }
    }
    if (c.element == INT8)
        sum = integer_sum(o, c, row, column);
    else if (c.matrix == INT8)
        sum = vf_fma(sum, vf_set(o.bias[c.columns + column]), vf_set(o.bias[column]));
    else
        sum += vf_set(o.bias[column]);
    if (c.epilogue == EPILOGUE_GELU)
        vf_gelu_each(&sum, 1);
    if (c.epilogue == EPILOGUE_RESIDUAL)
        sum += vf_set(o.residual[row * c.output_stride + column]);
    return sum[0];
}

enum { MOST_BLOCK = 8 };

/* Whether tiles take such words as they are; some are widened wherever they have no instruction. */
INLINE int has_words(element_type element)
{
#ifdef VF_HAS_BF16
    const int is_bf16_missing = 0;
#else
    const int is_bf16_missing = 1;
#endif
    return element != BF16 || !is_bf16_missing;
}

INLINE int has_widened(element_type element)
{
#ifdef VF_HAS_PAIRS
    return element != F32;
#else
    return element == BF16;
#endif
}

/* The input of these constants as that of `wide`, in blocks that are all whole. */
static const float *widened_input(operands o, gemm_constants c, gemm_constants wide, int rows)
{
    const int blocks = (c.steps - 1) / c.input_block + 1;
    const size_t floats = (size_t)blocks * (size_t)rows * (size_t)wide.input_stride;
    float *widened = filled_words(floats, F32, &(random_source){ 1 });
    for (int block = 0; block < blocks; ++block)
        for (int row = 0; row < rows; ++row) {
            float words[MOST_BLOCK] = { 0 };
            const int left = c.steps - block * c.input_block, count = left < c.input_block ? left : c.input_block;
            memcpy(words, o.input + block * c.input_block_stride + row * c.input_stride, (size_t)count * sizeof *words);
            gemm_widen(words, c.element, 0, c.input_block, 1,
                       widened + block * wide.input_block_stride + row * wide.input_stride, c.input_block);
        }
    return widened;
}

/* Of the constants that say what to expect; `wide` are those with widened input. */
INLINE void check_tile_of(gemm_constants c, gemm_constants wide, int rows, int columns)
{
    random_source source = random_from((uint64_t)(rows * 1000 + c.steps));
    const operands o = make_operands(c, rows, columns, &source);
    const gemm_tile t = {
        .input = wide.is_widened ? widened_input(o, c, wide, rows) : o.input,
        .panel = o.panel,
        .bias = o.bias,
        .residual = o.residual,
        .output = o.output,
        .ahead = o.panel,
        .ahead_step = 1,
    };
    gemm_compute(t, wide, rows, columns);
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const float y = o.output[row * c.output_stride + column];
            const float expected = expected_at(o, c, row, column);
            CHECK(same_bits(y, expected) || is_near(y, expected, c), "%dx%d, K %d, blocks of %d: %a at %d, %d, not %a", rows,
                  c.vectors, c.steps, c.input_block, y, row, column, expected);
        }
}

INLINE void check_tile(gemm_constants c, int rows, int columns)
{
    if (has_words(c.element))
        check_tile_of(c, c, rows, columns);
}

/* The same, of input that was widened. */
INLINE void check_widened(gemm_constants c, int rows, int columns)
{
    gemm_constants wide = c;
    wide.is_widened = 1;
    wide.input_stride = 2 * c.input_block;
    wide.input_block_stride = rows * wide.input_stride;
    if (has_widened(c.element))
        check_tile_of(c, wide, rows, columns);
}

/* K in parts of a chain, the last of which is shorter, has the bits of K at once. */
INLINE void check_parts(gemm_constants c, int rows, int columns)
{
    if (!has_words(c.element))
        return;
    random_source source = random_from((uint64_t)c.steps);
    const operands o = make_operands(c, rows, columns, &source);
    vf totals[GEMM_MOST_SUMS];
    gemm_tile t = {
        .input = o.input,
        .panel = o.panel,
        .bias = o.bias,
        .residual = o.residual,
        .output = o.output,
        .ahead = o.panel,
        .totals = (float *)totals,
    };
    gemm_compute(t, c, rows, columns);
    float *in_parts = filled((size_t)((rows - 1) * c.output_stride + columns), &source);
    t.output = in_parts;
    c.depth = gemm_chain(c);
    for (; t.from < c.steps; t.from += c.depth)
        gemm_compute(t, c, rows, columns);
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column) {
            const int at = row * c.output_stride + column;
            CHECK(same_bits(in_parts[at], o.output[at]), "K %d in parts of %d: %a at %d, %d, not %a", c.steps,
                  c.depth, in_parts[at], row, column, o.output[at]);
        }
}

/* A function each, as kernels are. */
#define PARTS(element, matrix, input, epilogue)                                                              \
    static void parts_of_##element##_by_##matrix(void)                                                       \
    {                                                                                                        \
        enum { ROWS = 3, VECTORS = 2, COLUMNS = VECTORS * VF_LANES, K = 2 * GEMM_CHAIN + 5 };                \
        static const gemm_constants whole = { K, input, COLUMNS + 1, VECTORS, epilogue,                      \
                                              K, 0, element, matrix, COLUMNS, 0, F32, K };                   \
        check_parts(whole, ROWS, COLUMNS - 1);                                                               \
    }

PARTS(F32, F32, K + 3, EPILOGUE_GELU)
PARTS(BF16, BF16, K + 1, EPILOGUE_RESIDUAL)
PARTS(F32, BF16, 2 * K + 1, EPILOGUE_RELU)
PARTS(F32, INT8, 4 * K + 1, EPILOGUE_NONE)

/* Of floats, of bf16, of floats by bf16, of integers, and of floats by integers. Input in one block with columns that are not there, then in blocks of 8 or less. */
#define TILE(rows, vectors, k)                                                                     \
    static void tile_##rows##x##vectors##_##k(void)                                                \
    {                                                                                              \
        enum { COLUMNS = (vectors) * VF_LANES, BLOCK = (k) < MOST_BLOCK ? (k) : MOST_BLOCK };          \
        static const gemm_constants whole = { k, (k) + 3, COLUMNS + 1, vectors, EPILOGUE_GELU,     \
                                              k, 0, F32, F32, COLUMNS, 0, F32, k };                                  \
        static const gemm_constants blocks = { k, BLOCK, COLUMNS, vectors, EPILOGUE_RESIDUAL,      \
                                               BLOCK, (rows) * BLOCK, F32, F32, COLUMNS, 0, F32, k };                \
        static const gemm_constants pairs = { k, (k) + 1, COLUMNS, vectors, EPILOGUE_RESIDUAL,     \
                                              BLOCK, (rows) * BLOCK + 3, BF16, BF16, COLUMNS, 0, F32, k };          \
        static const gemm_constants mixed = { k, 2 * (k) + 1, COLUMNS, vectors, EPILOGUE_RESIDUAL, \
                                              BLOCK, (rows) * (2 * (k) + 1), F32, BF16, COLUMNS, 0, F32, k }; \
        static const gemm_constants bytes = { k, (k) + 1, COLUMNS, vectors, EPILOGUE_RESIDUAL,     \
                                              BLOCK, (rows) * BLOCK + 3, INT8, INT8, COLUMNS, 0, F32, k };    \
        static const gemm_constants steps = { k, 4 * (k) + 1, COLUMNS, vectors, EPILOGUE_RESIDUAL, \
                                              BLOCK, (rows) * (4 * (k) + 1), F32, INT8, COLUMNS, 0, F32, k }; \
        check_tile(whole, rows, COLUMNS - VF_LANES + 1);                                           \
        check_tile(blocks, rows, COLUMNS);                                                         \
        check_tile(pairs, rows, COLUMNS);                                                          \
        check_widened(pairs, rows, COLUMNS);                                                       \
        check_tile(mixed, rows, COLUMNS);                                                          \
        check_tile(bytes, rows, COLUMNS);                                                          \
        check_widened(bytes, rows, COLUMNS);                                                       \
        check_tile(steps, rows, COLUMNS);                                                          \
    }

TILE(1, 4, 3)
TILE(2, 8, 17)
TILE(5, 4, 7)
TILE(8, 2, 96)
TILE(13, 1, 66)
#ifdef ALL_TILES
TILE(1, 1, 1)
TILE(3, 2, 4)
TILE(4, 4, 90)
TILE(6, 4, 33)
TILE(7, 2, 2)
TILE(9, 2, 47)
TILE(10, 2, 29)
#endif

int main(void)
{
    tile_1x4_3();
    tile_2x8_17();
    tile_5x4_7();
    tile_8x2_96();
    tile_13x1_66();
    parts_of_F32_by_F32();
    parts_of_BF16_by_BF16();
    parts_of_F32_by_BF16();
    parts_of_F32_by_INT8();
#ifdef ALL_TILES
    tile_1x1_1();
    tile_3x2_4();
    tile_4x4_90();
    tile_6x4_33();
    tile_7x2_2();
    tile_9x2_47();
    tile_10x2_29();
#endif
    return failures > 0;
}
