#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "image_libraries.h"

typedef struct {
    const uint8_t *bytes;
    size_t left;
    png_structp png;
    png_infop info;
    image_report *report;
} png_reader;

static void fail(png_structp png, png_const_charp message)
{
    image_report *report = png_get_error_ptr(png);
    snprintf(report->message, sizeof report->message, "%s", message);
    png_longjmp(png, 1);
}

/* Warnings concern metadata that is not used here. */
static void ignore_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep out, size_t count)
{
    png_reader *reader = png_get_io_ptr(png);
    if (count > reader->left)
        png_error(png, "the file ends early");
    memcpy(out, reader->bytes, count);
    reader->bytes += count;
    reader->left -= count;
}

static int reader_open(png_reader *reader, const uint8_t *bytes, size_t count, image_report *report)
{
    *reader = (png_reader){.bytes = bytes, .left = count, .report = report};
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, report, fail, ignore_warning);
    if (reader->png)
        reader->info = png_create_info_struct(reader->png);
    if (reader->info)
        return 1;
    snprintf(report->message, sizeof report->message, "out of memory");
    return 0;
}

static void read_header(png_reader *reader)
{
    png_set_read_fn(reader->png, reader, read_bytes);
    png_read_info(reader->png, reader->info);
    reader->report->width = png_get_image_width(reader->png, reader->info);
    reader->report->height = png_get_image_height(reader->png, reader->info);
}

static void read_pixels(png_reader *reader, uint8_t *rgb)
{
    png_structp png = reader->png;
    const size_t row_size = 3 * (size_t)reader->report->width;

    png_set_expand(png);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    png_set_gray_to_rgb(png);
    const int passes = png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);
    if (png_get_rowbytes(png, reader->info) != row_size)
        png_error(png, "its pixels cannot be converted to RGB");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < reader->report->height; y++)
            png_read_row(png, rgb + y * row_size, NULL);
    /* What stands behind the pixels may be EXIF too. */
    png_read_end(png, reader->info);
}

/* The library's copy goes with the reader. */
static void keep_exif(const png_reader *reader, image_block *exif)
{
    png_uint_32 count = 0;
    png_bytep bytes = NULL;

    if (!png_get_eXIf_1(reader->png, reader->info, &count, &bytes) || count == 0)
        return;
    exif->bytes = malloc(count);
    if (!exif->bytes)
        png_error(reader->png, "out of memory");
    memcpy(exif->bytes, bytes, count);
    exif->count = count;
}

/* Errors jump back here; the reader is the caller's, so that its fields outlive the jump. */
static int read_size(png_reader *reader)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return 0;
    read_header(reader);
    return 1;
}

static int read_image(png_reader *reader, uint32_t width, uint32_t height, uint8_t *rgb,
                      image_block *exif)
{
    if (setjmp(png_jmpbuf(reader->png)))
        return 0;
    read_header(reader);
    if (reader->report->width != width || reader->report->height != height)
        png_error(reader->png, "its size is not the one that space was made for");
    read_pixels(reader, rgb);
    keep_exif(reader, exif);
    return 1;
}

int image_png_size(const uint8_t *bytes, size_t count, image_report *report)
{
    png_reader reader;
    const int succeeded = reader_open(&reader, bytes, count, report) && read_size(&reader);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return succeeded;
}

int image_png_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                     uint8_t *rgb, image_block *exif, image_report *report)
{
    png_reader reader;

    *exif = (image_block){0};
    const int succeeded =
        reader_open(&reader, bytes, count, report) && read_image(&reader, width, height, rgb, exif);
    png_destroy_read_struct(&reader.png, &reader.info, NULL);
    return succeeded;
}

static png_image rgb_image(uint32_t width, uint32_t height)
{
    return (png_image){
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_RGB};
}

size_t image_png_bound(uint32_t width, uint32_t height)
{
    const png_image image = rgb_image(width, height);
    return PNG_IMAGE_PNG_SIZE_MAX(image);
}

int image_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *bytes,
                     size_t *written, image_report *report)
{
    png_image image = rgb_image(width, height);
    png_alloc_size_t size = *written;
    const int succeeded = png_image_write_to_memory(&image, bytes, &size, 0, rgb, 0, NULL);

    *written = size;
    snprintf(report->message, sizeof report->message, "%s", image.message);
    png_image_free(&image);
    return succeeded != 0;
}
