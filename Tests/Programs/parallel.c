/* Runs on threads of the caller's, as <model>_run_parallel has them: `parallel WEIGHTS`. Exits with 0, or says what
 * is wrong and exits with 1. Nothing depends on how long anything takes; what hangs is ended by a signal. */
#define _GNU_SOURCE
#include "small.h"

#include "require.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 120, MOST_TASKS = 4096, MOST_THREADS = 3, IMAGES = SMALL_MAX_BATCH };

static float input[IMAGES * SMALL_INPUT_FLOATS], output[IMAGES * SMALL_OUTPUT_FLOATS];
static float expected[IMAGES * SMALL_OUTPUT_FLOATS];

static small_context *make(const small_model *model, int threads)
{
    const small_options options = { .threads = threads };
    small_context *context = NULL;
    require(small_context_create(model, &options, &context) == SMALL_OK, "there is a context");
    return context;
}

static int has_bits(void) { return memcmp(output, expected, sizeof output) == 0; }

static int runs(small_context *context, small_submit *submit, void *user)
{
    memset(output, 0, sizeof output);
    return small_run_parallel(context, input, IMAGES, output, submit, user) == SMALL_OK && has_bits();
}

static int runs_alone(small_context *context)
{
    memset(output, 0, sizeof output);
    return small_run(context, input, IMAGES, output) == SMALL_OK && has_bits();
}

/* --- a pool, which runs the latest task first --- */

typedef struct task {
    small_task *run;
    void *argument;
} task;

typedef struct pool {
    task tasks[MOST_TASKS];
    int count, submitted, room, is_ending, thread_count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t threads[MOST_THREADS];
} pool;

static void *work(void *argument)
{
    pool *p = argument;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->count == 0 && !p->is_ending)
            pthread_cond_wait(&p->changed, &p->lock);
        if (p->count == 0)
            break;
        const task next = p->tasks[--p->count];
        pthread_mutex_unlock(&p->lock);
        next.run(next.argument);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Without threads it keeps its tasks. */
static void open_pool(pool *p, int threads)
{
    memset(p, 0, sizeof *p);
    p->room = MOST_TASKS;
    p->thread_count = threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    for (int i = 0; i < threads; ++i)
        require(pthread_create(&p->threads[i], NULL, work, p) == 0, "a pool has threads");
}

/* Runs what is left. */
static void close_pool(pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->is_ending = 1;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->thread_count; ++i)
        pthread_join(p->threads[i], NULL);
    work(p);
}

static int submit(void *user, small_task *run, void *argument)
{
    pool *p = user;
    pthread_mutex_lock(&p->lock);
    ++p->submitted;
    const int is_full = p->count == p->room;
    if (!is_full)
        p->tasks[p->count++] = (task){ run, argument };
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
    return is_full;
}

static int run_inline(void *user, small_task *run, void *argument)
{
    ++*(int *)user;
    run(argument);
    return 0;
}

/* --- checks --- */

static void check_pools(const small_model *model)
{
    static const int THREADS[] = { 1, 2, 3, 5 };
    for (size_t i = 0; i < sizeof THREADS / sizeof *THREADS; ++i) {
        for (int threads = 0; threads <= MOST_THREADS; ++threads) {
            pool p;
            small_context *context = make(model, THREADS[i]);
            open_pool(&p, threads);
            for (int run = 0; run < 20; ++run)
                require(runs(context, submit, &p), "every pool gives the bits of one thread");
            require(p.submitted > 0 || THREADS[i] == 1, "a pool is asked for its threads");
            require(p.submitted == 0 || THREADS[i] > 1, "who runs alone asks nobody");
            close_pool(&p);
            small_context_destroy(context);
        }
    }
}

static void check_inline(const small_model *model)
{
    int calls = 0;
    small_context *context = make(model, 4);
    for (int run = 0; run < 20; ++run)
        require(runs(context, run_inline, &calls), "tasks may run on the calling thread");
    require(calls > 0, "tasks were run there");
    small_context_destroy(context);
}

/* The context waits for no task, and asks for no more than it has threads. */
static void check_tasks_that_wait(const small_model *model)
{
    pool p;
    small_context *context = make(model, 3);
    open_pool(&p, 0);
    for (int run = 0; run < 10; ++run)
        require(runs(context, submit, &p), "a run needs no task");
    require(p.submitted == 2 && p.count == 2, "tasks that wait serve later runs");
    const task late = p.tasks[--p.count];
    late.run(late.argument);
    require(runs(context, submit, &p) && p.submitted == 3, "for one that has ended another is submitted");
    small_context_destroy(context);
    close_pool(&p); /* its tasks find no context */
}

static void check_refusal(const small_model *model)
{
    pool p;
    small_context *context = make(model, 5);
    open_pool(&p, 0);
    p.room = 2;
    require(runs(context, submit, &p), "a pool may be full");
    require(p.count == 2 && p.submitted > 2 && p.submitted <= 2 + IMAGES,
            "it is not asked again for the images that are in work");
    close_pool(&p);
    require(runs(context, submit, &p), "the next run asks again");
    p.is_ending = 1;
    work(&p);
    small_context_destroy(context);
}

