// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/magazines.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <vector>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t some_class = 5;
constexpr std::size_t another_class = heap_classes - 1;

/// Magazines of nobody, and blocks for them.
class MagazinesTest : public testing::Test {
 protected:
  MagazinesTest() {
    for (Offset& block : blocks_) {
      block = allocate(100'000);
    }
  }
  ~MagazinesTest() override { std::for_each(blocks_.begin(), blocks_.end(), &deallocate); }

  test::InArena<Magazines> magazines_;
  std::array<Offset, 3> blocks_{};
};

TEST_F(MagazinesTest, TheLastOneThatCameGoesFirst) {
  HeldMagazines held(*magazines_);
  EXPECT_EQ(held.pop(some_class), 0U);
  for (const Offset block : blocks_) {
    held.push(some_class, block);
  }
  EXPECT_EQ(held.count(some_class), 3U);
  EXPECT_EQ(held.pop(some_class), blocks_[2]);
  EXPECT_EQ(held.pop(some_class), blocks_[1]);
  EXPECT_EQ(held.count(some_class), 1U);
  EXPECT_EQ(held.pop(some_class), blocks_[0]);
  EXPECT_EQ(held.count(some_class), 0U);
  EXPECT_EQ(held.pop(some_class), 0U);
}

TEST_F(MagazinesTest, SizesAreKeptApart) {
  HeldMagazines held(*magazines_);
  held.push(some_class, blocks_[0]);
  EXPECT_EQ(held.count(another_class), 0U);
  EXPECT_EQ(held.pop(another_class), 0U);
  held.push(another_class, blocks_[1]);
  EXPECT_EQ(held.pop(some_class), blocks_[0]);
  EXPECT_EQ(held.pop(another_class), blocks_[1]);
}

TEST_F(MagazinesTest, SomeMoveOutWithATransaction) {
  HeldMagazines held(*magazines_);
  for (const Offset block : blocks_) {
    held.push(some_class, block);
  }
  std::vector<Offset> moved;
  const auto note = [&moved](Offset block) { moved.push_back(block); };
  {
    Transaction change;
    held.move_out(change, some_class, 2, note);
  }
  EXPECT_EQ(moved, (std::vector{blocks_[2], blocks_[1]}));
  EXPECT_EQ(held.count(some_class), 1U);
  {
    Transaction change;
    held.move_out(change, some_class, 2, note);
  }
  EXPECT_EQ(moved.back(), blocks_[0]);
  EXPECT_EQ(held.count(some_class), 0U);
}

TEST_F(MagazinesTest, AMoveThatIsGivenUpMovesNothing) {
  HeldMagazines held(*magazines_);
  held.push(some_class, blocks_[0]);
  try {
    Transaction change;
    held.move_out(change, some_class, 1, [](Offset) {});
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  EXPECT_EQ(held.pop(some_class), blocks_[0]);
}

TEST_F(MagazinesTest, WhatTheDeadWereMovingIsThere) {
  HeldMagazines(*magazines_).push(some_class, blocks_[0]);
  test::run_and_die([this] {
    HeldMagazines held(*magazines_);
    Transaction change;
    held.move_out(change, some_class, 1, [](Offset) {});
    test::die();
  });
  HeldMagazines held(*magazines_);
  EXPECT_EQ(held.pop(some_class), blocks_[0]);
}

TEST_F(MagazinesTest, TheDeadHaveNone) {
  test::run_and_die([this] {
    const HeldMagazines held(*magazines_);
    test::die();
  });
  EXPECT_TRUE(HeldMagazines(*magazines_, std::chrono::steady_clock::now() + 1ms));
}

TEST_F(MagazinesTest, OneAtATimeHasThem) {
  const HeldMagazines held(*magazines_);
  EXPECT_TRUE(held);
  test::in_threads(1, [this](int) {
    EXPECT_FALSE(HeldMagazines(*magazines_, std::chrono::steady_clock::now() + 1ms));
  });
}

TEST_F(MagazinesTest, WhoHasThemClearsNothingAway) {
  {
    const HeldMagazines held(*magazines_);
    EXPECT_TRUE(holds_private_lock());
  }
  EXPECT_FALSE(holds_private_lock());
}

TEST_F(MagazinesTest, ForgetsWhatIsKept) {
  HeldMagazines held(*magazines_);
  held.push(some_class, blocks_[0]);
  held.push(another_class, blocks_[1]);
  held.forget();
  EXPECT_EQ(held.count(some_class), 0U);
  EXPECT_EQ(held.count(another_class), 0U);
}

TEST(Magazines, EveryPlaceHasItsOwn) {
  EXPECT_EQ(&magazines_of(2), &magazines_of(1) + 1);
  const Offset block = allocate(64);
  deallocate(block);
  HeldMagazines held(magazines_of(this_participant().slot));
  EXPECT_EQ(held.pop(class_for(64)), block);
  held.push(class_for(64), block);
}

}  // namespace
}  // namespace multiprocess::detail
