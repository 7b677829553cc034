/* What a library does with its threads, seen from outside: `team WHAT WEIGHTS`. Exits with 0, or says what is
 * wrong and exits with 1. */
#define _GNU_SOURCE
#include "small.h"

#include "require.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 2, SECONDS = 30 };

static float input[SMALL_INPUT_FLOATS], expected[SMALL_OUTPUT_FLOATS], output[SMALL_OUTPUT_FLOATS];

static small_context *make(const small_model *model, int threads)
{
    const small_options options = { .threads = threads, .max_batch = 1 };
    small_context *context = NULL;
    require(small_context_create(model, &options, &context) == SMALL_OK, "there is a context");
    return context;
}

static int same(small_context *context)
{
    memset(output, 0, sizeof output);
    return small_run(context, input, 1, output) == SMALL_OK && memcmp(output, expected, sizeof output) == 0;
}

/* The parent forks while another of its threads is in the middle of a run. */
static void *run_often(void *context)
{
    static float own[SMALL_OUTPUT_FLOATS];
    for (int i = 0; i < 2000; ++i)
        small_run(context, input, 1, own);
    return NULL;
}

static void fork_in_the_middle(const small_model *model)
{
    small_context *context = make(model, THREADS);
    pthread_t runner;
    require(pthread_create(&runner, NULL, run_often, context) == 0, "there is a thread that runs");
    for (int i = 0; i < 20; ++i) {
        usleep(500);
        const pid_t child = fork();
        if (child == 0) {
            alarm(SECONDS);
            require(same(context), "a context that ran when its process was forked gives the same bits");
            _exit(0);
        }
        int status = 0;
        require(waitpid(child, &status, 0) == child && status == 0, "such a child ends well");
    }
    pthread_join(runner, NULL);
    small_context_destroy(context);
}

/* Calls of other sizes follow each other, so that a thread that comes late finds other images than it
 * was called for. */
static void check_sizes(const small_model *model)
{
    static float inputs[SMALL_MAX_BATCH * SMALL_INPUT_FLOATS], outputs[SMALL_MAX_BATCH * SMALL_OUTPUT_FLOATS];
    const small_options options = { .threads = 4 };
    small_context *context = NULL;
    require(small_context_create(model, &options, &context) == SMALL_OK, "there is a context");
    for (int i = 0; i < SMALL_MAX_BATCH; ++i)
        memcpy(inputs + i * SMALL_INPUT_FLOATS, input, sizeof input);
    alarm(10 * SECONDS);
    for (int i = 0; i < 3000; ++i) {
        const int images = 1 + i * 7 % SMALL_MAX_BATCH;
        memset(outputs, 0, sizeof outputs);
        require(small_run(context, inputs, images, outputs) == SMALL_OK, "every size runs");
        for (int image = 0; image < images; ++image)
            require(memcmp(outputs + image * SMALL_OUTPUT_FLOATS, expected, sizeof expected) == 0,
                    "every size gives the same bits");
    }
    small_context_destroy(context);
}

static void in_the_child(const small_model *model, small_context *of_parent)
{
    alarm(SECONDS); /* a child that hangs ends with a signal */
    require(same(of_parent), "a context of the parent gives the same bits");
    small_context_destroy(of_parent);
    small_context *own = make(model, THREADS);
    require(same(own), "a context of the child gives the same bits");
    small_context_destroy(own);
}

static void check_fork(const small_model *model)
{
    small_context *context = make(model, THREADS);
    require(same(context), "two threads give the bits of one");
    const pid_t child = fork();
    if (child == 0) {
        in_the_child(model, context);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child of a fork ends well");
    require(same(context), "the parent goes on");
    small_context_destroy(context);
}

/* Calls `each` with every thread of this process but the one that asks. */
static int visit_threads(int (*each)(const char *thread))
{
    DIR *folder = opendir("/proc/self/task");
    int sum = 0;
    require(folder != NULL, "there is /proc/self/task");
    for (struct dirent *entry; (entry = readdir(folder));)
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != (int)getpid())
            sum += each(entry->d_name);
    closedir(folder);
    return sum;
}

static int count_thread(const char *thread) { return thread[0] != 0; }

