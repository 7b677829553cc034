// A generated library on an application's own pool of threads: no thread of the library's is used, and what runs
// is decided by the pool.
//
//   hilo generate --model litv2-s --seed 1 --output litv2_s && hilo build litv2_s --team none
//   c++ -std=c++17 -Ilitv2_s/include pool.cpp -Llitv2_s/build -llitv2_s -Wl,-rpath,litv2_s/build -pthread -o pool
//   ./pool litv2_s/weights/litv2_s.safetensors
#include <litv2_s.hpp>

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace net = hilo::litv2_s;

class Pool {
public:
    explicit Pool(int count)
    {
        for (int i = 0; i < count; ++i)
            threads_.emplace_back([this] { work(); });
    }

    ~Pool()
    {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            is_ending_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_)
            thread.join();
    }

    void submit(std::function<void()> job)
    {
        {
            std::lock_guard<std::mutex> lock(mutex_);
            jobs_.push_back(std::move(job));
        }
        changed_.notify_one();
    }

private:
    void work()
    {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
            if (jobs_.empty())
                return;
            const std::function<void()> job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            lock.lock();
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::thread> threads_;
    bool is_ending_ = false;
};

int main(int argc, char **argv)
try {
    const int threads = 3;
    Pool pool(threads - 1); // and the thread that calls
    const net::Model model(argc > 1 ? argv[1] : "");
    net::Options options{};
    options.threads = threads;
    net::Context context(model, options);
    std::vector<float> input(context.resolution()->input_floats), output(context.resolution()->output_floats);
    for (std::size_t i = 0; i < input.size(); ++i)
        input[i] = static_cast<float>(i % 251) / 125 - 1;
    context.run_parallel(input, output, [&pool](net::Task task) { pool.submit(task); });
    std::printf("%s\n", output == context.run(input) ? "the same bits as without the pool" : "other bits");
    return output == context.run(input) ? 0 : 1;
} catch (const std::exception &error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
}
