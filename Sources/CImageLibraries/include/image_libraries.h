#ifndef IMAGE_LIBRARIES_H
#define IMAGE_LIBRARIES_H

#include <stddef.h>
#include <stdint.h>

/* libpng and libjpeg-turbo report errors by a jump out of the library, which Swift must not see.
 * These functions catch it: each returns 1, or 0 with the library's reason in message. */

enum { IMAGE_MESSAGE_SIZE = 256 };

typedef struct {
    uint32_t width;
    uint32_t height;
    char message[IMAGE_MESSAGE_SIZE];
} image_report;

/* Memory that was allocated and that the caller frees; NULL when there is none. */
typedef struct {
    uint8_t *bytes;
    size_t count;
} image_block;

/* Reads width and height from the header of a PNG file in memory. */
int image_png_size(const uint8_t *bytes, size_t count, image_report *report);

/* Decodes a PNG file of the given size to width * height * 3 bytes of RGB: grey is replicated,
 * palettes are looked up, of 16 bits the high byte stays, transparency is dropped (not blended) and
 * gamma is left alone. exif: the content of its eXIf chunk, before or behind the pixels; nothing
 * when it has none, its checksum is wrong, or the call fails. */
int image_png_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                     uint8_t *rgb, image_block *exif, image_report *report);

/* Upper bound of the bytes that image_png_encode writes. */
size_t image_png_bound(uint32_t width, uint32_t height);

/* Encodes width * height * 3 bytes of RGB. written: the capacity of bytes, then what was used. */
int image_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t *bytes,
                     size_t *written, image_report *report);

/* Reads width and height from the header of a JPEG file in memory. */
int image_jpeg_size(const uint8_t *bytes, size_t count, image_report *report);

/* Decodes a JPEG file of the given size to width * height * 3 bytes of RGB: grey is replicated,
 * CMYK is read as Adobe writes it (inverted) and converted without a colour profile. A file that
 * ends early is an error; lesser damage, which decoders commonly bridge, is not. */
int image_jpeg_decode(const uint8_t *bytes, size_t count, uint32_t width, uint32_t height,
                      uint8_t *rgb, image_report *report);

#endif
