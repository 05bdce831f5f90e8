// SPDX-License-Identifier: BSD-3-Clause
// How much shared memory pools use, and for how long.
#include <multiprocess/pool.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/value.hpp>

#include "support/arena_use.hpp"
#include "support/pools.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace mp = multiprocess;
using mp::detail::HeapUse;

namespace {

/// Texts of so many characters, for ever; counts how many were read.
class Texts {
 public:
  Texts(std::size_t size, int& read) : size_(size), read_(&read) {}

  struct Iterator {
    using value_type = std::string;
    using difference_type = std::ptrdiff_t;

    std::string operator*() const {
      ++*all->read_;
      return std::string(all->size_, 'x');
    }
    Iterator& operator++() { return *this; }
    void operator++(int) {}
    friend bool operator==(const Iterator&, std::default_sentinel_t) { return false; }

    const Texts* all;
  };
  Iterator begin() const { return {this}; }
  std::default_sentinel_t end() const { return {}; }

 private:
  std::size_t size_;
  int* read_;
};

/// The most of each.
void note(HeapUse& most) {
  const HeapUse now = mp::detail::heap_use();
  most.parts = std::max(most.parts, now.parts);
  most.bytes = std::max(most.bytes, now.bytes);
}

struct Input {
  std::size_t size;
  int items;
  bool ordered = true;
};

/// The most that is in use while the results of an imap are taken slowly: not before the workers
/// have done all that was read.
HeapUse most_in_use(mp::Pool& pool, Input input) {
  const mp::Value<int> done;
  const auto task = [done](const std::string& text) {
    done.with_lock([](int& count) { ++count; });
    return text;
  };
  int read = 0;
  Texts texts(input.size, read);
  auto results = input.ordered ? pool.imap(task, std::move(texts), {.buffersize = 20})
                               : pool.imap_unordered(task, std::move(texts), {.buffersize = 20});
  HeapUse most;
  for (int i = 0; i < input.items; ++i) {
    EXPECT_EQ(results.next(mp::test::plenty)->size(), input.size);
    mp::test::until([&] { return done.value() == read; });
    if (i % 20 == 0) {
      note(most);
    }
  }
  return most;
}

class PoolMemory : public mp::test::Pools {};

TEST_P(PoolMemory, OfAnImapIsTheSameForMoreItems) {
  for (const bool ordered : {true, false}) {
    mp::Pool pool(two());
    const HeapUse few = most_in_use(pool, {2000, 600, ordered});
    const HeapUse many = most_in_use(pool, {2000, 6000, ordered});
    EXPECT_LE(many.parts, 2 * few.parts) << "how late each is freed varies";
    EXPECT_LE(many.bytes, 2 * few.bytes);
  }
}

TEST_P(PoolMemory, OfAnImapIsThatOfTheItemsThatItHasInHand) {
  mp::Pool pool(two());
  constexpr std::size_t size = 400'000;
  const HeapUse most = most_in_use(pool, {size, 150});
  EXPECT_LE(most.bytes, 2 * 40 * size) << "an input and a result of each";
}

TEST_P(PoolMemory, OfACallIsFreedWhenTheCallIsOver) {
  mp::Pool pool(two());
  constexpr std::size_t size = 4'000'000;
  const auto length = [](const std::string& text) { return text.size(); };
  const std::string text(size, 'x');
  const std::vector<std::string> texts(10, std::string(size / 10, 'x'));
  HeapUse most;
  for (int i = 0; i < 15; ++i) {
    EXPECT_EQ(pool.apply(length, text), size);
    note(most);
    EXPECT_EQ(pool.map(length, texts)[9], size / 10);
    note(most);
  }
  EXPECT_LE(most.bytes, 5 * size);
}

MULTIPROCESS_FOR_EACH_START_METHOD(PoolMemory);

}  // namespace
