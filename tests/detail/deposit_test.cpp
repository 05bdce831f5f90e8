// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/deposit.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"
#include "support/handle_limit.hpp"
#include "support/keeper.hpp"
#include "support/sanitizer.hpp"
#include "support/system.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <list>
#include <optional>
#include <string>
#include <system_error>

namespace multiprocess::detail {
namespace {

using namespace std::chrono_literals;
using test::Child;
using test::Deposit;
using test::Deposits;
using test::require;
using test::thing;

TEST_F(Deposits, AWithdrawalIsADuplicateAndTheDepositStays) {
  const Deposit kept(pipe_.write.get());
  const os::Handle first = withdraw(kept.number);
  const os::Handle second = withdraw(kept.number);
  EXPECT_EQ(thing(first.get()), thing(pipe_.write.get()));
  EXPECT_EQ(thing(second.get()), thing(first.get()));
  EXPECT_NE(first.get(), second.get());
  EXPECT_EQ(count_deposits(), 1U);
}

TEST_F(Deposits, TheEndOfTheParcelIsTheEndOfTheDeposit) {
  std::optional<Deposit> kept(pipe_.write.get());
  pipe_.write.reset();
  EXPECT_FALSE(test::is_at_end(pipe_.read, 0ms));
  kept.reset();
  EXPECT_TRUE(test::is_at_end(pipe_.read, test::soon));
}

TEST_F(Deposits, EachHasANumberOfItsOwn) {
  const Deposit first(pipe_.read.get());
  const Deposit second(pipe_.write.get());
  EXPECT_NE(first.number, second.number);
  EXPECT_EQ(thing(withdraw(first.number).get()), thing(pipe_.read.get()));
  EXPECT_EQ(thing(withdraw(second.number).get()), thing(pipe_.write.get()));
}

TEST_F(Deposits, WhatNoParcelStandsForIsNotKept) {
  const SharedRef another = make_parcel(next_deposit(), {}, 0);
  for (const Offset parcel : {Offset{0}, another.offset(), another.offset() + 8, ~Offset{7}}) {
    const std::uint64_t number = next_deposit();
    deposit(pipe_.write.get(), number, parcel);
    EXPECT_THROW(withdraw(number), RuntimeError);
  }
  EXPECT_EQ(count_deposits(), 0U);
}

TEST_F(Deposits, OutliveTheirSender) {
  const test::InArena<std::uint64_t> number;
  const test::InArena<RefEntry> message;
  test::run_and_die([&] {
    const Deposit kept(pipe_.write.get());
    *number = kept.number;
    add_reference(*message, kept.parcel.offset());
    test::die();
  });
  EXPECT_EQ(thing(withdraw(*number).get()), thing(pipe_.write.get()));
  test::notice_deaths();
  EXPECT_EQ(thing(withdraw(*number).get()), thing(pipe_.write.get()));
  drop_reference(*message);
}

TEST_F(Deposits, GoWithASenderWhoDiesBeforeHeCouldSendThem) {
  test::run_and_die([&] {
    const Deposit kept(pipe_.write.get());
    test::die();
  });
  pipe_.write.reset();
  EXPECT_EQ(count_deposits(), 1U);
  test::notice_deaths();
  EXPECT_TRUE(test::is_at_end(pipe_.read, test::soon));
}

TEST_F(Deposits, AnEndOfWhichTheKeeperCouldNotBeToldIsFound) {
  if (test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  Child child([&] {
    std::optional<Deposit> kept(pipe_.write.get());
    test::leave_no_descriptor();
    kept.reset();
  });
  EXPECT_EQ(child.wait(), 0);
  pipe_.write.reset();
  EXPECT_TRUE(test::is_at_end(pipe_.read, 2s));
}

TEST_F(Deposits, WithoutADescriptorToSpareTheyThrow) {
  if (test::under_address_sanitizer) {
    GTEST_SKIP() << "the sanitizer needs a descriptor to look at memory";
  }
  const Deposit kept(pipe_.write.get());
  Child child([&] {
    if (test::leave_no_descriptor()) {
      EXPECT_THROW(Deposit another(pipe_.write.get()), std::system_error);
      EXPECT_THROW(withdraw(kept.number), std::system_error);
    }
  });
  EXPECT_EQ(child.wait(), 0);
  test::notice_deaths();
}

TEST_F(Deposits, TheKeepersEndIsNoticedAndSaid) {
  const Deposit lost(pipe_.write.get());
  const int before = test::keeper_pid();
  test::kill_keeper();
  try {
    withdraw(lost.number);
    FAIL() << "it is gone";
  } catch (const RuntimeError& error) {
    EXPECT_NE(std::string(error.what()).find("mp-keeper) was killed"), std::string::npos)
        << error.what();
  }
  const Deposit next(pipe_.write.get());
  EXPECT_NE(test::keeper_pid(), before);
  EXPECT_EQ(thing(withdraw(next.number).get()), thing(pipe_.write.get()));
  EXPECT_THROW(withdraw(lost.number), RuntimeError) << "the new one does not have it either";
}

TEST_F(Deposits, ManyWhoFindNoKeeperStartOne) {
  if (!test::can_fork) {
    GTEST_SKIP() << "needs a fork";
  }
  test::kill_keeper();
  std::atomic<int> right{0};
  std::list<Child> children;
  for (int i = 0; i < 4; ++i) {
    children.emplace_back([this] {
      const Deposit kept(pipe_.write.get());
      require(thing(withdraw(kept.number).get()) == thing(pipe_.write.get()));
    });
  }
  test::in_threads(4, [&](int) {
    const Deposit kept(pipe_.write.get());
    right += thing(withdraw(kept.number).get()) == thing(pipe_.write.get());
  });
  EXPECT_EQ(right, 4);
  for (Child& child : children) {
    EXPECT_EQ(child.wait(), 0);
  }
  test::notice_deaths();
}

TEST_F(Deposits, AKeeperThatIsKilledAgainAndAgainHangsNobodyAndMixesUpNothing) {
  std::atomic<bool> on{true};
  std::jthread killer([&on] {
    while (on) {
      test::kill_keeper();
      std::this_thread::sleep_for(std::chrono::microseconds(std::rand() % 4000));
    }
  });
  int delivered = 0;
  int lost = 0;
  for (int i = 0; i < 100; ++i) {
    const os::Pipe each = os::make_pipe();
    try {
      const Deposit kept(each.write.get());
      ASSERT_EQ(thing(withdraw(kept.number).get()), thing(each.write.get()));
      ++delivered;
    } catch (const RuntimeError&) {
      ++lost;
    }
  }
  on = false;
  killer.join();
  EXPECT_GT(delivered, 0);
  RecordProperty("delivered", delivered);
  RecordProperty("lost", lost);
  test::notice_deaths();
}

}  // namespace
}  // namespace multiprocess::detail
