/* Every function of simd_isa.h and the small ones of simd.h, lane by lane.
 *
 * FUSED says whether a multiply-add rounds once. */
#include "check.h"

#include "float_state.h"

#include <math.h>

static const uint32_t SPECIAL[] = {
    0xff800000, 0xff7fffff, 0xbf800000, 0x80800000, 0x80000001, 0x80000000, 0x00000000, 0x00000001,
    0x00800000, 0x3f800000, 0x3f800001, 0x7f7fffff, 0x7f800000, 0x7fc00000, 0xffc00000, 0x7fd5a3c9,
};
enum { SPECIALS = sizeof SPECIAL / sizeof *SPECIAL };

static float lane(vf v, int i) { return v[i]; }

/* A vector with a number of its own in each lane. */
static vf counted(float first)
{
    vf v;
    for (int i = 0; i < VF_LANES; ++i)
        v[i] = first + (float)i;
    return v;
}

static vf random_vector(random_source *source)
{
    vf v;
    for (int i = 0; i < VF_LANES; ++i)
        v[i] = random_float(source);
    return v;
}

static void check_larger_and_smaller(void)
{
    for (int i = 0; i < SPECIALS; ++i)
        for (int j = 0; j < SPECIALS; ++j) {
            const float a = float_of(SPECIAL[i]), b = float_of(SPECIAL[j]);
            const float larger = lane(vf_max(vf_set(a), vf_set(b)), j % VF_LANES);
            const float smaller = lane(vf_min(vf_set(a), vf_set(b)), j % VF_LANES);
            CHECK(same_bits(larger, b > a ? b : a), "max of %a and %a: %a", a, b, larger);
            CHECK(same_bits(smaller, b < a ? b : a), "min of %a and %a: %a", a, b, smaller);
        }
}

static void check_arithmetic(void)
{
    random_source source = random_from(1);
    for (int round = 0; round < 100000; ++round) {
        const vf a = random_vector(&source), b = random_vector(&source), c = random_vector(&source);
        const vf sum = vf_fma(a, b, c), quotient = vf_quotient(a, b);
        const vf chosen = vf_select(a < b, a, c);
        for (int i = 0; i < VF_LANES; ++i) {
            const float product = a[i] * b[i];
            const float expected = FUSED ? fmaf(a[i], b[i], c[i]) : product + c[i];
            CHECK(same_bits(sum[i], expected), "%a * %a + %a: %a", a[i], b[i], c[i], sum[i]);
            const double exact = (double)a[i] / b[i];
            CHECK(b[i] == 0 || fabs(quotient[i] - exact) <= 0x1p-23 * fabs(exact), "%a / %a: %a", a[i],
                  b[i], quotient[i]); /* 0 is nobody's divisor */
            CHECK(same_bits(chosen[i], a[i] < b[i] ? a[i] : c[i]), "select: %a", chosen[i]);
        }
#ifdef VF_FMA_LANES
        UNROLL for (int l = 0; l < VF_FMA_LANES; ++l) {
            const vf by_lane = vf_fma_lane(a, l, b, c);
            for (int i = 0; i < VF_LANES; ++i)
                CHECK(same_bits(by_lane[i], fmaf(a[l], b[i], c[i])), "lane %d: %a", l, by_lane[i]);
        }
#endif
    }
}

static void check_scale(void)
{
    random_source source = random_from(2);
    for (int n = -1000; n <= 0; ++n) {
        const float a = 1.0f + 0.4f * fabsf(random_float(&source)) / 4.3f;
        const float scaled = lane(vf_scale(vf_set(a), vf_set((float)n)), -n % VF_LANES);
        if (n >= -126)
            CHECK(same_bits(scaled, ldexpf(a, n)), "%a 2^%d: %a", a, n, scaled);
        else
            CHECK(scaled >= 0.0f && scaled < 0x1p-126f, "%a 2^%d: %a", a, n, scaled);
    }
    for (int i = 0; i < SPECIALS; ++i) {
        const float x = float_of(SPECIAL[i]);
        const float scaled = lane(vf_scale(vf_set(x), vf_set(x)), i % VF_LANES);
        CHECK(!isnan(x) || isnan(scaled), "%08x as factor and exponent: %a", SPECIAL[i], scaled);
    }
}

static void check_across_lanes(void)
{
    random_source source = random_from(3);
    for (int round = 0; round < 10000; ++round) {
        const vf v = random_vector(&source);
        double sum = 0, size = 0;
        float largest = v[0];
        for (int i = 0; i < VF_LANES; ++i) {
            sum += v[i];
            size += fabs(v[i]);
            largest = v[i] > largest ? v[i] : largest;
        }
        CHECK(fabs(vf_sum(v) - sum) <= 4 * 0x1p-24 * size, "sum %a, not %a", vf_sum(v), sum);
        CHECK(same_bits(vf_largest(v), largest), "largest %a, not %a", vf_largest(v), largest);
    }
    CHECK(vf_largest(vf_set(-INFINITY)) == -INFINITY, "largest of -infinity");
}

static void check_order(void)
{
    vf low, high, rows[VF_LANES];
    vf_interleave(counted(0.0f), counted(100.0f), &low, &high);
    for (int i = 0; i < VF_LANES; ++i) {
        const float even = (float)(i % 2 * 100 + i / 2);
        CHECK(low[i] == even, "low[%d] is %g", i, low[i]);
        CHECK(high[i] == even + VF_LANES / 2, "high[%d] is %g", i, high[i]);
        rows[i] = counted((float)(100 * i));
    }
    vf_transpose(rows);
    for (int i = 0; i < VF_LANES; ++i)
        for (int j = 0; j < VF_LANES; ++j)
            CHECK(rows[i][j] == (float)(100 * j + i), "transposed %d, %d: %g", i, j, rows[i][j]);
}