/* The field of a thread's status whose name begins the line. */
static void status_of(const char *thread, const char *field, char *value, size_t size)
{
    char path[300], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
    FILE *file = fopen(path, "r");
    value[0] = 0;
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            snprintf(value, size, "%s", line + strlen(field));
    if (file)
        fclose(file);
}

static int is_awake(const char *thread)
{
    char state[64];
    status_of(thread, "State:\t", state, sizeof state);
    return state[0] != 'S';
}

static int hears_signals(const char *thread)
{
    char blocked[64];
    status_of(thread, "SigBlk:\t", blocked, sizeof blocked);
    const unsigned long long mask = strtoull(blocked, NULL, 16);
    return !(mask >> (SIGINT - 1) & 1) || !(mask >> (SIGPROF - 1) & 1);
}

static void check_idle(const small_model *model)
{
    small_context *context = make(model, THREADS);
    require(same(context), "two threads give the bits of one");
    alarm(SECONDS);
    while (visit_threads(is_awake) > 0)
        usleep(1000);
    small_context_destroy(context);
}

static void check_own_threads(const small_model *model)
{
    require(visit_threads(count_thread) == 0, "there are no threads before there is a context");
    small_context *alone = make(model, 1);
    require(same(alone) && visit_threads(count_thread) == 0, "one thread is the caller's");
    small_context *context = make(model, 4);
    require(visit_threads(count_thread) == 3, "a context of four threads has three of its own");
    require(visit_threads(hears_signals) == 0, "they leave signals to the program");
    small_context_destroy(context);
    small_context_destroy(alone);
    require(visit_threads(count_thread) == 0, "they end with the context");
}

/* Address space for some of the threads, but not for all. */
static void check_limit(const small_model *model)
{
    small_context *context = (void *)&output;
    const small_options options = { .threads = 200, .max_batch = 1 };
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    require(file && fscanf(file, "%lu", &pages) == 1, "the size of this process is known");
    fclose(file);
    struct rlimit limit = { pages * (unsigned long)sysconf(_SC_PAGESIZE) + (64 << 20), RLIM_INFINITY };
    require(setrlimit(RLIMIT_AS, &limit) == 0, "address space can be limited");
    require(small_context_create(model, &options, &context) == SMALL_NO_THREADS && !context,
            "too many threads are a status");
    require(visit_threads(count_thread) == 0, "no thread is left behind");
    context = make(model, THREADS);
    require(same(context), "fewer threads work then");
    small_context_destroy(context);
}

/* Prints how many threads a context has by default. */
static void print_default(const small_model *model)
{
    small_context *context = NULL;
    require(small_context_create(model, NULL, &context) == SMALL_OK, "there is a default context");
    require(same(context), "it gives the bits of one thread");
    printf("%d\n", small_context_threads(context));
    small_context_destroy(context);
}

static void print_default_on_one_processor(const small_model *model)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(sched_getcpu(), &one);
    require(sched_setaffinity(0, sizeof one, &one) == 0, "affinity can be set");
    print_default(model);
}

static const struct {
    const char *name;
    void (*run)(const small_model *model);
} CHECKS[] = {
    { "fork", check_fork },   { "idle", check_idle },       { "own", check_own_threads },
    { "middle", fork_in_the_middle }, { "sizes", check_sizes },
    { "limit", check_limit }, { "default", print_default }, { "pinned", print_default_on_one_processor },
};

int main(int argc, char **argv)
{
    small_model *model = NULL;
    require(argc == 3 && small_model_open(argv[2], &model) == SMALL_OK, "there is a model");
    for (size_t i = 0; i < sizeof input / sizeof *input; ++i)
        input[i] = (float)(i % 251) / 125.0f - 1.0f;
    small_context *context = make(model, 1);
    require(small_run(context, input, 1, expected) == SMALL_OK, "one thread runs");
    small_context_destroy(context);
    for (size_t i = 0; i < sizeof CHECKS / sizeof *CHECKS; ++i)
        if (strcmp(argv[1], CHECKS[i].name) == 0)
            CHECKS[i].run(model);
    small_model_close(model);
    return 0;
}
