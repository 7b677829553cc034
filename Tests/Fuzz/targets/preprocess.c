/* Prepares pictures of all shapes by all recipes. A picture and its output lie in allocations of
 * just their sizes; what comes out must be one of the 256 values a channel that a byte can become. */
#include "fuzz.h"

#include <limits.h>
#include <math.h>

enum {
    MOST_PIXELS = 2048,
    MOST_TARGET = 1024,
    LONGEST = 65535,
    RARE = 4093, /* of so many inputs one has a side of about that length, which takes a while */
    /* So many taps round a filter's weights by less than half a grey level of the sum. */
    MOST_EXACT_SIDE = 4096,
};

/* Two pictures that have but one answer: of one colour, and grey. */
typedef enum content { CONTENT_BYTES, CONTENT_FLAT, CONTENT_GREY, CONTENTS } content;

typedef struct request {
    int width, height, target_width, target_height, recipe;
    size_t row_bytes;
    content content;
    uint8_t flat[3];
} request;

static const float MEAN[3] = { 0.485f, 0.456f, 0.406f };
static const float DEVIATION[3] = { 0.229f, 0.224f, 0.225f };

static float normalised(int value, int channel)
{
    return ((float)value / 255.0f - MEAN[channel]) / DEVIATION[channel];
}

/* The byte that a float was; -1 when it was none. */
static int byte_of(float value, int channel)
{
    if (!(value > -4.0f && value < 4.0f))
        return -1;
    const int byte = (int)lrintf((value * DEVIATION[channel] + MEAN[channel]) * 255.0f);
    return byte >= 0 && byte < 256 && normalised(byte, channel) == value ? byte : -1;
}

/* Small sides mostly, for speed; now and then one that is long, or as long as is allowed. */
static void take_sides(fuzz_bytes *bytes, int most, int *first, int *second)
{
    const uint8_t kind = take_byte(bytes);
    const size_t usual = kind < 240 ? 10 : 32;
    *first = 1 + (int)take_index(bytes, usual);
    *second = 1 + (int)take_index(bytes, kind < 250 ? usual : (size_t)(most / *first));
    if (take_number(bytes, 3) % RARE == 1) {
        *first = 1;
        *second = LONGEST - (int)take_index(bytes, 1000);
    }
    if (kind & 1) {
        const int other = *first;
        *first = *second;
        *second = other;
    }
}

static request take_request(fuzz_bytes *bytes)
{
    request r = { .recipe = (int)take_index(bytes, 3), .content = take_index(bytes, CONTENTS) };
    take_sides(bytes, MOST_PIXELS, &r.width, &r.height);
    take_sides(bytes, MOST_TARGET, &r.target_width, &r.target_height);
    r.row_bytes = 3 * (size_t)r.width + take_index(bytes, 8);
    for (int c = 0; c < 3; ++c)
        r.flat[c] = take_byte(bytes);
    return r;
}

static size_t picture_bytes(const request *r)
{
    return r->row_bytes * (size_t)(r->height - 1) + 3 * (size_t)r->width;
}

static size_t output_floats(const request *r)
{
    return 3 * (size_t)r->target_height * (size_t)r->target_width;
}

/* The rest of the bytes, again and again; what lies between rows stays as bytes. */
static uint8_t *make_picture(fuzz_bytes bytes, const request *r)
{
    const size_t size = picture_bytes(r), left = bytes_left(&bytes);
    uint8_t *picture = malloc(size);
    CHECK(picture != NULL);
    for (size_t i = 0; i < size; ++i)
        picture[i] = left ? bytes.next[i % left] : (uint8_t)(i * 2654435761u >> 13);
    for (int y = 0; r->content != CONTENT_BYTES && y < r->height; ++y)
        for (int x = 0; x < r->width; ++x) {
            uint8_t *pixel = picture + r->row_bytes * (size_t)y + 3 * (size_t)x;
            if (r->content == CONTENT_GREY)
                pixel[1] = pixel[2] = pixel[0];
            else
                memcpy(pixel, r->flat, 3);
        }
    return picture;
}

static int prepare(const request *r, const uint8_t *picture, float *output)
{
    return fuzzed_preprocess(picture, r->width, r->height, r->row_bytes, (fuzzed_recipe)r->recipe,
                             r->target_height, r->target_width, output);
}

