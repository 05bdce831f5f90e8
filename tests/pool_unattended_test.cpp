// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/detail/os/info.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>
#include <multiprocess/process.hpp>
#include <multiprocess/queue.hpp>
#include <multiprocess/value.hpp>

#include "support/child.hpp"
#include "support/pools.hpp"
#include "support/signals.hpp"
#include "support/tasks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

// What becomes of calls whose results nobody has, while nobody asks the pool for anything.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

int pid() {
  return current_process().pid();
}
int hang() {
  return Queue<int>().get();
}
int say_who_hangs(const Queue<int>& pids) {
  pids.put(pid());
  return hang();
}
/// The first `times` times that it is called.
int end_worker(const Value<int>& times, int x) {
  if (times.with_lock([](int& left) { return left-- > 0; })) {
    die();
  }
  return x;
}
int grow() {
  static std::vector<char> kept;
  kept.assign(std::size_t{256} << 20, 'x');
  return pid();
}

std::string text_of(int result) {
  return std::to_string(result);
}
std::string text_of(const std::vector<int>& results) {
  return std::to_string(results.size()) + " results";
}
std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const TaskTimeout&) {
    return "TaskTimeout";
  } catch (const WorkerDied&) {
    return "WorkerDied";
  } catch (const BrokenProcessPool& broken) {
    try {
      std::rethrow_if_nested(broken);
    } catch (const std::exception& cause) {
      return std::string("BrokenProcessPool: ") + cause.what();
    }
  } catch (...) {
  }
  return "another exception";
}

class PoolUnattended : public Pools {
 protected:
  using Outcomes = std::multiset<std::string>;

  /// What becomes of a call is told, and nobody has its result any more.
  template <class R>
  void tell(const AsyncResult<R>& result) const {
    result.on_result([told = told_](const R& value) { told.put(text_of(value)); });
    result.on_error([told = told_](const std::exception_ptr& error) { told.put(text_of(error)); });
  }
  std::string next_told() const { return told_.get(plenty); }
  /// What is tried again comes behind the others.
  Outcomes told(int count) const {
    Outcomes outcomes;
    for (int i = 0; i < count; ++i) {
      outcomes.insert(next_told());
    }
    return outcomes;
  }

  /// The only worker does nothing else until the gate is open: nothing is ready when it is told of.
  void hold_up(Pool& pool) const {
    pool.apply_async([gate = gate_] { gate.wait(); });
  }

  Event gate_;

 private:
  Queue<std::string> told_;
};

TEST_P(PoolUnattended, TimeRunsOut) {
  Pool pool(of(1));
  hold_up(pool);
  tell(pool.apply_async({.task_timeout = 30ms}, hang));
  tell(pool.apply_async({.task_timeout = 30ms, .grace = plenty}, wait_to_be_asked));
  tell(pool.apply_async(square, 3));
  gate_.set();
  EXPECT_EQ(told(3), (Outcomes{"TaskTimeout", "TaskTimeout", "9"}));
}

TEST_P(PoolUnattended, WorkersAreKilled) {
  Pool pool(of(1));
  const Queue<int> pids;
  tell(pool.apply_async(say_who_hangs, pids));
  tell(pool.map_async([pids](int x) { return x == 2 ? say_who_hangs(pids) : x; }, {1, 2, 3},
                      {.chunksize = 3}));
  tell(pool.map_async(square, {1, 2, 3}));
  kill_process(pids.get(plenty));
  kill_process(pids.get(plenty));
  EXPECT_EQ(told(3), (Outcomes{"WorkerDied", "WorkerDied", "3 results"}));
}

TEST_P(PoolUnattended, AWorkerWithoutATaskIsReplaced) {
  const Queue<int> pids;
  const Pool pool(of(1), [pids] { pids.put(pid()); });
  const int first = pids.get(plenty);
  kill_process(first);
  EXPECT_NE(pids.get(plenty), first);
}

TEST_P(PoolUnattended, LostItemsAreTriedAgain) {
  Pool pool(of(1));
  hold_up(pool);
  tell(pool.apply_async({.retries = 2}, end_worker, Value<int>(2), 5));
  tell(pool.apply_async({.retries = 1}, end_worker, Value<int>(100), 5));
  tell(pool.apply_async({.task_timeout = 30ms, .retries = 1}, hang));
  tell(pool.apply_async(square, 3));
  gate_.set();
  EXPECT_EQ(told(4), (Outcomes{"5", "WorkerDied", "TaskTimeout", "9"}));
}

TEST_P(PoolUnattended, AWorkerThatGrowsRetires) {
  PoolOptions options = of(1);
  options.max_memory_per_child = detail::os::private_memory() + (std::size_t{64} << 20);
  Pool pool(options);
  hold_up(pool);
  tell(pool.apply_async(pid));
  tell(pool.apply_async(grow));
  tell(pool.apply_async(pid));
  gate_.set();
  const std::string first = next_told();
  EXPECT_EQ(next_told(), first);
  const std::string successor = next_told();
  EXPECT_NE(successor, first);
  EXPECT_NE(successor, "another exception");
}

TEST_P(PoolUnattended, AnInitializerFails) {
  Pool pool(of(2), [gate = gate_] {
    gate.wait();
    throw std::runtime_error("no licence");
  });
  tell(pool.apply_async(square, 1));
  tell(pool.map_async(square, {1, 2, 3}));
  gate_.set();
  const std::string broken = "BrokenProcessPool: no licence";
  EXPECT_EQ(told(2), (Outcomes{broken, broken}));
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolUnattended);

}  // namespace
}  // namespace multiprocess::test
