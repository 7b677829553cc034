/* The header of C++ beside that of C: both give the same bits, what fails says so, and owners can be moved and
 * not copied. `owners WEIGHTS`, compiled with -DLIBRARY=name and -include name.hpp. Exits with 0, or says
 * what is wrong and exits with 1. */
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <vector>

#define JOIN(name, word) name##word
#define C_NAME(name, word) JOIN(name, word)
#define IN_C(word) C_NAME(LIBRARY, word)

namespace net = hilo::LIBRARY;
using net::Context;
using net::Model;
using net::Status;

static constexpr Status OK = net::ok, BAD_ARGUMENT = Status(1), CANNOT_READ = Status(2),
                        OTHER_RESOLUTION = Status(7);

static void require(bool good, const char *what)
{
    if (good)
        return;
    std::fprintf(stderr, "not so: %s\n", what);
    std::exit(1);
}

template <class Value>
static bool same(const std::vector<Value> &a, const std::vector<Value> &b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(Value)) == 0;
}

static std::vector<float> noise(std::size_t count)
{
    std::vector<float> values(count);
    for (float &value : values)
        value = static_cast<float>(std::rand() % 2001 - 1000) / 500;
    return values;
}

static void check_owners(const char *weights)
{
    static_assert(!std::is_copy_constructible_v<Model> && !std::is_copy_assignable_v<Model>);
    static_assert(std::is_nothrow_move_constructible_v<Model> && std::is_nothrow_move_assignable_v<Model>);
    static_assert(!std::is_copy_constructible_v<Context> && std::is_nothrow_move_constructible_v<Context>);
    Model model, other;
    require(!model && !model.isa(), "a model without weights is none");
    require(Model::try_open("/nonexistent", model) == CANNOT_READ && !model, "a missing file is no model");
    require(Model::try_open(weights, model) == OK && model && model.isa(), "weights open");
    other = std::move(model);
    require(other && !model, "a model moves");
    Context context;
    net::Options options{};
    require(Context::try_create(model, options, context) == BAD_ARGUMENT, "a context needs a model");
    options.height = options.width = 3;
    require(Context::try_create(other, options, context) == OTHER_RESOLUTION && !context,
            "a context is for a resolution that there is");
    options = net::Options{};
    options.threads = 2;
    require(Context::try_create(other, options, context) == OK && context.threads() == 2
                && context.bytes() > 0,
            "a context has what it is asked for");
    Context moved(std::move(context));
    std::vector<float> none;
    require(moved && !context.resolution(), "a context moves");
    require(context.try_run(none, none) == BAD_ARGUMENT, "what was moved from computes nothing");
}

