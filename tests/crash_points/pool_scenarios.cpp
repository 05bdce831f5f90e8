// SPDX-License-Identifier: BSD-3-Clause
#include "crash_points/play.hpp"
#include "crash_points/recorder.hpp"

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/participants.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/pool.hpp>
#include <multiprocess/register_exception.hpp>

#include "support/arena_use.hpp"
#include "support/forked.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::test {

namespace {

using namespace std::chrono_literals;

enum class Victim { worker, owner };

/// How many workers have begun; where the first one becomes the victim.
SharedPage<std::atomic<int>> begun;
std::function<void()> become_victim;

void join_in() {
  if (begun->fetch_add(1) == 0 && become_victim) {
    become_victim();
  } else {
    never_die();
  }
}

void join_in_vain() {
  join_in();
  if (*begun == 1) {
    throw std::domain_error("the first one");
  }
}

void never_join_in() {
  throw std::domain_error("no one");
}

// Tasks.

int twice(int n) {
  return 2 * n;
}
std::string name_of(int n) {
  return std::string(static_cast<std::size_t>(50 * n), 'x');
}
/// Copied along while it is written.
std::vector<int> all_of_one_worker() {
  return std::vector<int>(300'000, getpid());
}
void fail(int) {
  throw std::domain_error("a task");
}
bool asked_to_stop(std::stop_token stop) {
  while (!stop.stop_requested()) {
    std::this_thread::yield();
  }
  return true;
}
/// The first time.
void die() {
  if (begun->exchange(100) < 100) {
    kill(getpid(), SIGKILL);
  }
}
/// There is no memory to write it to.
struct Unspeakable : std::runtime_error {
  Unspeakable() : std::runtime_error("unspeakable") {}
  template <class Archive>
  void serialize(Archive&) {
    throw std::bad_alloc();
  }
};
const auto token = register_exception<Unspeakable>();
void fail_without_memory() {
  throw Unspeakable();
}

/// What a pool is asked for. One item may be lost, and nothing else: none where it is tried again.
class Calls {
 public:
  explicit Calls(Pool& pool) : pool_(pool) {}
  ~Calls() { EXPECT_LE(lost_, 1); }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  void map_again() {
    const MapOptions again{.chunksize = 1, .retries = 1};
    EXPECT_EQ(pool_.map(twice, {1, 2, 3, 4, 5}, again), (std::vector{2, 4, 6, 8, 10}));
    EXPECT_EQ(pool_.map(name_of, {1, 2, 3}, again),
              (std::vector{name_of(1), name_of(2), name_of(3)}));
    EXPECT_THROW(pool_.map(fail, {1, 2, 3}, again), std::domain_error);
  }

  void map_once() {
    may_lose([&] { EXPECT_EQ(pool_.map(twice, {1, 2, 3, 4}), (std::vector{2, 4, 6, 8})); });
    may_lose([&] {
      const std::vector<std::string> names = pool_.map(name_of, {1, 2, 3, 4}, {.chunksize = 2});
      EXPECT_EQ(names.back(), name_of(4));
    });
  }

  void go_through() {
    auto numbers = pool_.imap(twice, {1, 2, 3, 4, 5, 6});
    for (int n = 1; n <= 6; ++n) {
      may_lose([&] { EXPECT_EQ(numbers.next(5s), 2 * n); });
    }
    EXPECT_EQ(numbers.next(5s), std::nullopt);
    auto failures = pool_.imap_unordered(fail, {1, 2, 3}, {.chunksize = 2});
    for (int n = 1; n <= 3; ++n) {
      may_lose([&] { expect_failure<std::domain_error>([&] { failures.next(5s); }); });
    }
  }

  void apply() {
    std::vector<AsyncResult<int>> results;
    for (int n = 0; n < 5; ++n) {
      results.push_back(pool_.apply_async(twice, n));
    }
    results.push_back(pool_.apply_async(TaskOptions{.priority = 1}, twice, 5));
    for (int n = 0; n <= 5; ++n) {
      may_lose([&] { EXPECT_EQ(results[static_cast<std::size_t>(n)].get(5s), 2 * n); });
    }
    may_lose([&] { EXPECT_EQ(pool_.apply(name_of, 3), name_of(3)); });
    std::atomic<bool> called{false};
    pool_.apply_async(TaskOptions{.retries = 1}, twice, 3).on_result([&](int) { called = true; });
    until([&] { return called.load(); });
  }

  void want_large() {
    const auto expect_whole = [](const std::vector<int>& value) {
      EXPECT_EQ(value, std::vector<int>(300'000, value.at(0))) << "two workers' mixed";
    };
    may_lose([&] { expect_whole(pool_.apply(all_of_one_worker)); });
    expect_whole(pool_.apply(TaskOptions{.retries = 1}, all_of_one_worker));
  }

  void want_memory() {
    EXPECT_THROW(pool_.apply(TaskOptions{.retries = 1}, fail_without_memory), std::bad_alloc);
  }

  /// A worker that was killed does not wait for the time to be over.
  void want_an_end() {
    const TaskOptions soon{.task_timeout = 10ms, .grace = 5s};
    may_lose([&] { expect_failure<TaskTimeout>([&] { pool_.apply(soon, asked_to_stop); }); });
  }

  void lose_a_worker() { pool_.apply(TaskOptions{.retries = 1}, die); }

  void cancel() {
    const auto result = pool_.map_async(twice, {1, 2, 3, 4}, {.chunksize = 1});
    result.cancel();
    EXPECT_TRUE(result.ready());
  }

 private:
  template <class Error, class Call>
  static void expect_failure(Call call) {
    try {
      call();
      ADD_FAILURE() << "no exception";
    } catch (const Error&) {
    }
  }

  template <class Call>
  void may_lose(Call call) {
    try {
      call();
    } catch (const WorkerDied&) {
      ++lost_;
    }
  }

  Pool& pool_;
  int lost_ = 0;
};

void everything(Pool& pool) {
  Calls calls(pool);
  calls.map_again();
  calls.map_once();
  calls.go_through();
  calls.apply();
  calls.cancel();
}
void more_than_there_is(Pool& pool) {
  Calls(pool).want_memory();
}
void large_values(Pool& pool) {
  Calls(pool).want_large();
}
void ends(Pool& pool) {
  Calls calls(pool);
  calls.want_an_end();
  calls.cancel();
}
void losses(Pool& pool) {
  Calls(pool).lose_a_worker();
  pool.terminate();
}
void nothing_at_all(Pool& pool) {
  EXPECT_THROW(pool.apply(twice, 1), std::exception);
}
void few_at_a_time(Pool& pool) {
  pool.at_worker_exit([] {});
  Calls calls(pool);
  calls.map_again();
  calls.apply();
}

struct Part {
  Victim victim = Victim::worker;
  int workers = 1;
  std::optional<std::ptrdiff_t> maxtasksperchild = std::nullopt;
  void (*initializer)() = &join_in;
  void (*calls)(Pool&) = &everything;
};

/// A process that makes a pool, asks it for something and sees that it gets it. Either that is the
/// victim, and its workers follow it, or the first of these is, and is replaced.
class PoolPlay final : public Play {
 public:
  explicit PoolPlay(Part part) : part_(part) {}

  void play(const std::function<void()>& begin) override {
    *begun = 0;
    if (part_.victim == Victim::owner) {
      pthread_atfork(nullptr, nullptr, &never_die);  // its workers are none, from their first step
      begin();
    } else {
      become_victim = begin;
    }
    victim();
  }

  void victim() override {
    PoolOptions options;
    options.processes = part_.workers;
    options.start_method = StartMethod::fork;
    options.maxtasksperchild = part_.maxtasksperchild;
    Pool pool(options, part_.initializer);
    part_.calls(pool);
    pool.close();
    pool.join();
  }
  void next_victim() override {}

  /// The workers hold what there is until they have ended.
  void check() override {
    const auto end = std::chrono::steady_clock::now() + 1s;
    while (detail::heap_use().objects != 0 && std::chrono::steady_clock::now() < end) {
      notice_deaths();
    }
  }

 private:
  Part part_;
};

Scenario scenario(const char* name, Part part, std::vector<std::string> files) {
  return {name, [part] { return std::make_unique<PoolPlay>(part); }, {}, std::move(files)};
}

}  // namespace

std::vector<Scenario> pool_scenarios() {
  const std::vector<std::string> of_workers{"batch.cpp",     "board.cpp",      "chunk_run.cpp",
                                            "chunk_run.hpp", "stop_watch.cpp", "worker.cpp"};
  const std::vector<std::string> of_owners{
      "batch.cpp",        "board.cpp",       "lanes.cpp",        "order.cpp",
      "participants.cpp", "pool_engine.cpp", "pool_service.cpp", "pool_workers.cpp"};
  return {
      scenario("a worker alone", {}, of_workers),
      scenario("a worker among others", {.workers = 2}, of_workers),
      scenario("a worker that retires", {.maxtasksperchild = 2, .calls = &few_at_a_time},
               of_workers),
      scenario("a worker that fails to begin", {.initializer = &join_in_vain}, of_workers),
      scenario("a worker without memory", {.calls = &more_than_there_is}, of_workers),
      scenario("a worker with a large value", {.calls = &large_values},
               {"chunk_run.cpp", "message.cpp"}),
      scenario("a worker that is asked to stop", {.calls = &ends}, of_workers),
      scenario("a pool", {.victim = Victim::owner, .workers = 2}, of_owners),
      scenario("a pool that asks a task to stop", {.victim = Victim::owner, .calls = &ends},
               of_owners),
      scenario("a pool that loses a worker", {.victim = Victim::owner, .calls = &losses},
               of_owners),
      scenario("a pool whose worker fails to begin",
               {.victim = Victim::owner, .initializer = &join_in_vain}, of_owners),
      scenario("a pool that cannot work",
               {.victim = Victim::owner, .initializer = &never_join_in, .calls = &nothing_at_all},
               of_owners),
      scenario("a pool that replaces workers",
               {.victim = Victim::owner, .maxtasksperchild = 2, .calls = &few_at_a_time},
               of_owners),
  };
}

}  // namespace multiprocess::test
