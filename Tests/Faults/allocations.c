/*
 * Lets every allocation, mapping and new thread of a generated library fail once.
 *
 *     cc -std=c11 -DHEADER='"tiny.h"' -DPREFIX=tiny allocations.c -Llib -ltiny -o allocations
 *     allocations WEIGHTS [own]
 *
 * Each fault has a process of its own, because what fails may end it or hang. "own" says that the
 * library makes its threads itself, with the context, so that the first run makes none; OpenMP makes
 * them in the first run, which then is not counted.
 */
#define _GNU_SOURCE
#include HEADER

#include "failing_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOIN_(prefix, name) prefix##_##name
#define JOIN(prefix, name) JOIN_(prefix, name)
#define OF(name) JOIN(PREFIX, name)

typedef OF(status) status_code;
typedef OF(model) model_type;
typedef OF(context) context_type;

enum { REPEATS = 4, LIMIT_SECONDS = 60, IS_WRONG = 97 };
static const status_code OK = (status_code)0;

/* MARK: what is looked at */

static const char *step_in_work = "";

static _Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void wrong(const char *format, ...)
{
    char text[400];
    va_list rest;
    disarm();
    va_start(rest, format);
    vsnprintf(text, sizeof text, format, rest);
    va_end(rest);
    dprintf(1, "  WRONG %s: %s\n", step_in_work, text);
    _exit(IS_WRONG);
}

static int entries(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder)
        wrong("%s cannot be read", path);
    int count = 0;
    while (readdir(folder))
        ++count;
    closedir(folder);
    return count;
}

typedef struct {
    long memory, mappings;
    int files, threads;
} possessions;

static possessions owned(void)
{
    const possessions now = { .memory = atomic_load(&live[MEMORY]),
                              .mappings = atomic_load(&live[MAPPING]),
                              .files = entries("/proc/self/fd"),
                              .threads = entries("/proc/self/task") };
    return now;
}

/* A thread that was joined is seen for some time still. */
static void check_nothing_leaked(possessions before)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    possessions now = owned();
    for (int i = 0; i < 500 && now.threads > before.threads; ++i) {
        nanosleep(&pause, NULL);
        now = owned();
    }
    if (now.memory != before.memory || now.mappings != before.mappings || now.files != before.files
        || now.threads != before.threads)
        wrong("leaks %ld blocks, %ld mappings, %d files, %d threads", now.memory - before.memory,
              now.mappings - before.mappings, now.files - before.files,
              now.threads - before.threads);
}

/* MARK: what is called */

enum step { OPEN, OPEN_MEMORY, CREATE, RUN, STEPS };
static const char *const step_names[STEPS] = { "model_open", "model_open_memory", "context_create",
                                               "run" };

typedef struct {
    enum step step;
    enum kind kind;
    long at;
    int is_lasting, threads;
} test;

/* What all processes share. */
typedef struct {
    long counts[KINDS]; /* of the last step that was counted */
    int has_expected;
    float expected[];
} board;

static const char *weights_path;
static void *weights;
static size_t weights_size;
static int is_own_team;
static board *shared;
static size_t input_floats, output_floats;
static float *input, *output;

static status_code open_model(enum step step, model_type **model)
{
    return step == OPEN_MEMORY ? OF(model_open_memory)(weights, weights_size, model)
                               : OF(model_open)(weights_path, model);
}

static status_code create(const model_type *model, int threads, context_type **context)
{
    const OF(options) options = { .threads = threads };
    return OF(context_create)(model, &options, context);
}

static void check_status(status_code status, const void *made)
{
    const char *text = OF(status_text)(status), *unknown = OF(status_text)((status_code)99999);
    if (!text || strcmp(text, unknown) == 0)
        wrong("status %d is none of the header's", (int)status);
    if (status != OK && made)
        wrong("status %d leaves another pointer than NULL", (int)status);
    if (status == OK && !made)
        wrong("NULL although all is well");
}

/* Makes one thing under a fault, and gives it up again. Returns its status. */
static status_code attempt(const test *t, const model_type *model)
{
    static char somewhere;
    void *made = &somewhere; /* what is not set is noticed */
    arm();
    const status_code status = t->step == CREATE
                                   ? create(model, t->threads, (context_type **)(void *)&made)
                                   : open_model(t->step, (model_type **)(void *)&made);
    disarm();
    check_status(status, made);
    if (t->step == CREATE)
        OF(context_destroy)(made);
    else
        OF(model_close)(made);
    return status;
}

static void check_output(void)
{
    if (!shared->has_expected) {
        memcpy(shared->expected, output, output_floats * sizeof(float));
        shared->has_expected = 1;
    }
    if (memcmp(shared->expected, output, output_floats * sizeof(float)) != 0)
        wrong("other results");
}