static void check_runs(Context &context)
{
    const net::Resolution &size = *context.resolution();
    const std::size_t images = 2;
    const std::vector<float> input = noise(images * size.input_floats);
    std::vector<float> ours(images * size.output_floats), theirs(ours.size());
    require(IN_C(_run)(context.get(), input.data(), static_cast<int>(images), theirs.data()) == OK, "C runs");
    require(context.try_run(input, ours) == OK && same(ours, theirs), "outputs are those of C");
    std::array<std::vector<float>, net::outputs> apart;
    std::array<net::Span<float>, net::outputs> views;
    for (std::size_t i = 0; i < apart.size(); ++i) {
        apart[i].resize(images * size.outputs[i].floats);
        views[i] = apart[i];
    }
    require(context.try_run(input, views) == OK, "outputs are separate arrays");
    for (std::size_t i = 0; i < apart.size(); ++i)
        require(std::memcmp(apart[i].data(), theirs.data() + images * size.outputs[i].offset,
                            apart[i].size() * sizeof(float))
                    == 0,
                "separate arrays are those of C");
    views[0] = net::Span<float>(apart[0].data(), apart[0].size() - 1);
    require(context.try_run(input, views) == BAD_ARGUMENT, "an array must have all of its output");
    const net::Span<const float> all = input;
    for (const std::size_t count : { std::size_t(0), all.size() - 1, size.input_floats })
        require(context.try_run({ all.data(), count }, ours) == BAD_ARGUMENT, "sizes must fit each other");
    std::size_t calls = 0;
    std::fill(ours.begin(), ours.end(), 0.0f);
    require(context.try_run_parallel(input, ours, [&calls](net::Task task) { ++calls, task(); }) == OK
                && same(ours, theirs) && calls > 0,
            "threads of the caller's give the same");
    std::fill(ours.begin(), ours.end(), 0.0f);
    auto refuse = [&calls](net::Task) { return calls = 0, false; };
    require(context.try_run_parallel(input, ours, refuse) == OK && same(ours, theirs) && calls == 0,
            "a pool may take nothing");
    require(context.try_run_parallel({ input.data(), 1 }, ours, refuse) == BAD_ARGUMENT, "sizes must fit there");
    calls = 1;
    context.use_pool(refuse);
    require(context.try_run(input, ours) == OK && same(ours, theirs) && calls == 0, "a pool can be for all runs");
    calls = 1;
    context.use_own_threads();
    require(context.try_run(input, ours) == OK && same(ours, theirs) && calls == 1, "and that can be ended");
    const std::vector<float> many((net::max_batch + 1) * size.input_floats);
    std::vector<float> room((net::max_batch + 1) * size.output_floats);
    require(context.try_run(many, room) == BAD_ARGUMENT, "a call has at most max_batch images");
}

#if defined(RECIPES) || defined(DETECTS) || defined(SEGMENTS)
enum : int { WIDE = 50, HIGH = 30 };

/* As bytes of a larger picture. */
static std::vector<std::uint8_t> bytes_of_picture()
{
    std::vector<std::uint8_t> rgb(3 * (WIDE + 2) * HIGH);
    for (std::uint8_t &value : rgb)
        value = static_cast<std::uint8_t>(std::rand());
    return rgb;
}

static void check_pictures(Context &context)
{
    const std::vector<std::uint8_t> rgb = bytes_of_picture();
    const std::size_t row = 3 * (WIDE + 2);
    const net::Picture picture(rgb.data(), WIDE, HIGH, row);
#if defined(RECIPES)
    const net::Resolution &size = *context.resolution();
    std::vector<float> ours(size.input_floats), theirs(size.input_floats);
    require(context.try_preprocess(picture, ours) == OK
                && IN_C(_preprocess)(rgb.data(), WIDE, HIGH, row, DEFAULT_RECIPE, size.height, size.width,
                                     theirs.data())
                       == OK
                && same(ours, theirs),
            "a picture becomes the same input as in C");
    require(context.try_preprocess(picture, { ours.data(), 5 }) == BAD_ARGUMENT, "an input has its size");
#endif
#if defined(DETECTS)
    int count = -1, expected = -1;
    std::vector<net::Detection> ours(net::most_detections), theirs(net::most_detections);
    require(context.try_detect(picture, ours, count) == OK, "a picture is searched");
#if defined(MASKS)
    std::vector<std::uint8_t> bitmaps(static_cast<std::size_t>(count) * WIDE * HIGH), others(bitmaps.size());
    require(context.try_masks(0, 0, count, HIGH, WIDE, bitmaps) == OK, "masks are drawn");
    require(context.try_masks(0, 0, count + 1, HIGH, WIDE, bitmaps) == BAD_ARGUMENT, "bitmaps need room");
#endif
    require(IN_C(_detect)(context.get(), rgb.data(), WIDE, HIGH, row, theirs.data(), net::most_detections,
                          &expected)
                    == OK
                && count == expected && count > 0,
            "as many objects as in C");
    ours.resize(static_cast<std::size_t>(count));
    theirs.resize(static_cast<std::size_t>(count));
    require(same(ours, theirs), "the same objects as in C");
#if defined(MASKS)
    require(IN_C(_masks)(context.get(), 0, 0, count, others.data()) == OK && same(bitmaps, others),
            "the same masks as in C");
#endif
    const net::Resolution &size = *context.resolution();
    const std::vector<float> input = noise(2 * size.input_floats);
    const std::array<net::Frame, 2> frames = { { { 9, 7, 18, 14 }, { size.height, size.width, 5, 5 } } };
    std::array<int, 2> counts = {}, counts_of_c = {};
    require(context.try_detect(input, frames, {}, counts) == OK
                && IN_C(_detect_input)(context.get(), input.data(), 2, frames.data(), nullptr, 0,
                                       counts_of_c.data())
                       == OK
                && counts == counts_of_c,
            "inputs have as many objects as in C");
#endif
#if defined(SEGMENTS)
    std::vector<std::int32_t> ours(WIDE * HIGH), theirs(ours.size());
    require(context.try_segment(picture, ours) == OK
                && IN_C(_segment)(context.get(), rgb.data(), WIDE, HIGH, row, theirs.data()) == OK
                && same(ours, theirs),
            "the same classes as in C");
    require(context.try_segment(picture, { ours.data(), WIDE }) == BAD_ARGUMENT, "labels need room");
#endif
}
#endif

