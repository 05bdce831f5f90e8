// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/journal.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace multiprocess::detail {
namespace {

using test::Child;
using test::InArena;

struct Two {
  std::atomic<std::uint64_t> left;
  std::atomic<std::uint64_t> right;
};

class TransactionTest : public testing::Test {
 protected:
  InArena<Two> words_;
};

TEST_F(TransactionTest, ChangesSeveralWords) {
  {
    Transaction change;
    change.write(words_->left, 1);
    change.write(words_->right, 2);
    change.write(words_->left, 3);
    EXPECT_EQ(words_->left.load(), 3U) << "seen at once by who makes it";
  }
  EXPECT_EQ(words_->left.load(), 3U);
  EXPECT_EQ(words_->right.load(), 2U);
}

TEST_F(TransactionTest, AnExceptionUndoesAllOfThem) {
  words_->left = 5;
  const auto fail = [this] {
    Transaction change;
    change.write(words_->left, 1);
    change.write(words_->right, 2);
    change.write(words_->left, 3);
    throw std::runtime_error("no");
  };
  EXPECT_THROW(fail(), std::runtime_error);
  EXPECT_EQ(words_->left.load(), 5U);
  EXPECT_EQ(words_->right.load(), 0U);
}

TEST_F(TransactionTest, CommitsInACleanUpDuringAnException) {
  struct CleanUp {
    Two& words;
    ~CleanUp() {
      Transaction change;
      change.write(words.left, 8);
    }
  };
  const auto fail = [this] {
    const CleanUp clean_up{*words_};
    throw std::runtime_error("no");
  };
  EXPECT_THROW(fail(), std::runtime_error);
  EXPECT_EQ(words_->left.load(), 8U);
}

TEST_F(TransactionTest, ADeathInTheMiddleUndoesAllOfThem) {
  words_->left = 5;
  test::run_and_die([this] {
    Transaction change;
    change.write(words_->left, 1);
    change.write(words_->right, 2);
    change.write(words_->left, 3);
    test::die();
  });
  EXPECT_EQ(words_->left.load(), 3U);
  { const Transaction next; }
  EXPECT_EQ(words_->left.load(), 5U);
  EXPECT_EQ(words_->right.load(), 0U);
}

TEST_F(TransactionTest, ADeathAfterTheEndUndoesNothing) {
  test::run_and_die([this] {
    Transaction change;
    change.write(words_->left, 1);
  });
  { const Transaction next; }
  EXPECT_EQ(words_->left.load(), 1U);
}

TEST_F(TransactionTest, WaitsForTheOneUnderWay) {
  test::Gate begun;
  Child child([&] {
    Transaction change;
    change.write(words_->left, 1);
    begun.open();
    test::wait_to_be_killed();
  });
  begun.wait();
  std::atomic<bool> entered{false};
  {
    const std::jthread other([&] {
      Transaction change;
      entered = true;
      EXPECT_EQ(words_->left.load(), 0U);
    });
    EXPECT_FALSE(entered.load());
    child.kill();
    child.wait();
  }
  EXPECT_TRUE(entered.load());
}

TEST_F(TransactionTest, HoldsMoreThanAnyOfOursNeeds) {
  Transaction change;
  for (std::uint64_t i = 0; i < JournalArea::most_entries; ++i) {
    change.write(words_->left, i);
  }
  EXPECT_EQ(words_->left.load(), JournalArea::most_entries - 1);
}

/// Takes from one side and gives to the other; a sum that ever changes was half a transaction.
void move_around(Two& words, int rounds) {
  for (int i = 0; i < rounds; ++i) {
    Transaction change;
    const std::uint64_t left = words.left.load(std::memory_order_relaxed);
    const std::uint64_t right = words.right.load(std::memory_order_relaxed);
    EXPECT_EQ(left + right, 1000U);
    const std::uint64_t amount = left > 500 ? left / 2 : 0;
    change.write(words.left, left - amount + (amount == 0 ? right / 3 : 0));
    change.write(words.right, right + amount - (amount == 0 ? right / 3 : 0));
  }
}

TEST_F(TransactionTest, ThreadsSeeWholeOnes) {
  words_->left = 1000;
  test::in_threads(4, [this](int) { move_around(*words_, 3000); });
}

TEST_F(TransactionTest, ProcessesSeeWholeOnes) {
  words_->left = 1000;
  Child first([this] { move_around(*words_, 3000); });
  Child second([this] { move_around(*words_, 3000); });
  move_around(*words_, 3000);
  EXPECT_EQ(first.wait(), 0);
  EXPECT_EQ(second.wait(), 0);
}

TEST_F(TransactionTest, AreWholeAlsoWhereProcessesAreKilled) {
  words_->left = 1000;
  for (int i = 0; i < 20; ++i) {
    test::Gate runs;
    Child child([&] {
      move_around(*words_, 10);
      runs.open();
      move_around(*words_, 1 << 30);
    });
    runs.wait();
    move_around(*words_, i * 50);
    child.kill();
    child.wait();
    move_around(*words_, 10);
  }
  test::notice_deaths();
}

}  // namespace
}  // namespace multiprocess::detail