/* A run that is itself a task of a pool with one thread, where no other task can begin. */
typedef struct nested {
    small_context *context;
    pool *pool;
    int is_good;
} nested;

static void run_nested(void *argument)
{
    nested *n = argument;
    n->is_good = runs(n->context, submit, n->pool);
}

static void check_one_thread(const small_model *model)
{
    pool p;
    nested n = { make(model, 4), &p, 0 };
    open_pool(&p, 1);
    submit(&p, run_nested, &n);
    close_pool(&p);
    require(n.is_good, "a thread of a pool may run on that pool");
    small_context_destroy(n.context);
}

/* Threads of the library's and of the caller's take turns. */
static void check_turns(const small_model *model)
{
    pool p;
    small_context *context = make(model, 3);
    open_pool(&p, 2);
    for (int run = 0; run < 200; ++run) {
        require(runs_alone(context), "threads of its own run");
        require(runs(context, submit, &p), "threads of the caller's run");
    }
    close_pool(&p);
    const int before = p.submitted;
    require(runs_alone(context) && p.submitted == before, "a pool is for one run");
    small_context_destroy(context);
}

/* Every run asks both functions for threads as often as it likes, since tasks end within them. */
static void check_pool_of_all_runs(const small_model *model)
{
    float *outputs[SMALL_OUTPUTS] = { output };
    int all = 0, one = 0;
    small_context *context = make(model, 3);
    require(small_context_set_pool(context, run_inline, &all) == SMALL_OK, "a pool can be for all runs");
    require(runs_alone(context) && all > 0, "every run is on the pool then");
    int before = all;
    memset(output, 0, sizeof output);
    require(small_run_outputs(context, input, IMAGES, outputs) == SMALL_OK && has_bits() && all > before,
            "whichever function begins it");
    before = all;
    require(runs(context, run_inline, &one) && one > 0 && all == before, "one run can have another pool");
    require(runs_alone(context) && all > before, "and the first is there again");
    before = all;
    require(small_context_set_pool(context, NULL, NULL) == SMALL_OK, "that can be ended");
    require(runs_alone(context) && all == before, "its own threads run then");
    small_context_destroy(context);
}

static void check_arguments(const small_model *model)
{
    int calls = 0;
    small_context *context = make(model, 2);
    memset(output, 0, sizeof output);
    require(small_run_parallel(NULL, input, 1, output, run_inline, &calls) == SMALL_BAD_ARGUMENT
                && small_run_parallel(context, NULL, 1, output, run_inline, &calls) == SMALL_BAD_ARGUMENT
                && small_run_parallel(context, input, 1, NULL, run_inline, &calls) == SMALL_BAD_ARGUMENT
                && small_run_parallel(context, input, 0, output, run_inline, &calls) == SMALL_BAD_ARGUMENT
                && small_run_parallel(context, input, IMAGES + 1, output, run_inline, &calls)
                       == SMALL_BAD_ARGUMENT
                && small_run_parallel(context, input, 1, output, NULL, &calls) == SMALL_BAD_ARGUMENT,
            "arguments are checked");
    require(small_context_set_pool(NULL, run_inline, &calls) == SMALL_BAD_ARGUMENT, "a pool needs a context");
    for (size_t i = 0; i < sizeof output / sizeof *output; ++i)
        require(output[i] == 0, "nothing is written then");
    require(calls == 0, "nobody is asked then");
    small_context_destroy(context);
}

/* A child has none of the parent's threads, and tasks that it inherited are of no use. */
static void check_fork(const small_model *model)
{
    pool p, own;
    small_context *context = make(model, 3);
    open_pool(&p, 0);
    require(runs(context, submit, &p), "the parent runs");
    const pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS);
        const int submitted = p.submitted;
        require(runs(context, submit, &p) && p.submitted == submitted, "the child runs alone");
        close_pool(&p);
        require(runs(context, submit, &p), "tasks of the parent do no harm");
        small_context_destroy(context);
        small_context *other = make(model, 3);
        open_pool(&own, 2);
        require(runs(other, submit, &own) && own.submitted > 0, "a context of the child has a pool");
        close_pool(&own);
        small_context_destroy(other);
        _exit(0);
    }
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    require(runs(context, submit, &p), "the parent goes on");
    close_pool(&p);
    small_context_destroy(context);
}

int main(int argc, char **argv)
{
    small_model *model = NULL;
    require(argc == 2 && small_model_open(argv[1], &model) == SMALL_OK, "there is a model");
    for (size_t i = 0; i < sizeof input / sizeof *input; ++i)
        input[i] = (float)(i % 251) / 125.0f - 1.0f;
    small_context *context = make(model, 1);
    require(small_run(context, input, IMAGES, expected) == SMALL_OK, "one thread runs");
    small_context_destroy(context);
    alarm(SECONDS);
    check_pools(model);
    check_inline(model);
    check_tasks_that_wait(model);
    check_refusal(model);
    check_one_thread(model);
    check_turns(model);
    check_pool_of_all_runs(model);
    check_arguments(model);
    check_fork(model);
    small_model_close(model);
    return 0;
}
