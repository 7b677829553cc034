/* Opens weights from memory: the packed file with changes in its header, its size and its alignment,
 * or any bytes at all. What may be opened is decided here once more, from the format's description. */
#include "fuzz.h"

enum {
    MOST_CHANGES = 8,
    SHIFTS = 16,   /* of the address: alignment is 4 */
    LONGER = 64,   /* bytes that may follow the file */
    NEAR = 192,    /* the header's beginning, where most changes fall */
};

static const char START[] = "{\"__metadata__\":{\"fingerprint\":\"" FUZZED_FINGERPRINT "\"";

typedef struct change {
    size_t place;
    uint8_t before;
} change;

static uint64_t header_length(const uint8_t *file)
{
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
        length = length << 8 | file[i];
    return length;
}

/* Whether the bytes are what the library's own packer writes, as far as opening looks. */
static int may_be_opened(const uint8_t *file, size_t size, size_t weight_bytes)
{
    if (size < 8 + sizeof START || (uintptr_t)file % sizeof(float) != 0)
        return 0;
    const uint64_t length = header_length(file);
    return length >= sizeof START && length <= size - 8
           && memcmp(file + 8, START, sizeof START - 1) == 0
           && size - 8 - (size_t)length == weight_bytes
           && ((uintptr_t)file + (size_t)length) % sizeof(float) == 0;
}

/* The kernels must find all weights within the bytes, wherever the header ends. */
static void run_once(const fuzzed_model *model)
{
    static float input[FUZZED_INPUT_FLOATS], output[FUZZED_OUTPUT_FLOATS];
    const fuzzed_options options = { .threads = 1, .max_batch = 1 };
    fuzzed_context *context = NULL;
    CHECK(fuzzed_context_create(model, &options, &context) == FUZZED_OK);
    CHECK(fuzzed_run(context, input, 1, output) == FUZZED_OK);
    fuzzed_context_destroy(context);
}

static void open_and_judge(const uint8_t *file, size_t size, size_t weight_bytes, int runs)
{
    fuzzed_model *model = (fuzzed_model *)(uintptr_t)&model;
    const fuzzed_status status = fuzzed_model_open_memory(file, size, &model);
    CHECK((status == FUZZED_OK) == (model != NULL));
    CHECK((status == FUZZED_OK) == may_be_opened(file, size, weight_bytes));
    CHECK(status == FUZZED_OK || status == FUZZED_BAD_ARGUMENT || status == FUZZED_BAD_WEIGHTS
          || status == FUZZED_OTHER_WEIGHTS);
    CHECK((status == FUZZED_BAD_ARGUMENT) == ((uintptr_t)file % sizeof(float) != 0));
    if (status == FUZZED_OK && runs)
        run_once(model);
    fuzzed_model_close(model);
}

/* Any bytes, in an allocation that ends with them. */
static void open_bytes(fuzz_bytes *bytes, size_t weight_bytes)
{
    const size_t shift = take_index(bytes, SHIFTS), size = bytes_left(bytes);
    uint8_t *memory = malloc(shift + size + 1);
    CHECK(memory != NULL);
    memcpy(memory + shift, bytes->next, size);
    ASAN_POISON_MEMORY_REGION(memory + shift + size, 1);
    open_and_judge(memory + shift, size, weight_bytes, 0);
    ASAN_UNPOISON_MEMORY_REGION(memory + shift + size, 1);
    free(memory);
}

/* Sizes around every boundary of the format. */
static size_t take_size(fuzz_bytes *bytes, size_t size, size_t header)
{
    const size_t around[] = { size, 0, 8, 8 + header, sizeof START + 8, 16 };
    const uint8_t kind = take_byte(bytes);
    if (kind < 128)
        return size;
    if (kind < 160)
        return take_index(bytes, size + LONGER);
    const size_t wanted = TAKE_OF(bytes, around) + take_index(bytes, 17);
    return wanted < 8 ? 0 : wanted - 8;
}

/* Lengths that wrap, and lengths beside the true one. */
static uint64_t take_length(fuzz_bytes *bytes, uint64_t header, size_t size)
{
    const uint64_t around[] = { header, 0, size - 8, size, UINT64_MAX, UINT64_MAX - 8, 1ull << 63,
                                UINT32_MAX };
    return TAKE_OF(bytes, around) + take_index(bytes, 17) - 8;
}

static void put_length(uint8_t *file, uint64_t length)
{
    for (int i = 0; i < 8; ++i)
        file[i] = (uint8_t)(length >> (8 * i));
}

static int change_header(fuzz_bytes *bytes, uint8_t *file, size_t header, change *changes)
{
    const int count = (int)take_index(bytes, MOST_CHANGES + 1);
    for (int i = 0; i < count; ++i) {
        const size_t reach = take_byte(bytes) < 192 ? NEAR : header + 8;
        const size_t place = take_index(bytes, reach < header + 8 ? reach : header + 8);
        changes[i] = (change){ place, file[place] };
        file[place] = take_byte(bytes);
    }
    return count;
}

/* From one copy to the next: each begins at another remainder of 16. */
static size_t distance_of(file_bytes weights)
{
    return (weights.size + LONGER + SHIFTS) / SHIFTS * SHIFTS + SHIFTS;
}

static uint8_t *lay_out_copies(file_bytes weights)
{
    const size_t distance = distance_of(weights);
    uint8_t *memory = aligned_alloc(SHIFTS, SHIFTS * distance);
    CHECK(memory != NULL);
    memset(memory, 0, SHIFTS * distance);
    for (size_t shift = 0; shift < SHIFTS; ++shift)
        memcpy(memory + shift * distance + shift, weights.bytes, weights.size);
    return memory;
}

/* The packed file with changes. It lies in memory once, at every shift, and changes are undone: a
 * copy for each input would cost more than opening does. */
static void open_changed(fuzz_bytes *bytes, file_bytes weights, uint8_t *memory)
{
    const uint64_t header = header_length(weights.bytes);
    const size_t shift = take_index(bytes, SHIFTS);
    uint8_t *file = memory + shift * distance_of(weights) + shift;
    change changes[MOST_CHANGES];
    const size_t size = take_size(bytes, weights.size, (size_t)header);
    if (take_byte(bytes) < 64)
        put_length(file, take_length(bytes, header, size));
    const int count = change_header(bytes, file, (size_t)header, changes);
    const int runs = take_byte(bytes) < 4;
    ASAN_POISON_MEMORY_REGION(file + size, weights.size + LONGER - size);
    open_and_judge(file, size, weights.size - 8 - (size_t)header, runs);
    ASAN_UNPOISON_MEMORY_REGION(file + size, weights.size + LONGER - size);
    for (int i = count - 1; i >= 0; --i)
        file[changes[i].place] = changes[i].before;
    put_length(file, header);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static file_bytes weights;
    static uint8_t *memory;
    if (!memory) {
        weights = read_weights();
        memory = lay_out_copies(weights);
    }
    fuzz_bytes bytes = { data, data + size };
    if (take_byte(&bytes) < 64)
        open_bytes(&bytes, weights.size - 8 - (size_t)header_length(weights.bytes));
    else
        open_changed(&bytes, weights, memory);
    return 0;
}
