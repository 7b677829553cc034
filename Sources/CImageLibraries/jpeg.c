#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include <jerror.h>

#include "image_libraries.h"

typedef struct {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jmp_buf on_error;
    image_report *report;
    uint8_t *inks; /* a row of a CMYK picture */
} jpeg_reader;

static void fail(j_common_ptr jpeg)
{
    jpeg_reader *reader = jpeg->client_data;
    char message[JMSG_LENGTH_MAX];

    jpeg->err->format_message(jpeg, message);
    snprintf(reader->report->message, sizeof reader->report->message, "%s", message);
    longjmp(reader->on_error, 1);
}

/* Level -1 is damage that libjpeg bridges: at the end of the data, with grey pixels. */
static void judge_warning(j_common_ptr jpeg, int level)
{
    if (level == -1 && jpeg->err->msg_code == JWRN_JPEG_EOF)
        fail(jpeg);
}

static void reader_open(jpeg_reader *reader, image_report *report)
{
    reader->report = report;
    reader->inks = NULL;
    reader->jpeg.err = jpeg_std_error(&reader->errors);
    reader->jpeg.client_data = reader;
    reader->errors.error_exit = fail;
    reader->errors.emit_message = judge_warning;
}

static void read_header(jpeg_reader *reader, const uint8_t *bytes, size_t count)
{
    jpeg_create_decompress(&reader->jpeg);
    jpeg_mem_src(&reader->jpeg, bytes, count);
    jpeg_read_header(&reader->jpeg, TRUE);
    reader->report->width = reader->jpeg.image_width;
    reader->report->height = reader->jpeg.image_height;
}

/* value * scale / 255, rounded. */
static uint8_t scaled(int value, int scale)
{
    const int product = value * scale + 128;
    return (uint8_t)((product + (product >> 8)) >> 8);
}

/* Adobe stores inks inverted: 255 is none. What paper reflects is what black lets through, less
 * what the colour's ink takes of that. */
static void rgb_of_inks(const uint8_t *inks, uint32_t width, uint8_t *rgb)
{
    for (uint32_t x = 0; x < width; x++, inks += 4, rgb += 3)
        for (int c = 0; c < 3; c++)
            rgb[c] = (uint8_t)(inks[3] - scaled(255 - inks[c], inks[3]));
}

static void read_pixels(jpeg_reader *reader, uint8_t *rgb)
{
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    const int is_cmyk =
        jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;

    jpeg->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    if (is_cmyk && !(reader->inks = malloc(4 * (size_t)jpeg->output_width)))
        ERREXIT1(jpeg, JERR_OUT_OF_MEMORY, 0);
    for (size_t y = 0; y < jpeg->output_height; y++) {
        uint8_t *row = rgb + y * 3 * jpeg->output_width;
        JSAMPROW target = is_cmyk ? reader->inks : row;
        jpeg_read_scanlines(jpeg, &target, 1);
        if (is_cmyk)
            rgb_of_inks(reader->inks, jpeg->output_width, row);
    }
}

/* Errors jump back here; the reader is the caller's, so that its fields outlive the jump. */
static int read_size(jpeg_reader *reader, const uint8_t *bytes, size_t count)
{
    if (setjmp(reader->on_error))
        return 0;
    read_header(reader, bytes, count);
    return 1;
}

static int read_image(jpeg_reader *reader, const uint8_t *bytes, size_t count, uint32_t width,
                      uint32_t height, uint8_t *rgb)
{
    if (setjmp(reader->on_error))
        return 0;
    read_header(reader, bytes, count);
    if (reader->report->width != width || reader->report->height != height)
        ERREXIT(&reader->jpeg, JERR_BUFFER_SIZE);
    read_pixels(reader, rgb);
    return 1;
}

int image_jpeg_size(const uint8_t *bytes, size_t count, image_report *report)
{
    jpeg_reader reader = {0};
    reader_open(&reader, report);
    const int succeeded = read_size(&reader, bytes, count);
    jpeg_destroy_decompress(&reader.jpeg);
    return succeeded;
}

int image_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                      uint8_t *rgb, image_report *report)
{
    jpeg_reader reader = {0};
    reader_open(&reader, report);
    const int succeeded = read_image(&reader, bytes, count, width, height, rgb);
    free(reader.inks);
    jpeg_destroy_decompress(&reader.jpeg);
    return succeeded;
}
