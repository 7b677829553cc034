/* One matrix product by OpenBLAS: M x K tokens by K x N weights, single precision.
 *
 *     openblas M K N SECONDS
 *
 * prints the median of its times in milliseconds. Every call has other weights, a hundred megabytes
 * in all, since a forward pass does not find them in its caches either. */
#define _POSIX_C_SOURCE 200809L
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { POOL_FLOATS = 27 << 20, MOST_CALLS = 20000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *make_floats(size_t count)
{
    float *floats = malloc(count * sizeof *floats);
    if (!floats) {
        fputs("openblas: no memory\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < count; ++i)
        floats[i] = (float)(i % 251) / 251 - 0.5f;
    return floats;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int count, char **arguments)
{
    if (count != 5) {
        fputs("usage: openblas M K N SECONDS\n", stderr);
        return 64;
    }
    const int m = atoi(arguments[1]), k = atoi(arguments[2]), n = atoi(arguments[3]);
    const size_t weights = (size_t)k * n, places = POOL_FLOATS / weights;
    const float *pool = make_floats(POOL_FLOATS), *tokens = make_floats((size_t)m * k);
    float *output = make_floats((size_t)m * n);
    static double times[MOST_CALLS];
    int calls = 0;
    for (const double end = now() + atof(arguments[4]); now() < end && calls < MOST_CALLS; ++calls) {
        const double start = now();
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, tokens, k,
                    pool + calls % places * weights, n, 0, output, n);
        times[calls] = 1e3 * (now() - start);
    }
    qsort(times, (size_t)calls, sizeof *times, compare);
    printf("%.6f\n", times[calls / 2]);
    return 0;
}