static void check_pixel(const request *r, const float *output, size_t at, int is_filled)
{
    const size_t plane = (size_t)r->target_height * (size_t)r->target_width;
    int bytes[3];
    for (int c = 0; c < 3; ++c) {
        const float value = output[(size_t)c * plane + at];
        CHECK(is_filled || value == 0.0f);
        bytes[c] = byte_of(value, c);
        CHECK(!is_filled || bytes[c] >= 0);
    }
    if (!is_filled || r->width > MOST_EXACT_SIDE || r->height > MOST_EXACT_SIDE)
        return;
    if (r->content == CONTENT_GREY)
        CHECK(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    if (r->content == CONTENT_FLAT)
        CHECK(bytes[0] == r->flat[0] && bytes[1] == r->flat[1] && bytes[2] == r->flat[2]);
}

static void check_output(const request *r, const float *output)
{
    int high = r->target_height, wide = r->target_width;
    if (r->recipe == FUZZED_RECIPE_FIT) {
        CHECK(fuzzed_fit_size(r->width, r->height, r->target_height, r->target_width, &high, &wide)
              == FUZZED_PREPROCESS_OK);
        CHECK(high >= 1 && high <= r->target_height && wide >= 1 && wide <= r->target_width);
        CHECK(high == r->target_height || wide == r->target_width);
    }
    for (int y = 0; y < r->target_height; ++y)
        for (int x = 0; x < r->target_width; ++x)
            check_pixel(r, output, (size_t)y * (size_t)r->target_width + (size_t)x,
                        y < high && x < wide);
}

/* The bits do not depend on the distance between rows, nor on what lies between them. */
static void check_packed(const request *r, const uint8_t *picture, const float *output)
{
    request packed = *r;
    packed.row_bytes = 3 * (size_t)r->width;
    uint8_t *copy = malloc(picture_bytes(&packed));
    float *again = malloc(output_floats(r) * sizeof *again);
    CHECK(copy != NULL && again != NULL);
    for (int y = 0; y < r->height; ++y)
        memcpy(copy + packed.row_bytes * (size_t)y, picture + r->row_bytes * (size_t)y,
               packed.row_bytes);
    CHECK(prepare(&packed, copy, again) == FUZZED_PREPROCESS_OK);
    CHECK(memcmp(again, output, output_floats(r) * sizeof *again) == 0);
    free(again);
    free(copy);
}

static void prepare_and_judge(fuzz_bytes *bytes)
{
    const request r = take_request(bytes);
    const int checks_packed = take_byte(bytes) < 32;
    uint8_t *picture = make_picture(*bytes, &r);
    float *output = malloc(output_floats(&r) * sizeof *output);
    CHECK(output != NULL);
    memset(output, 0xff, output_floats(&r) * sizeof *output);
    CHECK(prepare(&r, picture, output) == FUZZED_PREPROCESS_OK);
    check_output(&r, output);
    if (checks_packed)
        check_packed(&r, picture, output);
    free(output);
    free(picture);
}

static int is_side(int side) { return side >= 1 && side <= LONGEST; }

/* A number that may be out of range, beside a valid one. */
static int take_side(fuzz_bytes *bytes)
{
    static const int EDGES[] = { 0, -1, 65536, 65535, INT_MAX, INT_MIN, 1, 2 };
    return take_byte(bytes) < 160 ? 3 : TAKE_OF(bytes, EDGES);
}

/* Arguments of which at least one is bad: nothing may be read or written. */
static void refuse(fuzz_bytes *bytes)
{
    static const size_t ROWS[] = { 0, 1, 8, SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 3 + 1 };
    uint8_t picture[27] = { 0 };
    float output[27], before[27];
    memset(output, 0x5a, sizeof output);
    memcpy(before, output, sizeof output);
    request r = { .width = take_side(bytes), .height = take_side(bytes),
                  .target_width = take_side(bytes), .target_height = take_side(bytes) };
    r.recipe = take_byte(bytes) < 160 ? 0 : (int)take_number(bytes, 4);
    r.row_bytes = take_byte(bytes) < 128 ? 9 : TAKE_OF(bytes, ROWS);
    const uint8_t null = take_byte(bytes);
    const int are_sides = is_side(r.width) && is_side(r.height) && is_side(r.target_width)
                          && is_side(r.target_height);
    const int is_bad = !are_sides || r.recipe < 0 || r.recipe > 2 || null < 64
                       || r.row_bytes < 3 * (size_t)r.width
                       || r.row_bytes > SIZE_MAX / (size_t)r.height;
    if (!is_bad)
        return;
    const int status = prepare(&r, null & 1 && null < 64 ? NULL : picture,
                               !(null & 1) && null < 64 ? NULL : output);
    CHECK(status == FUZZED_PREPROCESS_BAD_ARGUMENT);
    CHECK(memcmp(output, before, sizeof output) == 0);
    int high = -7, wide = -7;
    const int fit =
        fuzzed_fit_size(r.width, r.height, r.target_height, r.target_width, &high, &wide);
    CHECK((fit == FUZZED_PREPROCESS_OK) == are_sides);
    CHECK((high == -7 && wide == -7) == !are_sides);
    CHECK(fuzzed_fit_size(3, 3, 3, 3, null & 1 ? NULL : &high, null & 1 ? &wide : NULL)
          == FUZZED_PREPROCESS_BAD_ARGUMENT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_bytes bytes = { data, data + size };
    if (take_byte(&bytes) < 32)
        refuse(&bytes);
    else
        prepare_and_judge(&bytes);
    return 0;
}
