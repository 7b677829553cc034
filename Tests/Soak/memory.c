/* memory WEIGHTS ROUNDS: whether making, running and freeing costs anything that stays.
 *
 * A line of JSON for each kind of round, with what the process had after the first rounds and in the
 * end. A library called net is linked to it, of two resolutions at least. Exit code 1 where something
 * grew. Linux alone: it reads /proc. */
#define _POSIX_C_SOURCE 200809L
#include "net.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* What allocators and runtimes may still take when all has been done a thousand times; a leak of 64
 * bytes a round is 5 times as much in ten thousand rounds. */
static const long SLACK = 128 * 1024;

typedef struct usage {
    long resident, threads, files;
} usage;

static long entries(const char *path)
{
    DIR *folder = opendir(path);
    long count = 0;
    if (!folder)
        return -1;
    while (readdir(folder))
        ++count;
    closedir(folder);
    return count - 2; /* . and .. */
}

/* A thread that was joined may still be listed for a moment. */
static usage measure(void)
{
    const struct timespec moment = { .tv_nsec = 100000000 };
    nanosleep(&moment, NULL);
    long pages = -1;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        pages = -1;
    if (file)
        fclose(file);
    const usage found = { pages * sysconf(_SC_PAGESIZE), entries("/proc/self/task"),
                          entries("/proc/self/fd") - 1 };
    return found;
}

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "memory: %s\n", what);
    exit(70);
}

typedef struct buffers {
    const char *weights;
    net_model *model;
    float *input, *output;
} buffers;

static const int THREADS[] = { 1, 2, 3, 4 };
enum { KINDS_OF_THREADS = sizeof THREADS / sizeof *THREADS };

/* Contexts of all resolutions, threads and batches, in turns. */
static void create_run_destroy(const buffers *b, long round)
{
    const net_resolution *r = net_resolution_at((int)(round / KINDS_OF_THREADS % NET_RESOLUTIONS));
    const net_options options = { .threads = THREADS[round % KINDS_OF_THREADS],
                                  .max_batch = 1 + (int)(round % NET_MAX_BATCH),
                                  .height = r->height,
                                  .width = r->width };
    net_context *context = NULL;
    require(net_context_create(b->model, &options, &context) == NET_OK, "no context");
    require(net_run(context, b->input, options.max_batch, b->output) == NET_OK, "no run");
    net_context_destroy(context);
}

static void open_close(const buffers *b, long round)
{
    net_model *model = NULL;
    net_context *context = NULL;
    require(net_model_open(b->weights, &model) == NET_OK, "the weights do not open");
    if (round % 16 == 0) {
        require(net_context_create(model, NULL, &context) == NET_OK, "no context");
        require(net_run(context, b->input, 1, b->output) == NET_OK, "no run");
    }
    net_context_destroy(context);
    net_model_close(model);
}

/* What fails must leave nothing either. */
static void fail(const buffers *b, long round)
{
    net_model *model = NULL;
    net_context *context = NULL;
    const net_options impossible = { .height = 3, .width = (int)(round % 5) + 1 };
    require(net_model_open("/nowhere/at/all", &model) == NET_CANNOT_READ && !model, "it opened");
    require(net_model_open("/dev/null", &model) != NET_OK && !model, "a device opened");
    require(net_model_open("/proc/self/exe", &model) != NET_OK && !model, "a program opened");
    require(net_context_create(b->model, &impossible, &context) == NET_OTHER_RESOLUTION && !context,
            "a context of an impossible resolution");
}

/* 1 where the later rounds left anything behind. */
static int repeat(const char *name, void (*round)(const buffers *, long), const buffers *b, long rounds)
{
    const long first = rounds / 10 > 100 ? rounds / 10 : 100;
    for (long i = 0; i < first; ++i)
        round(b, i);
    const usage before = measure();
    for (long i = 0; i < rounds; ++i)
        round(b, i);
    const usage after = measure();
    const int flat = before.resident > 0 && after.resident - before.resident <= SLACK
                     && after.threads == before.threads && after.files == before.files;
    printf("{\"what\":\"%s\",\"rounds\":%ld,\"resident_kib\":%ld,\"growth_kib\":%ld,\"threads\":%ld,"
           "\"threads_more\":%ld,\"files\":%ld,\"files_more\":%ld,\"flat\":%s}\n",
           name, rounds, after.resident / 1024, (after.resident - before.resident) / 1024,
           after.threads, after.threads - before.threads, after.files, after.files - before.files,
           flat ? "true" : "false");
    fflush(stdout);
    return !flat;
}

int main(int count, char **arguments)
{
    if (count != 3 || atol(arguments[2]) < 1) {
        fprintf(stderr, "usage: memory WEIGHTS ROUNDS\n");
        return 64;
    }
    const long rounds = atol(arguments[2]);
    buffers b = { .weights = arguments[1] };
    size_t inputs = 0, outputs = 0;
    for (int i = 0; i < NET_RESOLUTIONS; ++i) {
        const net_resolution *r = net_resolution_at(i);
        inputs = r->input_floats > inputs ? r->input_floats : inputs;
        outputs = r->output_floats > outputs ? r->output_floats : outputs;
    }
    b.input = calloc(inputs * NET_MAX_BATCH, sizeof(float));
    b.output = calloc(outputs * NET_MAX_BATCH, sizeof(float));
    require(b.input && b.output, "no memory");
    require(net_model_open(b.weights, &b.model) == NET_OK, "the weights do not open");
    int grown = repeat("create, run, destroy", create_run_destroy, &b, rounds);
    grown |= repeat("open, close", open_close, &b, rounds);
    grown |= repeat("failures", fail, &b, rounds);
    net_model_close(b.model);
    free(b.input);
    free(b.output);
    return grown;
}
