/* What is in a photo? Boxes, scores and classes of a picture in PPM form (convert photo.jpg photo.ppm).
 *
 *   hilo generate --task detect --model litv2-s --checkpoint retinanet_litv2_s_fpn_1x_coco.pth \
 *       --resolution coco --name retina --output retina && hilo build retina
 *   cc -Iretina/include detect.c -Lretina/build -lretina -Wl,-rpath,retina/build -o detect
 *   ./detect retina/weights/retina.safetensors photo.ppm */
#include <retina.h>
#include <stdio.h>
#include <stdlib.h>

/* RGB of a PPM file; NULL when it is none. The caller frees it. */
static unsigned char *read_ppm(const char *path, int *width, int *height)
{
    FILE *file = fopen(path, "rb");
    unsigned char *rgb = NULL;
    if (file && fscanf(file, "P6 %5d %5d 255", width, height) == 2 && fgetc(file) != EOF) {
        const size_t bytes = 3 * (size_t)*width * (size_t)*height;
        rgb = malloc(bytes);
        if (rgb && fread(rgb, 1, bytes, file) != bytes) {
            free(rgb);
            rgb = NULL;
        }
    }
    if (file)
        fclose(file);
    return rgb;
}

int main(int argc, char **argv)
{
    int width = 0, height = 0, count = 0;
    unsigned char *rgb = argc > 2 ? read_ppm(argv[2], &width, &height) : NULL;
    retina_model *model = NULL;
    retina_context *context = NULL;
    retina_detection found[RETINA_MOST_DETECTIONS];
    retina_status status = retina_model_open(argc > 1 ? argv[1] : "", &model);
    if (status == RETINA_OK)
        status = retina_context_create(model, NULL, &context);
    if (status == RETINA_OK)
        status = retina_detect(context, rgb, width, height, 3 * (size_t)width, found,
                               RETINA_MOST_DETECTIONS, &count);
    for (int i = 0; i < count; ++i)
        printf("class %d, score %.3f: %.1f %.1f to %.1f %.1f\n", found[i].label, found[i].score, found[i].x0,
               found[i].y0, found[i].x1, found[i].y1);
    retina_context_destroy(context);
    retina_model_close(model);
    free(rgb);
    fprintf(stderr, "%s\n", retina_status_text(status));
    return status != RETINA_OK;
}
