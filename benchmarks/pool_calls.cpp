// SPDX-License-Identifier: BSD-3-Clause
// Single calls of a function, and a large result.
#include "harness/crew.hpp"
#include "peers/thread_pool.hpp"
#include "pool_cases.hpp"
#include "transfer.hpp"

#include <multiprocess/process.hpp>

#include <future>
#include <memory>
#include <utility>

namespace bench {

namespace {

namespace mp = multiprocess;

const std::vector<Placement> placements{Placement::free, Placement::same};

constexpr int many = 20'000;
constexpr std::size_t large_size = std::size_t{64} << 20;

double round_trips(mp::Pool& pool) {
  require(pool.apply(same, 3) == 3, "apply");
  return each(scaled(many), [&] { return pool.apply(same, 3); });
}

/// Processes that compute all the time, two for each CPU.
class Strangers {
 public:
  Strangers() {
    for (int i = 0; i < 4; ++i) {
      processes_.emplace_back(mp::ProcessOptions{.start_method = mp::StartMethod::fork}, compute)
          .start();
    }
  }
  ~Strangers() {
    for (mp::Process& process : processes_) {
      process.kill();
      process.join();
    }
  }
  Strangers(const Strangers&) = delete;
  Strangers& operator=(const Strangers&) = delete;

 private:
  [[noreturn]] static void compute() {
    for (volatile unsigned i = 0;;) {
      i = i + 1;
    }
  }

  std::vector<mp::Process> processes_;
};

Contender among_strangers(Contender contender) {
  return {contender.name, [repeat = std::move(contender.repeat)](Placement placement) {
            const Strangers strangers;
            return repeat(placement);
          }};
}

void add_busy_machine(Suite& suite) {
  suite.add({.name = "apply, busy machine",
             .placements = {Placement::free},
             .contenders = [&suite]() -> std::vector<Contender> {
               return {among_strangers(with_pool(std::string(ours),
                                                 [](mp::Pool& pool) {
                                                   return each(scaled(300),
                                                               [&] { return pool.apply(same, 3); });
                                                 })),
                       among_strangers(suite.python("apply, busy machine"))};
             }});
}

/// All are asked for before the first is waited for.
template <class Submit>
double later(Submit submit) {
  const int count = scaled(many);
  const double time = each(1, [&] {
    std::vector<decltype(submit(0))> results;
    for (int i = 0; i < count; ++i) {
      results.push_back(submit(i));
    }
    for (int i = 0; i < count; ++i) {
      require(results[static_cast<std::size_t>(i)].get() == i, "apply_async");
    }
    return results;
  });
  return time / count;
}

std::future<int> submit(ThreadPool& pool, int x) {
  const auto task = std::make_shared<std::packaged_task<int()>>([x] { return same(x); });
  pool.submit([task] { (*task)(); });
  return task->get_future();
}

/// A process of its own, where `work` is given the threads.
Contender with_threads(double (*work)(ThreadPool&)) {
  return {"threads", [work](Placement placement) {
            return apart(placement, [work] {
              ThreadPool pool(2);
              return work(pool);
            });
          }};
}

/// Made before there are workers, which inherit it.
const Bytes& large() {
  static const Bytes bytes(large_size, std::byte{7});
  return bytes;
}

double large_results(mp::Pool& pool) {
  return each(scaled(4), [&] {
    Bytes bytes = pool.apply(large);
    require(bytes.size() == large_size && bytes.back() == std::byte{7}, "bytes");
    return bytes;
  });
}

}  // namespace

void add_calls(Suite& suite) {
  suite.add({.name = "apply",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               return {with_pool(std::string(ours), round_trips), suite.python("apply"),
                       with_threads([](ThreadPool& pool) {
                         return each(scaled(many), [&] { return submit(pool, 3).get(); });
                       })};
             }});
  add_busy_machine(suite);
  suite.add({.name = "apply_async 20k",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               return {with_pool(std::string(ours),
                                 [](mp::Pool& pool) {
                                   return later([&](int i) { return pool.apply_async(same, i); });
                                 }),
                       suite.python("apply_async 20k"), with_threads([](ThreadPool& pool) {
                         return later([&](int i) { return submit(pool, i); });
                       })};
             }});
  suite.add({.name = "result 64 MiB",
             .placements = placements,
             .contenders = [&suite]() -> std::vector<Contender> {
               large();
               return {with_pool(std::string(ours), large_results), suite.python("result 64 MiB"),
                       copying({"64 MiB", large_size, 4})};
             },
             .bytes = static_cast<double>(large_size)});
}

}  // namespace bench
