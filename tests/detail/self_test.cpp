// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/self.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

namespace multiprocess::detail {
namespace {

TEST(Self, IsOneForTheProcess) {
  Self& first = self();
  EXPECT_EQ(&self(), &first);
  EXPECT_EQ(self_if_entered(), &first);
  EXPECT_EQ(first.ticket, this_participant());
  std::jthread([&first] { EXPECT_EQ(&self(), &first); });
}

TEST(Self, AForkedChildHasAnother) {
  const Ticket parent = self().ticket;
  test::Child child([parent] {
    EXPECT_EQ(self_if_entered(), nullptr) << "until it uses the arena";
    EXPECT_NE(self().ticket, parent);
    EXPECT_NE(self_if_entered(), nullptr);
  });
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(self().ticket, parent);
  test::notice_deaths();
}

TEST(Self, AnOwnerWordSaysProcessAndThread) {
  const std::uint64_t owner = this_owner();
  EXPECT_NE(owner, 0U);
  EXPECT_EQ(ticket_of_owner(owner), self().ticket);
  EXPECT_EQ(thread_of_owner(owner), thread_number());
  EXPECT_EQ(owner & 3, 0U) << "room for flags";
}

TEST(Self, OwnerWordsHoldTheLargestNumbers) {
  const std::uint64_t owner = std::uint64_t{0xffffffff} << 32 |
                              std::uint64_t{most_participants} << slot_shift |
                              std::uint64_t{(1u << 17) - 1} << thread_shift;
  EXPECT_EQ(ticket_of_owner(owner), (Ticket{most_participants, 0xffffffff}));
  EXPECT_EQ(thread_of_owner(owner), (1u << 17) - 1);
}

TEST(ThreadNumber, IsFromOneAndStays) {
  const std::uint32_t number = thread_number();
  EXPECT_GE(number, 1U);
  EXPECT_EQ(thread_number(), number);
}

TEST(ThreadNumber, LivingThreadsHaveDifferentOnes) {
  constexpr int count = 80;
  std::mutex guard;
  std::set<std::uint32_t> numbers;
  std::atomic<int> waiting{0};
  test::in_threads(count, [&](int) {
    {
      const std::scoped_lock lock(guard);
      numbers.insert(thread_number());
    }
    ++waiting;
    test::until([&] { return waiting == count; });
  });
  numbers.insert(thread_number());
  EXPECT_EQ(numbers.size(), count + 1U);
  EXPECT_FALSE(numbers.contains(0));
}

TEST(ThreadNumber, AreUsedAgain) {
  std::uint32_t largest = 0;
  for (int i = 0; i < 200; ++i) {
    std::jthread([&largest] { largest = std::max(largest, thread_number()); });
  }
  EXPECT_LT(largest, 100U);
}

TEST(PrivateLock, LetsOneThreadIn) {
  PrivateLock lock;
  int sum = 0;
  test::in_threads(4, [&](int) {
    for (int i = 0; i < 5000; ++i) {
      const std::scoped_lock guard(lock);
      ++sum;
    }
  });
  EXPECT_EQ(sum, 20000);
}

TEST(PrivateLock, ItsThreadKnowsThatItHoldsOne) {
  PrivateLock lock;
  EXPECT_FALSE(holds_private_lock());
  {
    const std::scoped_lock guard(lock);
    EXPECT_TRUE(holds_private_lock());
    std::jthread([] { EXPECT_FALSE(holds_private_lock()); });
  }
  EXPECT_FALSE(holds_private_lock());
  const Unrepaired unrepaired;
  EXPECT_TRUE(holds_private_lock());
}

}  // namespace
}  // namespace multiprocess::detail
