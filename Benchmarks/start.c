/* The smallest user of a library: opens the weights, computes one input, and prints when (seconds of
 * CLOCK_MONOTONIC) the result was there, so that its caller can count from before the process began. */
#define _POSIX_C_SOURCE 200809L
#include <model.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void check(model_status status)
{
    if (status != MODEL_OK) {
        fprintf(stderr, "start: %s\n", model_status_text(status));
        exit(1);
    }
}

int main(int count, char **arguments)
{
    static float input[MODEL_INPUT_FLOATS], output[MODEL_OUTPUT_FLOATS];
    if (count != 3) {
        fputs("usage: start WEIGHTS THREADS\n", stderr);
        return 64;
    }
    for (int i = 0; i < MODEL_INPUT_FLOATS; ++i)
        input[i] = (float)(i % 255) / 128 - 1;

    model_model *model;
    model_context *context;
    const model_options options = { .threads = atoi(arguments[2]), .max_batch = 1 };
    check(model_model_open(arguments[1], &model));
    check(model_context_create(model, &options, &context));
    check(model_run(context, input, 1, output));

    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    printf("%.6f %g\n", (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, (double)output[0]);
    model_context_destroy(context);
    model_model_close(model);
    return 0;
}
