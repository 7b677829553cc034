/* What the examples beside this file build: one run of the library `tiny`, with the weights that WEIGHTS names
 * or the first argument. */
#include <tiny.h>

#include <stdio.h>

static float input[TINY_INPUT_FLOATS], output[TINY_OUTPUT_FLOATS];

int main(int argc, char **argv)
{
    tiny_model *model;
    tiny_context *context = NULL;
    tiny_status status = tiny_model_open(argc > 1 ? argv[1] : WEIGHTS, &model);
    if (status == TINY_OK)
        status = tiny_context_create(model, NULL, &context);
    if (status == TINY_OK)
        status = tiny_run(context, input, 1, output);
    if (status == TINY_OK)
        printf("%d floats by %s, the first is %g\n", TINY_OUTPUT_FLOATS, tiny_model_isa(model), output[0]);
    else
        fprintf(stderr, "%s\n", tiny_status_text(status));
    tiny_context_destroy(context);
    tiny_model_close(model);
    return status != TINY_OK;
}
