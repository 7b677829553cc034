/* Choice of the best and suppression of overlapping boxes, against sorting and double precision. */
#include "simd_generic.h"
#include "suppression.h"

#include "properties.h"

enum { MOST = 150 };

static float scores[MOST];

static int is_before(int a, int b) { return scores[a] > scores[b] || (scores[a] == scores[b] && a < b); }

/* By insertion, which keeps the order of equal ones. */
static void sort_by_score(int *items, int count)
{
    for (int i = 1; i < count; ++i)
        for (int j = i; j > 0 && is_before(items[j], items[j - 1]); --j) {
            const int item = items[j];
            items[j] = items[j - 1];
            items[j - 1] = item;
        }
}

/* Few values, so that many are equal, or all different. Some are no scores. */
static void draw_scores(uint64_t *random, int count)
{
    const int values = below(random, 2) ? 1 + below(random, 20) : 0;
    for (int i = 0; i < count; ++i) {
        scores[i] = values ? (float)below(random, values) / (float)values : (float)uniform(random);
        if (below(random, 50) == 0)
            scores[i] = NAN;
    }
}

static void check_selection(uint64_t *random, int number)
{
    float memory[SELECTION_FLOATS * MOST];
    int sorted[MOST], is_wanted[MOST] = { 0 }, count = below(random, MOST), rated = 0, next = 0;
    const int most = 1 + below(random, 60);
    const float least = below(random, 2) ? -1.0f : 0.3f;
    draw_scores(random, count);
    selection s = make_selection(memory, most, least);
    for (int i = 0; i < count; ++i) {
        offer(&s, scores[i], i);
        if (scores[i] > least)
            sorted[rated++] = i;
    }
    select_best(&s);
    sort_by_score(sorted, rated);
    for (int i = 0; i < rated && i < most; ++i)
        is_wanted[sorted[i]] = 1;
    for (int i = 0; i < count; ++i)
        if (is_wanted[i]) {
            require(next < s.count && s.items[next] == i && s.scores[next] == scores[i], "it is chosen", number);
            ++next;
        }
    require(next == s.count, "nothing else is chosen", number);
}

/* What is drawn at a time: on a grid, where overlaps are often exactly the limit; anywhere; with others that are
 * empty, huge or tiny. */
static box draw_box(uint64_t *random, int kind)
{
    const int is_odd = kind > 1 && below(random, 4) == 0;
    const double range = kind == 0 ? 12 : kind == 3 && is_odd ? 1e6 : 100;
    const double size = kind == 2 && is_odd ? 0 : kind == 4 && is_odd ? 1e-2 : range / 2;
    const double x = range * uniform(random), y = range * uniform(random);
    const double w = size * uniform(random), h = size * uniform(random);
    if (kind == 0)
        return (box){ (float)(int)x, (float)(int)y, (float)((int)x + (int)w), (float)((int)y + (int)h) };
    return (box){ (float)x, (float)y, (float)(x + w), (float)(y + h) };
}

/* Intersection over union; NaN of two empty boxes. */
static double overlap_of(box a, box b)
{
    const double w = fmin(a.x1, b.x1) - fmax(a.x0, b.x0), h = fmin(a.y1, b.y1) - fmax(a.y0, b.y0);
    const double common = fmax(0, w) * fmax(0, h);
    return common / (((double)a.x1 - a.x0) * ((double)a.y1 - a.y0)
                     + ((double)b.x1 - b.x0) * ((double)b.y1 - b.y0) - common);
}

/* Greedy suppression of all pairs; 0 where rounding may decide. */
static int suppress(const box *moved, int *items, int *count, double limit, int most)
{
    char is_out[MOST] = { 0 };
    int kept = 0;
    for (int i = 0; i < *count && kept < most; ++i) {
        if (is_out[i])
            continue;
        for (int j = i + 1; j < *count; ++j) {
            const double overlap = overlap_of(moved[items[i]], moved[items[j]]);
            if (overlap != limit && fabs(overlap - limit) < 1e-5)
                return 0;
            is_out[j] |= overlap > limit;
        }
        items[kept++] = items[i];
    }
    *count = kept;
    return 1;
}

/* Whether the case was decided. */
static int check_suppression(uint64_t *random, int number)
{
    float memory[KEPT_FLOATS(MOST)], largest = 0.0f;
    box boxes[MOST], moved[MOST];
    int heap[MOST], expected[MOST], rated = 0;
    const int kind = number % 5, count = below(random, MOST), most = 1 + below(random, MOST);
    const int groups = 1 + below(random, 4);
    const double limit = kind == 0 ? 0.5 : 0.3 + 0.1 * below(random, 5);
    draw_scores(random, count);
    for (int i = 0; i < count; ++i) {
        boxes[i] = draw_box(random, kind);
        largest = larger(largest, largest_coordinate(boxes[i]));
    }
    for (int i = 0; i < count; ++i) {
        moved[i] = moved_box(boxes[i], below(random, groups), largest + 1.0f);
        if (scores[i] >= 0.0f)
            expected[rated++] = i;
    }
    sort_by_score(expected, rated);
    if (!suppress(moved, expected, &rated, limit, most))
        return 0;
    kept_boxes kept = make_kept_boxes(memory, most, (float)limit);
    ranking order = rank_items(scores, count, heap);
    for (; order.count > 0 && kept.count < most; drop_best(&order)) {
        const int best = order.heap[0];
        if (keep_box(&kept, moved[best]))
            require(kept.count <= rated && expected[kept.count - 1] == best, "this box stays", number);
    }
    require(kept.count == rated, "all boxes that stay do", number);
    return 1;
}

/* A score that is above the limit has a logit that is above the bound. */
static void check_bound(uint64_t *random, int number)
{
    const float limit = score_of((float)(40 * uniform(random) - 20));
    const float logit = least_logit(limit);
    require(limit >= 1.0f ? logit == INFINITY : isfinite(logit), "there is a bound", number);
    if (limit < 1.0f)
        require(score_of(logit) <= limit && score_of(logit - 1e-3f) <= limit, "it is not too high", number);
    if (limit > 1e-6f && limit < 0.9999f)
        require(score_of(logit + 0.01f) > limit, "it is near", number);
}

int main(void)
{
    uint64_t random = 1;
    int decided = 0;
    for (int i = 0; i < CASES; ++i) {
        check_selection(&random, i);
        check_bound(&random, i);
        decided += check_suppression(&random, i);
    }
    require(decided > CASES * 9 / 10, "nearly all cases are decided", decided);
    printf("%d of %d cases\n", decided, CASES);
    return 0;
}
