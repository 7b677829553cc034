/* A part of a library that is called net: runs it and shows what each step reads and writes. */
#include "internal.h"

#include <string.h>

/* Called before each step and after it; it may change what a step wrote before the next one reads it. */
typedef void observer(void *user, int step, int is_done, const void *const *in, void *const *out);

int net_observe(net_context *context, const float *input, float *output, observer *function, void *user);

static struct {
    observer *function;
    void *user;
    const step *steps;
    int next;
} observation;

/* In the place of each step's kernel. */
static void observe_step(const kernel_call *call)
{
    const int index = observation.next++;
    observation.function(observation.user, index, 0, call->in, call->out);
    observation.steps[index].kernel(call);
    observation.function(observation.user, index, 1, call->in, call->out);
}

/* One image on a context of one thread. */
__attribute__((visibility("default"))) int net_observe(net_context *context, const float *input, float *output,
                                                       observer *function, void *user)
{
    static step steps[NET_MOST_STEPS];
    const network_pass *own = context->pass.network;
    network_pass observed = *own;
    memcpy(steps, own->steps, (size_t)own->step_count * sizeof *steps);
    for (int i = 0; i < own->step_count; ++i)
        steps[i].kernel = observe_step;
    observed.steps = steps;
    observation.function = function;
    observation.user = user;
    observation.steps = own->steps;
    observation.next = 0;
    context->pass.network = &observed;
    const net_status status = net_run(context, input, 1, output);
    context->pass.network = own;
    return (int)status;
}
