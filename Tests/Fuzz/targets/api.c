/* Calls of the C API in any order, decoded from bytes: several models and contexts alive, NULLs and
 * numbers out of range among them. The header says what each call must return, and a run must give
 * the bits of the first run of the same image, whatever batch, threads or rounding mode it has. */
#include "fuzz.h"

#include <fenv.h>
#include <limits.h>

enum {
    MODELS = 3,
    CONTEXTS = 4,
    IMAGES = 4,
    MOST_CALLS = 24,
    MOST_RUNS = 2,     /* of one input: a run takes as long as a thousand other calls */
    MOST_THREADS = 3,  /* of a context that runs */
    GUARD = 16,        /* floats on both sides of an output */
};

typedef struct slot {
    fuzzed_context *context;
    int model, max_batch, threads;
    const fuzzed_resolution *resolution;
} slot;

typedef struct state {
    fuzzed_model *models[MODELS];
    slot contexts[CONTEXTS];
    int runs;
} state;

/* What all inputs share: the weights, and the first run of each image at each resolution. */
static file_bytes weights;
static float *images[FUZZED_RESOLUTIONS][IMAGES];
static float *expected[FUZZED_RESOLUTIONS][IMAGES];

static int index_of(const fuzzed_resolution *resolution)
{
    for (int i = 0; i < FUZZED_RESOLUTIONS; ++i)
        if (fuzzed_resolution_at(i) == resolution)
            return i;
    CHECK(!"a resolution that the library does not list");
    return 0;
}

static float *floats(size_t count)
{
    float *memory = malloc(count * sizeof *memory);
    CHECK(memory != NULL);
    return memory;
}

static void first_runs(const fuzzed_model *model, int index)
{
    const fuzzed_resolution *r = fuzzed_resolution_at(index);
    const fuzzed_options options = { 1, 1, r->height, r->width };
    fuzzed_context *context = NULL;
    uint32_t random = 1;
    CHECK(fuzzed_context_create(model, &options, &context) == FUZZED_OK);
    for (int i = 0; i < IMAGES; ++i) {
        images[index][i] = floats(r->input_floats);
        expected[index][i] = floats(r->output_floats);
        for (size_t at = 0; at < r->input_floats; ++at) {
            random = random * 1664525u + 1013904223u;
            images[index][i][at] = (float)(random >> 8) * 0x1p-23f - 1.0f;
        }
        CHECK(fuzzed_run(context, images[index][i], 1, expected[index][i]) == FUZZED_OK);
    }
    fuzzed_context_destroy(context);
}

/* Starts the threads of OpenMP, which do it once. */
static void first_parallel_run(const fuzzed_model *model)
{
    const fuzzed_options options = { .threads = MOST_THREADS, .max_batch = 1 };
    fuzzed_context *context = NULL;
    CHECK(fuzzed_context_create(model, &options, &context) == FUZZED_OK);
    float *output = floats(FUZZED_OUTPUT_FLOATS);
    CHECK(fuzzed_run(context, images[0][0], 1, output) == FUZZED_OK);
    CHECK(memcmp(output, expected[0][0], FUZZED_OUTPUT_FLOATS * sizeof *output) == 0);
    free(output);
    fuzzed_context_destroy(context);
}

static void prepare(void)
{
    fuzzed_model *model = NULL;
    weights = read_weights();
    CHECK(fuzzed_model_open_memory(weights.bytes, weights.size, &model) == FUZZED_OK);
    for (int i = 0; i < FUZZED_RESOLUTIONS; ++i)
        first_runs(model, i);
    first_parallel_run(model);
    fuzzed_model_close(model);
}

/* ---- Models ---- */

static void destroy(slot *s)
{
    fuzzed_context_destroy(s->context);
    *s = (slot){ .context = NULL };
}

/* Contexts must be gone before their model is. */
static void close_model(state *all, int model)
{
    for (int i = 0; i < CONTEXTS; ++i)
        if (all->contexts[i].context && all->contexts[i].model == model)
            destroy(&all->contexts[i]);
    fuzzed_model_close(all->models[model]);
    all->models[model] = NULL;
}

