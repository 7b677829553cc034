/* e^x and GELU over the whole range of floats against double precision. FUSED says whether a multiply-add
 * rounds once.
 *
 * Prints a digest of all results, which must be equal where the operations are. */
#include "check.h"

#include <math.h>

/* Every so many floats; a multiple of neither lanes nor blocks. */
enum { STRIDE = 1009, BLOCK = 4 };

static uint64_t digest = 14695981039346656037u; /* FNV-1a, word by word */

static void add_to_digest(float y) { digest = (digest ^ bits_of(y)) * 1099511628211u; }

static double error_of_exp(float x, float y)
{
    const double exact = exp(x);
    /* What is not a normal float may be 0. */
    return exact < 0x1p-126 * (1 + 1e-6) && y >= 0 && y <= 0x1p-126f ? 0 : fabs(y - exact) / exact;
}

static double error_of_gelu(float x, float y)
{
    const double exact = 0.5 * x * erfc(-x * 0.70710678118654752);
    return fabs(y - exact) / fmax(fabs(x), 0x1p-126);
}

/* A little above the largest errors, found by trying all floats. */
#define EXP_BOUND 9e-8
#define GELU_BOUND (FUSED ? 2.3e-7 : 2.7e-7)

typedef struct curve {
    const char *name;
    void (*compute)(vf x[BLOCK]);
    double (*error)(float x, float y);
    double bound;
    float first, last; /* by growing size */
} curve;

static void compute_exp(vf x[BLOCK]) { vf_exp_each(x, BLOCK); }
static void compute_gelu(vf x[BLOCK]) { vf_gelu_each(x, BLOCK); }

static const curve CURVES[] = {
    { "e^x", compute_exp, error_of_exp, EXP_BOUND, -0.0f, -1000.0f },
    { "GELU", compute_gelu, error_of_gelu, GELU_BOUND, 0.0f, 0x1.fffffep127f },
    { "GELU", compute_gelu, error_of_gelu, GELU_BOUND, -0.0f, -0x1.fffffep127f },
};

static void check_block(curve c, const vf x[BLOCK], int count)
{
    vf y[BLOCK];
    memcpy(y, x, sizeof y);
    c.compute(y);
    for (int i = 0; i < count; ++i) {
        const float from = x[i / VF_LANES][i % VF_LANES], to = y[i / VF_LANES][i % VF_LANES];
        const double error = c.error(from, to);
        CHECK(error <= c.bound, "%s of %a is %a: error %g", c.name, from, to, error);
        add_to_digest(to);
    }
}

static void check_curve(curve c)
{
    vf x[BLOCK] = { 0 };
    int filled = 0;
    const uint32_t last = bits_of(c.last);
    for (uint32_t bits = bits_of(c.first); bits <= last; bits += STRIDE) {
        x[filled / VF_LANES][filled % VF_LANES] = float_of(bits);
        if (++filled == BLOCK * VF_LANES || bits > last - STRIDE) {
            check_block(c, x, filled);
            filled = 0;
        }
    }
}

static void check_limits(void)
{
    static const uint32_t nans[] = { 0x7fc00000, 0xffc00000, 0x7fc00001, 0x7fd5a3c9, 0xffffffff };
    for (size_t i = 0; i < sizeof nans / sizeof *nans; ++i) {
        vf x[2] = { vf_set(float_of(nans[i])), vf_set(float_of(nans[i])) };
        vf_exp_each(x, 1);
        vf_gelu_each(x + 1, 1);
        CHECK(isnan(x[0][0]), "e^x of the NaN %08x: %a", nans[i], x[0][0]);
        CHECK(isnan(x[1][0]), "GELU of the NaN %08x: %a", nans[i], x[1][0]);
    }
    vf x[3] = { vf_set(-INFINITY), vf_set(-INFINITY), vf_set(INFINITY) };
    vf_exp_each(x, 1);
    vf_gelu_each(x + 1, 2);
    CHECK(x[0][0] >= 0.0f && x[0][0] < 0x1p-126f, "e^-infinity: %a", x[0][0]);
    CHECK(x[1][0] == 0.0f, "GELU of -infinity: %a", x[1][0]);
    CHECK(x[2][0] == INFINITY, "GELU of infinity: %a", x[2][0]);
}

int main(void)
{
    for (size_t i = 0; i < sizeof CURVES / sizeof *CURVES; ++i)
        check_curve(CURVES[i]);
    check_limits();
    printf("%016llx\n", (unsigned long long)digest);
    return failures > 0;
}