INLINE void check_first(int n)
{
    for (int at_end = 0; at_end < 2; ++at_end) {
        float *p = fenced((size_t)n, at_end);
        vf_store_upto(p, counted(1.0f), n);
        const vf loaded = vf_load_upto(p, n), kept = vf_keep_first(counted(1.0f), n);
        for (int i = 0; i < VF_LANES; ++i) {
            const float expected = i < n ? (float)(1 + i) : 0.0f;
            CHECK(same_bits(loaded[i], expected), "lane %d of the first %d: %a", i, n, loaded[i]);
            CHECK(same_bits(kept[i], expected), "lane %d of %d kept: %a", i, n, kept[i]);
        }
    }
    float around[VF_LANES + 2];
    for (int i = 0; i < VF_LANES + 2; ++i)
        around[i] = -1.0f;
    vf_store_upto(around + 1, counted(1.0f), n);
    for (int i = 0; i < VF_LANES + 2; ++i)
        CHECK(around[i] == (i < 1 || i > n ? -1.0f : (float)i), "%d stored, %d: %g", n, i, around[i]);
}

static __attribute__((noinline)) void check_any_first(int n) { check_first(n); }

/* As the kernels have it, with constants; and with variables. */
static void check_all_first(void)
{
#define FIRST(n)                                                                                   \
    if (n <= VF_LANES)                                                                             \
        check_first(n);
    FIRST(1) FIRST(2) FIRST(3) FIRST(4) FIRST(5) FIRST(6) FIRST(7) FIRST(8)
    FIRST(9) FIRST(10) FIRST(11) FIRST(12) FIRST(13) FIRST(14) FIRST(15) FIRST(16)
#undef FIRST
    for (int n = 1; n <= VF_LANES; ++n)
        check_any_first(n);
}

/* A bf16 as a number; infinity is where the next one would be. */
static double number_of(uint32_t bits)
{
    const double sign = bits >> 31 ? -1 : 1;
    return (bits & 0x7fffffffu) >= 0x7f800000u ? sign * 0x1p128 : (double)float_of(bits);
}

/* By distances, as the definition of rounding has it. */
static uint16_t nearest_bf16(float x)
{
    const uint32_t below = bits_of(x) & 0xffff0000u, above = below + 0x10000u;
    if (x != x)
        return (uint16_t)(below >> 16 | 0x40u);
    if (fabsf(x) < 0x1p-126f)
        return (uint16_t)(below >> 16 & 0x8000u);
    if (isinf(x))
        return (uint16_t)(below >> 16);
    const double down = fabs(x - number_of(below)), up = fabs(x - number_of(above));
    const int is_even = (below >> 16 & 1u) == 0;
    return (uint16_t)((down < up || (down == up && is_even) ? below : above) >> 16);
}

/* As in a forward pass, where denormals are zero. */
static void round_to_bf16(bf16 *p, float x)
{
    const float_state saved = enter_float_state();
    vf_put(p, BF16, vf_set(x), VF_LANES);
    leave_float_state(saved);
}

/* Every upper half of a float, and lower halves at, before and behind those where rounding changes. */
static void check_rounding_to_bf16(void)
{
    static const uint32_t LOWER[] = { 0, 1, 0x7fff, 0x8000, 0x8001, 0xffff };
    for (uint32_t upper = 0; upper < 0x10000u; ++upper)
        for (size_t i = 0; i < sizeof LOWER / sizeof *LOWER; ++i) {
            const float x = float_of(upper << 16 | LOWER[i]);
            bf16 found[VF_LANES];
            round_to_bf16(found, x);
            const uint16_t expected = nearest_bf16(x);
            CHECK(found[(upper + i) % VF_LANES] == expected, "%a as bf16: %04x, not %04x", x,
                  found[(upper + i) % VF_LANES], expected);
        }
}

/* No byte beyond the last element is touched or read. */
static void check_bf16_in_memory(void)
{
    for (int n = 1; n <= VF_LANES + 1; ++n) {
        const int count = n < VF_LANES ? n : VF_LANES;
        bf16 *p = (bf16 *)(fenced((size_t)(count + 1) / 2, 1)) + count % 2;
        vf_put(p, BF16, counted(1.0f), n);
        const vf found = vf_get(p, BF16, n);
        for (int i = 0; i < VF_LANES; ++i)
            CHECK(found[i] == (i < count ? 1.0f + (float)i : 0.0f), "%d of %d bf16: %a", i, n, found[i]);
    }
    const vf pair = vf_set(float_of(0x3f804000u));
    CHECK(vf_first_bf16(pair)[0] == 2.0f && vf_second_bf16(pair)[0] == 1.0f, "the bf16 of a word");
}

/* Every byte at every place, with others beside it. */
static void check_signed_bytes(void)
{
    for (uint32_t byte = 0; byte < 4; ++byte)
        for (uint32_t value = 0; value < 0x100u; ++value) {
            const uint32_t others = 0x80ff7f81u & ~(0xffu << 8 * byte);
            const vf words = vf_set(float_of(others | value << 8 * byte));
            const vf found = vf_signed_byte(words, (int)byte);
            CHECK(found[value % VF_LANES] == (float)(int8_t)value, "byte %u, %02x: %a", byte, value,
                  found[value % VF_LANES]);
        }
}

int main(void)
{
    check_larger_and_smaller();
    check_arithmetic();
    check_scale();
    check_across_lanes();
    check_order();
    check_all_first();
    check_rounding_to_bf16();
    check_bf16_in_memory();
    check_signed_bytes();
    return failures > 0;
}