static void open_memory(state *all, fuzz_bytes *bytes)
{
    const int at = (int)take_index(bytes, MODELS);
    const uint8_t fault = take_byte(bytes);
    fuzzed_model *opened = (fuzzed_model *)(uintptr_t)all;
    fuzzed_status status = FUZZED_OK, wanted = FUZZED_BAD_ARGUMENT;
    if (fault < 16) {
        status = fuzzed_model_open_memory(NULL, weights.size, &opened);
    } else if (fault < 32) {
        status = fuzzed_model_open_memory(weights.bytes, weights.size, NULL);
        opened = NULL;
    } else if (fault < 48) {
        status = fuzzed_model_open_memory(weights.bytes + 1 + fault % 3, weights.size - 4, &opened);
    } else if (fault < 64) {
        wanted = FUZZED_BAD_WEIGHTS;
        status = fuzzed_model_open_memory(weights.bytes, take_index(bytes, 9), &opened);
    } else {
        wanted = FUZZED_OK;
        status = fuzzed_model_open_memory(weights.bytes, weights.size, &opened);
    }
    CHECK(status == wanted);
    CHECK((status == FUZZED_OK) == (opened != NULL));
    close_model(all, at);
    all->models[at] = opened;
}

static void open_file(state *all, fuzz_bytes *bytes)
{
    static const struct {
        const char *path;
        fuzzed_status status;
    } FILES[] = {
        { FUZZED_WEIGHTS, FUZZED_OK },          { NULL, FUZZED_BAD_ARGUMENT },
        { "/dev/null", FUZZED_CANNOT_READ },    { "/", FUZZED_CANNOT_READ },
        { "/no/such/file", FUZZED_CANNOT_READ }, { "", FUZZED_CANNOT_READ },
    };
    const int at = (int)take_index(bytes, MODELS);
    const size_t file = take_index(bytes, sizeof FILES / sizeof *FILES);
    fuzzed_model *opened = (fuzzed_model *)(uintptr_t)all;
    CHECK(fuzzed_model_open(FILES[file].path, NULL) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_model_open(FILES[file].path, &opened) == FILES[file].status);
    CHECK((FILES[file].status == FUZZED_OK) == (opened != NULL));
    close_model(all, at);
    all->models[at] = opened;
}

/* ---- Contexts ---- */

static int take_threads(fuzz_bytes *bytes)
{
    static const int THREADS[] = { 1, 1, 1, 1,  1,    1,  1,       2,
                                   2, 3, 0, -1, 1025, 4, INT_MAX, INT_MIN };
    return TAKE_OF(bytes, THREADS);
}

static int take_batch(fuzz_bytes *bytes)
{
    static const int BATCHES[] = { 1, 2, FUZZED_MAX_BATCH, 0, FUZZED_MAX_BATCH + 1, -1, INT_MAX,
                                   INT_MIN };
    return TAKE_OF(bytes, BATCHES);
}

static fuzzed_options take_options(fuzz_bytes *bytes)
{
    fuzzed_options options = { take_threads(bytes), take_batch(bytes), 0, 0 };
    const uint8_t kind = take_byte(bytes);
    const fuzzed_resolution *r = fuzzed_resolution_at(kind % FUZZED_RESOLUTIONS);
    if (kind >= 80) {
        options.height = r->height;
        options.width = r->width;
    }
    if (kind >= 220)
        options.height = (int)take_number(bytes, kind >= 240 ? 4 : 1);
    if (kind >= 230)
        options.width = (int)take_number(bytes, kind >= 240 ? 4 : 1);
    return options;
}

/* The resolution that the options name; NULL when the library does not hold it. */
static const fuzzed_resolution *named(fuzzed_options options)
{
    if (options.height == 0 && options.width == 0)
        return fuzzed_resolution_at(0);
    for (int i = 0; i < FUZZED_RESOLUTIONS; ++i) {
        const fuzzed_resolution *r = fuzzed_resolution_at(i);
        if (r->height == options.height && r->width == options.width)
            return r;
    }
    return NULL;
}

static int are_good(fuzzed_options options)
{
    return options.threads >= 0 && options.threads <= 1024 && options.max_batch >= 0
           && options.max_batch <= FUZZED_MAX_BATCH;
}

static void check_context(const slot *s, fuzzed_options options)
{
    CHECK(fuzzed_context_resolution(s->context) == s->resolution);
    CHECK(fuzzed_context_bytes(s->context) > 0);
    CHECK(s->threads >= 1 && s->threads <= 1024);
    CHECK(options.threads == 0 || options.threads == s->threads);
}

