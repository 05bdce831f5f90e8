// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/raw_array.hpp>

#include "chaos/chaos.hpp"
#include "support/sanitizer.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

// Kills workers at random while calls of every kind are made, and accounts for every item of each.

namespace multiprocess::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t most_items = 400;
constexpr auto deadline = 30s;

/// The result of an item: which it is, and how often it had been begun by then.
struct Answer {
  std::uint32_t item = 0;
  std::uint32_t time = 0;
};

std::string encode(Answer answer) {
  return std::to_string(answer.item) + " " + std::to_string(answer.time) + " " +
         std::string(answer.item * 37 % 3000, 'x');
}
Answer decode(Answer answer) {
  return answer;
}
Answer decode(const std::string& text) {
  Answer answer;
  std::size_t end = 0;
  answer.item = static_cast<std::uint32_t>(std::stoul(text, &end));
  answer.time = static_cast<std::uint32_t>(std::stoul(text.substr(end)));
  EXPECT_EQ(text, encode(answer)) << "torn";
  return answer;
}

/// What is done with items, in workers: notes that it was begun, and that nothing is left to do but
/// to hand over the result.
template <class Result>
struct Work {
  RawArray<std::atomic<std::uint32_t>> begun;
  RawArray<std::atomic<std::uint32_t>> worked_out;

  Result operator()(std::uint32_t item) const {
    const Answer answer{item, ++begun[item]};
    if (item % 8 == 0) {
      std::this_thread::sleep_for(200us);
    }
    ++worked_out[item];
    if constexpr (std::is_same_v<Result, Answer>) {
      return answer;
    } else {
      return encode(answer);
    }
  }
};

/// One call of many items, or many of one, and what becomes of each item.
template <class Result>
class Round {
 public:
  explicit Round(int retries) : retries_(retries), input_(most_items), answers_(most_items) {
    std::iota(input_.begin(), input_.end(), 0u);
  }

  Work<Result> work() const { return work_; }
  const std::vector<std::uint32_t>& input() const { return input_; }
  int retries() const { return retries_; }

  void note(const Result& result) {
    const Answer answer = decode(result);
    ASSERT_LT(answer.item, most_items);
    EXPECT_FALSE(answers_[answer.item]) << "delivered twice";
    answers_[answer.item] = answer;
    ++delivered_;
  }
  /// What has come for this item.
  void note(std::uint32_t item, const Result& result) {
    EXPECT_EQ(decode(result).item, item);
    note(result);
  }
  void note_lost(std::uint64_t items = 1) { lost_ += items; }
  /// As Python: some are lost, and the caller gets none.
  void note_failed_call(std::uint64_t lost) {
    EXPECT_GE(lost, 1u);
    lost_ = lost;
    withheld_ = true;
  }

  /// All has come to its end, and nobody works on it any more; so many workers have died meanwhile.
  void check(std::uint64_t died) const {
    std::uint64_t done_again = 0;
    std::uint64_t not_worked_out = 0;
    for (std::uint32_t i = 0; i < most_items; ++i) {
      const std::uint32_t times = work_.begun[i];
      done_again += times == 0 ? 0 : times - 1;
      not_worked_out += work_.worked_out[i] == 0 ? 1 : 0;
      EXPECT_LE(times, static_cast<std::uint32_t>(retries_) + 1);
      if (answers_[i]) {
        EXPECT_EQ(answers_[i]->time, times) << "done again although its result was there";
      }
    }
    if (!withheld_) {
      EXPECT_EQ(delivered_ + lost_, most_items);
    }
    EXPECT_LE(not_worked_out, lost_) << "left out";
    EXPECT_LE(lost_ + done_again, died) << "each death costs one item, or one try of it";
    if (retries_ != 0) {
      EXPECT_EQ(lost_, 0u) << "it could have been tried again";
    }
    totals.acknowledged += most_items;
    totals.received += delivered_;
    totals.in_hand += lost_;
  }

