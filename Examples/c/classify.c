/* The smallest program on a generated library: which class is a picture of random noise?
 *
 *   hilo generate --model litv2-s --seed 1 --output litv2_s && hilo build litv2_s
 *   cc -Ilitv2_s/include classify.c -Llitv2_s/build -llitv2_s -Wl,-rpath,litv2_s/build -o classify
 *   ./classify litv2_s/weights/litv2_s.safetensors */
#include <litv2_s.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    litv2_s_model *model;
    litv2_s_context *context;
    litv2_s_status status = litv2_s_model_open(argc > 1 ? argv[1] : "", &model);
    if (status == LITV2_S_OK && !(status = litv2_s_context_create(model, NULL, &context))) {
        static unsigned char rgb[256 * 256 * 3];
        static float input[LITV2_S_INPUT_FLOATS], logits[LITV2_S_OUTPUT_FLOATS];
        for (size_t i = 0; i < sizeof rgb; ++i)
            rgb[i] = (unsigned char)rand();
        litv2_s_preprocess(rgb, 256, 256, 256 * 3, LITV2_S_RECIPE_DEFAULT, LITV2_S_HEIGHT,
                           LITV2_S_WIDTH, input);
        status = litv2_s_run(context, input, 1, logits);
        int best = 0;
        for (int i = 1; i < LITV2_S_OUTPUT_FLOATS; ++i)
            best = logits[i] > logits[best] ? i : best;
        printf("class %d, logit %.3f\n", best, logits[best]);
        litv2_s_context_destroy(context);
        litv2_s_model_close(model);
    }
    fprintf(stderr, "%s\n", litv2_s_status_text(status));
    return status != LITV2_S_OK;
}
