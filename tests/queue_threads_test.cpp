// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/queue.hpp>

#include <multiprocess/error.hpp>
#include <multiprocess/lock.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

namespace mp = multiprocess;
using namespace std::chrono_literals;
using mp::test::in_threads;

namespace {

struct Item {
  int producer;
  int number;
  std::string text;
};

/// Half of the threads put `each` items, the other half takes them: every item arrives once, and
/// those of one producer reach each consumer in order.
template <class T>
void pass_items(const mp::Queue<T>& queue, int pairs, int each, T (*make)(int, int),
                std::pair<int, int> (*read)(const T&)) {
  std::vector<std::vector<std::atomic<int>>> seen(static_cast<std::size_t>(pairs));
  for (auto& row : seen) {
    row = std::vector<std::atomic<int>>(static_cast<std::size_t>(each));
  }
  in_threads(2 * pairs, [&](int thread) {
    if (thread < pairs) {
      for (int i = 0; i < each; ++i) {
        queue.put(make(thread, i));
      }
      return;
    }
    std::vector<int> last(static_cast<std::size_t>(pairs), -1);
    for (int i = 0; i < each; ++i) {
      const auto [producer, number] = read(queue.get());
      ASSERT_GT(number, last[static_cast<std::size_t>(producer)]);
      last[static_cast<std::size_t>(producer)] = number;
      ++seen[static_cast<std::size_t>(producer)][static_cast<std::size_t>(number)];
    }
  });
  for (const auto& row : seen) {
    for (const auto& count : row) {
      ASSERT_EQ(count.load(), 1);
    }
  }
  EXPECT_TRUE(queue.empty());
}

std::array<int, 2> make_plain(int producer, int number) {
  return {producer, number};
}
std::pair<int, int> read_plain(const std::array<int, 2>& item) {
  return {item[0], item[1]};
}

Item make_item(int producer, int number) {
  return {producer, number, std::string(static_cast<std::size_t>(number * 7 % 300), 'x')};
}
std::pair<int, int> read_item(const Item& item) {
  EXPECT_EQ(item.text.size(), static_cast<std::size_t>(item.number * 7 % 300));
  return {item.producer, item.number};
}

std::vector<int> make_large(int producer, int number) {
  std::vector<int> large(static_cast<std::size_t>(1 + number % 5 * 20'000), number);
  large.front() = producer;
  large.push_back(number);
  return large;
}
std::pair<int, int> read_large(const std::vector<int>& item) {
  for (std::size_t i = 1; i < item.size(); ++i) {
    if (item[i] != item.back()) {
      ADD_FAILURE() << "torn at " << i;
      break;
    }
  }
  return {item.front(), item.back()};
}

TEST(QueueThreads, PassPlainItems) {
  pass_items<std::array<int, 2>>({}, 3, 10'000, &make_plain, &read_plain);
}

TEST(QueueThreads, PassPlainItemsThroughANarrowQueue) {
  for (const std::ptrdiff_t size : {1, 2, 7}) {
    pass_items<std::array<int, 2>>(mp::Queue<std::array<int, 2>>(size), 2, 2000, &make_plain,
                                   &read_plain);
  }
}

TEST(QueueThreads, PassEncodedItems) {
  pass_items<Item>({}, 3, 3000, &make_item, &read_item);
  pass_items<Item>(mp::Queue<Item>(2), 2, 1000, &make_item, &read_item);
}

TEST(QueueThreads, PassLargeItems) {
  pass_items<std::vector<int>>({}, 2, 60, &make_large, &read_large);
  pass_items<std::vector<int>>(mp::Queue<std::vector<int>>(1), 2, 40, &make_large, &read_large);
}

TEST(QueueThreads, NobodyIsToldFullOrEmptyBecauseOthersAreBusy) {
  const mp::Queue<int> queue;
  in_threads(4, [&queue](int) {
    for (int i = 0; i < 5000; ++i) {
      ASSERT_NO_THROW(queue.put_nowait(i));
    }
  });
  EXPECT_EQ(queue.qsize(), 20'000);
  in_threads(4, [&queue](int) {
    for (int i = 0; i < 5000; ++i) {
      ASSERT_NO_THROW(queue.get_nowait());
    }
  });
  EXPECT_TRUE(queue.empty());
}

TEST(QueueThreads, NeverHoldsMoreThanItsSize) {
  const mp::Queue<int> queue(5);
  in_threads(4, [&queue](int thread) {
    for (int i = 0; i < 3000; ++i) {
      if (thread < 2) {
        queue.put(i);
      } else {
        ASSERT_LE(queue.qsize(), 5);
        queue.get();
      }
    }
  });
}

TEST(QueueThreads, TimedCallsLoseNothing) {
  const mp::Queue<int> queue(3);
  std::atomic<int> put{0};
  std::atomic<int> got{0};
  in_threads(6, [&](int thread) {
    const auto patience = std::chrono::microseconds(thread % 3 * 500);
    for (int i = 0; i < 1500; ++i) {
      if (thread < 3) {
        put += queue.try_put(i, patience) ? 1 : 0;
      } else {
        got += queue.try_get(patience) ? 1 : 0;
      }
    }
  });
  while (queue.try_get()) {
    ++got;
  }
  EXPECT_EQ(put.load(), got.load());
}

TEST(QueueThreads, AShutDownInTheMiddleLosesNothing) {
  for (int round = 0; round < 20; ++round) {
    const mp::Queue<Item> queue(10);
    std::atomic<int> put{0};
    std::atomic<int> got{0};
    in_threads(5, [&](int thread) {
      if (thread < 2) {
        try {
          while (true) {
            queue.put(make_item(thread, put % 100));
            ++put;
          }
        } catch (const mp::ShutDown&) {
        }
      } else if (thread < 4) {
        for (const Item& item : queue) {
          read_item(item);
          ++got;
        }
      } else {
        mp::test::until([&] { return got >= 50; });
        queue.shutdown();
      }
    });
    EXPECT_EQ(put.load(), got.load());
    EXPECT_TRUE(queue.empty());
  }
}

TEST(QueueThreads, AnImmediateShutDownEmptiesIt) {
  const auto before = mp::test::use_now();
  for (int round = 0; round < 20; ++round) {
    const mp::Queue<std::string> queue;
    in_threads(4, [&queue](int thread) {
      try {
        for (int i = 0; thread == 0 && i < 1'000'000; ++i) {
          queue.put(std::string(300, 'x'));
        }
        for (int i = 0; thread == 1 && i < 1'000'000; ++i) {
          queue.get();
        }
      } catch (const mp::ShutDown&) {
      }
      if (thread == 2) {
        mp::test::until([&queue] { return queue.qsize() > 20; });
        queue.shutdown(true);
      }
    });
    EXPECT_TRUE(queue.empty());
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

TEST(QueueThreads, PassHandlesOn) {
  std::vector<mp::Lock>(300).clear();
  const auto before = mp::test::use_now();
  {
    const mp::Queue<mp::Queue<int>> queue(4);
    in_threads(4, [&queue](int thread) {
      for (int i = 0; i < 500; ++i) {
        if (thread % 2 == 0) {
          const mp::Queue<int> inner;
          inner.put(i);
          queue.put(inner);
        } else {
          EXPECT_GE(queue.get().get(), 0);
        }
      }
    });
  }
  EXPECT_EQ(mp::test::use_now().objects, before.objects);
  EXPECT_EQ(mp::test::use_now().parts, before.parts);
}

}  // namespace