 private:
  int retries_;
  std::vector<std::uint32_t> input_;
  std::vector<std::optional<Answer>> answers_;
  std::uint64_t delivered_ = 0;
  std::uint64_t lost_ = 0;
  bool withheld_ = false;
  Work<Result> work_{RawArray<std::atomic<std::uint32_t>>(most_items),
                     RawArray<std::atomic<std::uint32_t>>(most_items)};
};

template <class Result>
void map(Pool& pool, Round<Result>& round, std::optional<std::ptrdiff_t> chunksize) {
  const std::uint64_t failed_before = pool.stats().failed;
  try {
    const MapOptions options{.chunksize = chunksize, .retries = round.retries()};
    const auto results = pool.map_async(round.work(), round.input(), options).get(deadline);
    for (std::uint32_t i = 0; i < most_items; ++i) {
      round.note(i, results.at(i));
    }
  } catch (const WorkerDied&) {
    round.note_failed_call(pool.stats().failed - failed_before);
  }
}

enum class Order { of_the_input, any };

template <class Results, class Result>
void take_all(Results results, Round<Result>& round, Order order) {
  bool more = true;
  for (std::uint32_t item = 0; more; ++item) {
    try {
      const std::optional<Result> result = results.next(deadline);
      more = result.has_value();
      if (more && order == Order::of_the_input) {
        round.note(item, *result);
      } else if (more) {
        round.note(*result);
      }
    } catch (const WorkerDied&) {
      round.note_lost();
    }
  }
}

template <class Result>
void apply(Pool& pool, Round<Result>& round) {
  std::vector<AsyncResult<Result>> results;
  std::atomic<std::uint32_t> called{0};
  const TaskOptions options{.retries = round.retries()};
  for (const std::uint32_t item : round.input()) {
    results.push_back(pool.apply_async(options, round.work(), item));
    if (item % 3 == 0) {
      results.back().on_result([&](const Result&) { ++called; });
      results.back().on_error([&](const std::exception_ptr&) { ++called; });
    }
  }
  for (const std::uint32_t item : round.input()) {
    try {
      round.note(item, results[item].get(deadline));
    } catch (const WorkerDied&) {
      round.note_lost();
    }
  }
  EXPECT_EQ(called, (results.size() + 2) / 3);
}

template <class Result>
void imap(Pool& pool, Round<Result>& round) {
  take_all(pool.imap(round.work(), round.input(), {.retries = round.retries()}), round,
           Order::of_the_input);
}
template <class Result>
void imap_unordered(Pool& pool, Round<Result>& round) {
  const MapOptions options{.chunksize = 5, .retries = round.retries()};
  take_all(pool.imap_unordered(round.work(), round.input(), options), round, Order::any);
}
template <class Result>
void map_in_large_chunks(Pool& pool, Round<Result>& round) {
  map(pool, round, std::nullopt);
}
template <class Result>
void map_one_by_one(Pool& pool, Round<Result>& round) {
  map(pool, round, 1);
}

/// Makes a call, and accounts for all of its items.
template <class Result>
void make(void (*call)(Pool&, Round<Result>&), Pool& pool, int retries) {
  Round<Result> round(retries);
  const std::uint64_t died_before = pool.stats().workers_died;
  call(pool, round);
  round.check(pool.stats().workers_died - died_before);
}

/// Who has begun to work: what kills each new worker before would look like a broken pool.
using Ready = RawArray<std::atomic<int>>;

std::atomic<int>& place_of(const Ready& ready, int pid) {
  return ready[static_cast<std::size_t>(pid % ready.size())];
}

/// A fork of a process with a sanitizer's memory takes long.
std::uint64_t kills(std::uint64_t number) {
  return scaled(sanitizer == Sanitizer::none ? number : number / 10);
}