static void create(state *all, fuzz_bytes *bytes)
{
    slot *s = &all->contexts[take_index(bytes, CONTEXTS)];
    const int model = (int)take_index(bytes, MODELS);
    const fuzzed_options given = take_options(bytes);
    const uint8_t kind = take_byte(bytes);
    const fuzzed_options options = kind < 16 ? (fuzzed_options){ 0 } : given;
    fuzzed_context *made = (fuzzed_context *)(uintptr_t)all;
    CHECK(fuzzed_context_create(all->models[model], &options, NULL) == FUZZED_BAD_ARGUMENT);
    const fuzzed_status status =
        fuzzed_context_create(all->models[model], kind < 16 ? NULL : &options, &made);
    const fuzzed_resolution *resolution = named(options);
    CHECK((status == FUZZED_OK) == (made != NULL));
    if (!all->models[model] || !are_good(options))
        CHECK(status == FUZZED_BAD_ARGUMENT || (!resolution && status == FUZZED_OTHER_RESOLUTION));
    else
        CHECK(status == (resolution ? FUZZED_OK : FUZZED_OTHER_RESOLUTION));
    destroy(s);
    if (!made)
        return;
    *s = (slot){ made, model, options.max_batch ? options.max_batch : FUZZED_MAX_BATCH,
                 fuzzed_context_threads(made), resolution };
    check_context(s, options);
}

/* ---- Runs ---- */

/* A batch and where its outputs go: one buffer with guards, in the order of the outputs. */
typedef struct call {
    int chosen[FUZZED_MAX_BATCH], batch;
    float *input, *memory, *output;
    size_t output_floats;
} call;

static call take_call(fuzz_bytes *bytes, const fuzzed_resolution *r, int batch)
{
    const int index = index_of(r);
    call c = { .batch = batch, .output_floats = r->output_floats * (size_t)batch };
    c.input = floats(r->input_floats * (size_t)batch);
    c.memory = floats(c.output_floats + 2 * GUARD);
    c.output = c.memory + GUARD;
    memset(c.memory, 0x5a, (c.output_floats + 2 * GUARD) * sizeof *c.memory);
    for (int i = 0; i < batch; ++i) {
        c.chosen[i] = (int)take_index(bytes, IMAGES);
        memcpy(c.input + (size_t)i * r->input_floats, images[index][c.chosen[i]],
               r->input_floats * sizeof *c.input);
    }
    return c;
}

static int is_untouched(const float *from, const float *to)
{
    for (const uint8_t *byte = (const uint8_t *)from; byte < (const uint8_t *)to; ++byte)
        if (*byte != 0x5a)
            return 0;
    return 1;
}

static void check_results(const call *c, const fuzzed_resolution *r)
{
    const int index = index_of(r);
    for (int o = 0; o < FUZZED_OUTPUTS; ++o) {
        const fuzzed_output *output = &r->outputs[o];
        const float *start = c->output + (size_t)c->batch * output->offset;
        for (int i = 0; i < c->batch; ++i)
            CHECK(memcmp(start + (size_t)i * output->floats,
                         expected[index][c->chosen[i]] + output->offset,
                         output->floats * sizeof(float)) == 0);
    }
}

static void end_call(const call *c)
{
    CHECK(is_untouched(c->memory, c->output));
    CHECK(is_untouched(c->output + c->output_floats, c->output + c->output_floats + GUARD));
    free(c->memory);
    free(c->input);
}

static fuzzed_status run_apart(const slot *s, const call *c)
{
    float *outputs[FUZZED_OUTPUTS];
    for (int o = 0; o < FUZZED_OUTPUTS; ++o)
        outputs[o] = c->output + (size_t)c->batch * s->resolution->outputs[o].offset;
    return fuzzed_run_outputs(s->context, c->input, c->batch, outputs);
}

