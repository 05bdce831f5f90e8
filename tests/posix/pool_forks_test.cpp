// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/pool.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/warden.hpp>
#include <multiprocess/error.hpp>
#include <multiprocess/event.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

// What a forked child does with its copies of a pool and of what belongs to it, which are of no use
// there, does not touch what its parent has.

namespace multiprocess::test {
namespace {

using PoolForks = Pools;

std::string longer(const std::string& text) {
  return text + "!";
}

/// And its own thread, which has its share of everything, is gone.
void join(Pool& pool) {
  pool.close();
  pool.join();
  until([] { return detail::library_threads() == 0; });
}

TEST_P(PoolForks, AChildThatDropsAJoinedPoolLeavesItsBlocks) {
  std::optional<Pool> pool(two());
  pool->apply({.priority = 1}, longer, "one");
  join(*pool);
  const Use before = use_now();
  Child child([&] { pool.reset(); });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(use_now(), before);
}

TEST_P(PoolForks, AChildThatDropsResultsLeavesThem) {
  const std::string large(10'000, 'x');  // beside the batch
  std::optional<Pool> pool(two());
  std::optional range(pool->imap(longer, std::vector<std::string>{"1", "2", large}));
  std::optional result(pool->apply_async(longer, large));
  join(*pool);
  const Use before = use_now();
  {
    Child child([&] {
      range.reset();
      result.reset();
      pool.reset();
    });
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(use_now(), before);
  EXPECT_EQ(result->get(), large + "!");
  EXPECT_EQ(range->next(), "1!");
  EXPECT_EQ(range->next(), "2!");
  EXPECT_EQ(range->next(), large + "!");
}

/// Blocks of all sizes that a batch may have had, so that whoever writes into freed ones is seen.
class Canaries {
 public:
  Canaries() {
    for (std::size_t size = 128; size <= 1024; size += 32) {
      for (int i = 0; i < 100; ++i) {
        const detail::Offset block = detail::allocate(size);
        std::memset(detail::at<std::byte>(block), 0, size);
        blocks_.push_back({block, size});
      }
    }
  }
  ~Canaries() {
    for (const Block& each : blocks_) {
      detail::deallocate(each.block);
    }
  }
  Canaries(const Canaries&) = delete;
  Canaries& operator=(const Canaries&) = delete;

  bool are_untouched() const {
    return std::all_of(blocks_.begin(), blocks_.end(), [](const Block& each) {
      const auto* const first = detail::at<std::byte>(each.block);
      return std::all_of(first, first + each.size, [](std::byte b) { return b == std::byte{0}; });
    });
  }

 private:
  struct Block {
    detail::Offset block;
    std::size_t size;
  };
  std::vector<Block> blocks_;
};

TEST_P(PoolForks, AChildIsRefusedBeforeItWritesIntoWhatIsFreed) {
  Pool pool(two());
  const Event go;
  std::optional result(pool.apply_async(
      [go](int x) {
        go.wait();
        return x;
      },
      1));
  Gate freed;
  Child child([&] {
    freed.wait();
    EXPECT_THROW(result->fileno(), RuntimeError);
    EXPECT_THROW(result->on_result([](int) {}), RuntimeError);
    EXPECT_THROW(as_completed({*result}), RuntimeError);
  });
  go.set();
  EXPECT_EQ(result->get(), 1);
  result.reset();
  for (int i = 0; i < 300; ++i) {
    pool.apply(longer, "sweep");
  }
  const Canaries others;
  freed.open();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_TRUE(others.are_untouched());
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolForks);

}  // namespace
}  // namespace multiprocess::test