class PoolChaos : public Chaos {
 protected:
  /// Makes calls, with retries every other time, while workers are killed.
  template <class Result>
  void run(StartMethod method, std::uint64_t wanted, void (*call)(Pool&, Round<Result>&)) {
    if (under_thread_sanitizer && !std::is_same_v<Result, Answer>) {
      GTEST_SKIP() << "memory of messages goes from one thread to another by way of a worker, "
                      "where the sanitizer does not see it";
    }
    PoolOptions options;
    options.processes = 4;
    options.start_method = method;
    const Ready ready(4096);
    Pool pool(
        options, [](const Ready& all) { place_of(all, getpid()) = getpid(); }, ready);
    std::atomic<bool> enough{false};
    std::thread caller([&] {
      for (int i = 0; !enough; ++i) {
        make(call, pool, i % 2 == 0 ? 0 : 20);
      }
    });
    const std::uint64_t kills = kill_workers(pool, ready, wanted);
    enough = true;
    caller.join();
    make(call, pool, 20);
    pool.close();
    pool.join();
    EXPECT_LE(pool.stats().workers_died, kills) << "nobody died of anything else";
    totals.kills += pool.stats().workers_died;
  }

 private:
  /// How many were told to die; some were dying already.
  std::uint64_t kill_workers(const Pool& pool, const Ready& ready, std::uint64_t wanted) {
    std::uint64_t kills = 0;
    while (pool.stats().workers_died < wanted && !HasFailure()) {
      std::this_thread::sleep_for(std::chrono::microseconds(between(random_, 0, 3'000)));
      const std::vector<int> pids = pool.pids();
      if (pids.empty()) {
        continue;
      }
      const int pid = pids[between(random_, 0, static_cast<std::uint32_t>(pids.size()) - 1)];
      if (place_of(ready, pid) == pid || between(random_, 0, 7) == 0) {
        kills += kill(pid, SIGKILL) == 0 ? 1 : 0;
      }
    }
    return kills;
  }
};

TEST_F(PoolChaos, Map) {
  run<Answer>(StartMethod::fork, kills(700), &map_in_large_chunks);
}
TEST_F(PoolChaos, MapOneByOne) {
  run<Answer>(StartMethod::fork, kills(700), &map_one_by_one);
}
TEST_F(PoolChaos, MapOfEncodedResults) {
  run<std::string>(StartMethod::fork, kills(700), &map_one_by_one);
}
TEST_F(PoolChaos, Imap) {
  run<Answer>(StartMethod::fork, kills(700), &imap);
}
TEST_F(PoolChaos, ImapOfEncodedResults) {
  run<std::string>(StartMethod::fork, kills(700), &imap);
}
TEST_F(PoolChaos, ImapUnordered) {
  run<std::string>(StartMethod::fork, kills(700), &imap_unordered);
}
TEST_F(PoolChaos, Apply) {
  run<Answer>(StartMethod::fork, kills(700), &apply);
}
TEST_F(PoolChaos, ApplyOfEncodedResults) {
  run<std::string>(StartMethod::fork, kills(500), &apply);
}
TEST_F(PoolChaos, MapWithSpawnedWorkers) {
  run<Answer>(StartMethod::spawn, kills(30), &map_in_large_chunks);
}
TEST_F(PoolChaos, ImapWithSpawnedWorkers) {
  run<std::string>(StartMethod::spawn, kills(30), &imap);
}
TEST_F(PoolChaos, ImapUnorderedWithSpawnedWorkers) {
  run<std::string>(StartMethod::spawn, kills(30), &imap_unordered);
}
TEST_F(PoolChaos, ApplyWithSpawnedWorkers) {
  run<std::string>(StartMethod::spawn, kills(30), &apply);
}

/// The server is no worker: it goes before memory is counted.
class ForkServerPoolChaos : public PoolChaos {
 protected:
  void TearDown() override {
    detail::stop_server();
    PoolChaos::TearDown();
  }
};

TEST_F(ForkServerPoolChaos, Map) {
  run<Answer>(StartMethod::forkserver, kills(80), &map_one_by_one);
}
TEST_F(ForkServerPoolChaos, Imap) {
  run<std::string>(StartMethod::forkserver, kills(80), &imap);
}
TEST_F(ForkServerPoolChaos, Apply) {
  run<std::string>(StartMethod::forkserver, kills(80), &apply);
}

}  // namespace
}  // namespace multiprocess::test