/* The caller's rounding mode and flags are its own: they change nothing and are not changed. */
static void run_well(const slot *s, const call *c, uint8_t kind)
{
    static const int MODES[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    fesetround(MODES[kind / 2 % 4]);
    feclearexcept(FE_ALL_EXCEPT);
    feraiseexcept(kind & 8 ? FE_OVERFLOW : 0);
    const int flags = fetestexcept(FE_ALL_EXCEPT);
    const fuzzed_status status =
        kind & 1 ? fuzzed_run(s->context, c->input, c->batch, c->output) : run_apart(s, c);
    CHECK(fegetround() == MODES[kind / 2 % 4] && fetestexcept(FE_ALL_EXCEPT) == flags);
    fesetround(FE_TONEAREST);
    CHECK(status == FUZZED_OK);
    check_results(c, s->resolution);
}

/* One fault, and then nothing is written. */
static void run_badly(const slot *s, const call *c, uint8_t kind)
{
    static const int BATCHES[] = { 0, -1, INT_MIN, INT_MAX, FUZZED_MAX_BATCH + 1 };
    float *outputs[FUZZED_OUTPUTS];
    const int batch = BATCHES[kind % 5];
    const size_t missing = kind % FUZZED_OUTPUTS;
    for (size_t o = 0; o < FUZZED_OUTPUTS; ++o)
        outputs[o] = o == missing ? NULL : c->output;
    CHECK(fuzzed_run(s->context, NULL, c->batch, c->output) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run(s->context, c->input, c->batch, NULL) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run(s->context, c->input, batch, c->output) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run(s->context, c->input, s->max_batch + 1, c->output) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run(NULL, c->input, c->batch, c->output) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run_outputs(s->context, c->input, c->batch, NULL) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run_outputs(s->context, c->input, c->batch, outputs) == FUZZED_BAD_ARGUMENT);
    CHECK(fuzzed_run_outputs(NULL, c->input, c->batch, outputs) == FUZZED_BAD_ARGUMENT);
    CHECK(is_untouched(c->output, c->output + c->output_floats));
}

static void run(state *all, fuzz_bytes *bytes)
{
    const slot *s = &all->contexts[take_index(bytes, CONTEXTS)];
    const uint8_t kind = take_byte(bytes);
    const int batch = 1 + (int)take_index(bytes, FUZZED_MAX_BATCH);
    const int is_good = s->context && kind < 224 && s->threads <= MOST_THREADS;
    const int is_slow = is_good && s->threads > 1 && kind >= 48; /* threads wait for each other */
    if (is_slow || (is_good && all->runs >= MOST_RUNS))
        return;
    all->runs += is_good;
    const fuzzed_resolution *r = s->context ? s->resolution : fuzzed_resolution_at(0);
    const call c = take_call(bytes, r, s->context && batch > s->max_batch ? s->max_batch : batch);
    if (is_good)
        run_well(s, &c, kind);
    else
        run_badly(s, &c, kind);
    end_call(&c);
}

/* ---- Queries ---- */

static void query(const state *all, fuzz_bytes *bytes)
{
    const slot *s = &all->contexts[take_index(bytes, CONTEXTS)];
    const fuzzed_model *model = all->models[take_index(bytes, MODELS)];
    const int number = (int)take_number(bytes, 4);
    const char *isa = fuzzed_model_isa(model);
    CHECK((isa != NULL) == (model != NULL) && (!isa || strcmp(isa, "generic") == 0));
    CHECK((fuzzed_resolution_at(number) != NULL) == (number >= 0 && number < FUZZED_RESOLUTIONS));
    CHECK(strlen(fuzzed_status_text((fuzzed_status)number)) > 1);
    CHECK(fuzzed_context_threads(s->context) == (s->context ? s->threads : 0));
    CHECK((fuzzed_context_bytes(s->context) > 0) == (s->context != NULL));
    CHECK(fuzzed_context_resolution(s->context) == (s->context ? s->resolution : NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!weights.bytes)
        prepare();
    state all = { .runs = 0 };
    fuzz_bytes bytes = { data, data + size };
    for (int calls = 0; bytes_left(&bytes) && calls < MOST_CALLS; ++calls)
        switch (take_index(&bytes, 8)) {
        case 0: open_memory(&all, &bytes); break;
        case 1: open_file(&all, &bytes); break;
        case 2: case 3: create(&all, &bytes); break;
        case 4: case 5: run(&all, &bytes); break;
        case 6: destroy(&all.contexts[take_index(&bytes, CONTEXTS)]); break;
        default:
            if (take_byte(&bytes) < 200)
                query(&all, &bytes);
            else
                close_model(&all, (int)take_index(&bytes, MODELS));
        }
    for (int model = 0; model < MODELS; ++model)
        close_model(&all, model);
    return 0;
}
