/* A line for each file that standard input names: "refused", or an array's type, shape and bits. */
#include "harness.h"
#include "npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print(const npy_array *array)
{
    printf("%s", array->type == NPY_FLOAT32 ? "float32" : array->type == NPY_UINT8 ? "uint8" : "?");
    for (int i = 0; i < array->dimensions; ++i)
        printf(" %zu", array->shape[i]);
    printf(" :");
    for (size_t i = 0; i < array->count; ++i) {
        const float value = array->type == NPY_UINT8 ? array->bytes[i] : array->floats[i];
        uint32_t bits;
        memcpy(&bits, &value, sizeof bits);
        printf(" %x", (unsigned)bits);
    }
    printf("\n");
}

int main(void)
{
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        npy_array array;
        if (npy_read(path, &array) == EXIT_OK)
            print(&array);
        else
            printf("refused\n");
        free(array.data);
    }
    return 0;
}
