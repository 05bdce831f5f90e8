// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/os/futex.hpp>

#include "support/child.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <climits>
#include <new>
#include <thread>

namespace os = multiprocess::detail::os;
using namespace std::chrono_literals;
using multiprocess::test::Child;

namespace {

using Word = std::atomic<std::uint32_t>;

/// Memory that a forked child shares.
class Shared {
 public:
  Shared()
      : page_(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)),
        word(*new (page_) Word(0)) {}
  ~Shared() { munmap(page_, 4096); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

 private:
  void* page_;

 public:
  Word& word;
};

os::Deadline in(std::chrono::milliseconds time) {
  return std::chrono::steady_clock::now() + time;
}

/// Wakes until so many sleepers have been seen.
int wake_all_of(const Word& word, int expected) {
  int woken = 0;
  while (woken < expected) {
    woken += os::wake_sleepers(word, INT_MAX);
    os::yield();
  }
  return woken;
}

TEST(Futex, DoesNotSleepOnAnotherValue) {
  const Word word(1);
  os::sleep_while_equal(word, 0, os::never);
}

TEST(Futex, SleepsUntilTheDeadline) {
  const Word word(0);
  const os::Deadline deadline = in(30ms);
  while (std::chrono::steady_clock::now() < deadline) {
    os::sleep_while_equal(word, 0, deadline);
  }
  os::sleep_while_equal(word, 0, in(-1h));
  os::sleep_while_equal(word, 0, os::at_once);
}

TEST(Futex, NobodyIsWokenWhereNobodySleeps) {
  const Word word(0);
  EXPECT_EQ(os::wake_sleepers(word, INT_MAX), 0);
}

TEST(Futex, WakesSleepersOfThisProcess) {
  const Word word(0);
  {
    const std::jthread first([&word] { os::sleep_while_equal(word, 0, in(20s)); });
    const std::jthread second([&word] { os::sleep_while_equal(word, 0, os::never); });
    EXPECT_EQ(wake_all_of(word, 2), 2);
  }
}

TEST(Futex, WakesNoMoreThanAsked) {
  Word word(0);
  std::atomic<int> ended{0};
  {
    const auto sleeper = [&] {
      while (word.load() == 0) {
        os::sleep_while_equal(word, 0, os::never);
      }
      ++ended;
    };
    const std::jthread first(sleeper);
    const std::jthread second(sleeper);
    for (int i = 0; i < 100; ++i) {
      EXPECT_LE(os::wake_sleepers(word, 1), 1);
      os::yield();
    }
    word = 1;
    while (ended < 2) {
      os::wake_sleepers(word, INT_MAX);
      os::yield();
    }
  }
}

TEST(Futex, WakesASleeperInAnotherProcess) {
  Shared shared;
  Child child([&shared] {
    while (shared.word.load() == 0) {
      os::sleep_while_equal(shared.word, 0, os::never);
    }
  });
  while (os::wake_sleepers(shared.word, 1) == 0) {
    os::yield();
  }
  shared.word = 1;
  os::wake_sleepers(shared.word, 1);
  EXPECT_EQ(child.wait(), 0);
}

}  // namespace