#if defined(__cpp_exceptions)
static void check_exceptions(const char *weights)
{
    const Model model(weights);
    Context context(model);
    const std::vector<float> input = noise(context.resolution()->input_floats);
    std::vector<float> output(context.resolution()->output_floats);
    context.run(input, output);
    require(same(context.run(input), output), "a vector is as good as an array");
#if defined(RECIPES) || defined(DETECTS) || defined(SEGMENTS)
    const std::vector<std::uint8_t> rgb = bytes_of_picture();
    const net::Picture picture(rgb.data(), WIDE, HIGH);
#endif
#if defined(RECIPES)
    require(context.run(context.preprocess(picture)).size() == output.size(), "a picture is an input");
#endif
#if defined(DETECTS)
    const std::vector<net::Detection> found = context.detect(picture);
    require(!found.empty() && found.front().score >= found.back().score, "objects are sorted");
#endif
#if defined(MASKS)
    require(context.masks(picture, 0, 1).size() == WIDE * HIGH, "a mask has a byte a pixel");
#endif
#if defined(SEGMENTS)
    require(context.segment(picture).size() == WIDE * HIGH, "each pixel has a class");
#endif
    Status caught = OK;
    try {
        const Model missing("/nonexistent");
    } catch (const net::Error &error) {
        caught = error.status();
        require(std::strcmp(error.what(), net::text(caught)) == 0, "errors say what the status says");
    }
    require(caught == CANNOT_READ, "a missing file throws");
    std::vector<float> parallel(output.size());
    context.run_parallel(input, parallel, [](net::Task) { throw 1; });
    require(same(parallel, output), "a pool that throws has taken nothing");
    caught = OK;
    try {
        context.run(input, net::Span<float>(output.data(), 0));
    } catch (const net::Error &error) {
        caught = error.status();
    }
    require(caught == BAD_ARGUMENT, "sizes that do not fit throw");
}
#endif

/* More than one, so that there is something to share. */
static net::Options threads_and_default()
{
    net::Options options{};
    options.threads = 3;
    return options;
}

int main(int count, char **arguments)
{
    const char *weights = count > 1 ? arguments[1] : "";
    check_owners(weights);
    Model model;
    Context context;
    require(Model::try_open(weights, model) == OK
                && Context::try_create(model, threads_and_default(), context) == OK,
            "the library opens");
    check_runs(context);
#if defined(RECIPES) || defined(DETECTS) || defined(SEGMENTS)
    check_pictures(context);
#endif
#if defined(__cpp_exceptions)
    check_exceptions(weights);
#endif
    std::puts("ok");
    return 0;
}