/* A run under the fault, which it must never meet. */
static void run(const test *t, context_type *context)
{
    if (t->step == RUN && !is_own_team && OF(run)(context, input, 1, output) != OK)
        wrong("the first run fails");
    memset(output, 0, output_floats * sizeof(float));
    if (t->step == RUN)
        arm();
    const status_code status = OF(run)(context, input, 1, output);
    disarm();
    if (status != OK)
        wrong("run returns %d, %s", (int)status, OF(status_text)(status));
    if (t->step == RUN)
        for (int kind = 0; kind < KINDS; ++kind)
            if (atomic_load(&calls[kind]))
                wrong("run asks for %ld of kind %s", atomic_load(&calls[kind]), kind_names[kind]);
    check_output();
}

/* Everything as a program would do it that meets one fault: it looks at the status and tries again. */
static void perform(const test *t)
{
    model_type *model = NULL;
    context_type *context = NULL;
    if (t->step == CREATE && OF(model_open)(weights_path, &model) != OK)
        wrong("the model does not open");
    status_code status = OK;
    if (t->step != RUN) {
        /* The C library keeps some memory of the first threads for later ones. */
        attempt(t, model);
        const possessions before = owned();
        for (int i = 0; i < REPEATS; ++i)
            status = attempt(t, model);
        check_nothing_leaked(before);
        for (int kind = 0; kind < KINDS; ++kind)
            shared->counts[kind] = atomic_load(&calls[kind]);
        if (t->at && status == OK)
            dprintf(1, "  %s: goes on without it\n", step_in_work);
    }
    if (!model && open_model(t->step, &model) != OK)
        wrong("the next call fails too");
    if (create(model, t->threads, &context) != OK)
        wrong("the next context cannot be made");
    run(t, context);
    OF(context_destroy)(context);
    OF(model_close)(model);
}

/* MARK: all of them */

static int faults, wrongs;

/* In a process of its own, which is ended when it hangs. */
static void try_out(const test *t)
{
    char name[200];
    int length = snprintf(name, sizeof name, "%s, %d threads", step_names[t->step], t->threads);
    if (t->at)
        snprintf(name + length, sizeof name - (size_t)length, ", %s %ld%s fails",
                 kind_names[t->kind], t->at, t->is_lasting ? " and all later ones" : "");
    step_in_work = name;
    const pid_t child = fork();
    if (child == 0) {
        failing = t->kind;
        failing_at = t->at;
        failing_on = t->is_lasting;
        alarm(LIMIT_SECONDS);
        perform(t);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0)
        wrong("no process");
    ++faults;
    wrongs += status != 0;
    if (WIFSIGNALED(status))
        printf("  WRONG %s: %s\n", name,
               WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != IS_WRONG)
        printf("  WRONG %s: the program ends with %d\n", name, WEXITSTATUS(status));
    fflush(stdout);
}

static void try_all(enum step step, int threads)
{
    try_out(&(test){ .step = step, .threads = threads }); /* counts */
    long counts[KINDS];
    memcpy(counts, shared->counts, sizeof counts);
    if (step == RUN)
        for (int kind = 0; kind < KINDS; ++kind)
            counts[kind] = 1; /* what it must not ask for would fail */
    else
        printf("%s, %d threads: %ld allocations, %ld mappings, %ld threads\n", step_names[step],
               threads, counts[MEMORY], counts[MAPPING], counts[THREAD]);
    for (int kind = 0; kind < KINDS; ++kind)
        for (long at = 1; at <= counts[kind]; ++at)
            for (int is_lasting = 0; is_lasting < 2; ++is_lasting)
                try_out(&(test){ step, (enum kind)kind, at, is_lasting, threads });
}

static void read_weights(void)
{
    const int file = open(weights_path, O_RDONLY);
    struct stat facts;
    if (file < 0 || fstat(file, &facts))
        wrong("%s cannot be read", weights_path);
    weights_size = (size_t)facts.st_size;
    weights = mmap(NULL, weights_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: %s WEIGHTS [own]\n", argv[0]);
        return 64;
    }
    step_in_work = argv[0];
    weights_path = argv[1];
    is_own_team = argc > 2 && strcmp(argv[2], "own") == 0;
    input_floats = OF(resolution_at)(0)->input_floats;
    output_floats = OF(resolution_at)(0)->output_floats;
    input = calloc(input_floats, sizeof(float));
    output = calloc(output_floats, sizeof(float));
    shared = mmap(NULL, sizeof *shared + output_floats * sizeof(float), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < input_floats; ++i)
        input[i] = (float)(i % 17) / 16 - 0.5f;
    read_weights();
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int step = 0; step < STEPS; ++step)
        for (int threads = 1; threads <= 2; ++threads)
            try_all((enum step)step, threads);
    printf("%d faults, %d wrong\n", faults, wrongs);
    return wrongs ? 1 : 0;
}
