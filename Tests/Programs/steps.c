/* Single steps between raw outputs and results, for tests that load them. */
#include "simd_generic.h"
#include "suppression.h"

enum { MOST = 1000 };

/* One image on one thread. `frame` may be NULL. */
void run_kernel(kernel_function *kernel, const float *const *inputs, const float *weights, float *output,
                void *scratch, const image_frame *frame)
{
    kernel_call call = { .out = { output }, .weights = { weights }, .ahead = weights, .scratch = scratch,
                         .images = 1, .frames = frame, .threads = 1 };
    for (int i = 0; i < KERNEL_INPUTS; ++i)
        call.in[i] = inputs[i];
    kernel(&call);
}

/* Boxes and deltas have four values each, deviations four in all. */
void decode_boxes(const float *boxes, const float *deltas, const float *deviations, int count, int height,
                  int width, float *output)
{
    for (int i = 0; i < count; ++i, boxes += 4, deltas += 4, output += 4) {
        float scaled[4];
        for (int j = 0; j < 4; ++j)
            scaled[j] = deltas[j] * deviations[j];
        store_box(output, decode_box((box){ boxes[0], boxes[1], boxes[2], boxes[3] }, scaled, height, width));
    }
}

/* Which of at most MOST boxes stay, by falling score; how many. */
int suppress_boxes(const float *boxes, const float *scores, const int *groups, int count, float overlap,
                   int most, int *result)
{
    static float memory[KEPT_FLOATS(MOST)];
    static int heap[MOST];
    float largest = 0.0f;
    for (int i = 0; i < 4 * count; ++i)
        largest = larger(largest, boxes[i]);
    kept_boxes kept = make_kept_boxes(memory, most, overlap);
    ranking order = rank_items(scores, count, heap);
    for (; order.count > 0 && kept.count < most; drop_best(&order)) {
        const int best = order.heap[0];
        const float *b = boxes + 4 * best;
        if (keep_box(&kept, moved_box((box){ b[0], b[1], b[2], b[3] }, groups[best], largest + 1.0f)))
            result[kept.count - 1] = best;
    }
    return kept.count;
}
