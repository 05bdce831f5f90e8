// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/holders.hpp>

#include <multiprocess/detail/account.hpp>
#include <multiprocess/detail/repair.hpp>
#include <multiprocess/detail/units.hpp>

#include "support/arena_use.hpp"
#include "support/child.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace multiprocess::detail {
namespace {

using test::Child;

class HoldersTest : public testing::Test {
 protected:
  HoldingBlock& first() const { return *static_cast<HoldingBlock*>(ref_.address()); }
  std::uint64_t mine() const { return this_participant().word(); }

  SharedRef ref_ = Units::create(5, false);
  Holders holders_{ref_};
};

TEST_F(HoldersTest, AHoldingIsFoundAgain) {
  EXPECT_EQ(holders_.known(), nullptr);
  EXPECT_EQ(holders_.find(), nullptr);
  Holding& holding = holders_.own();
  EXPECT_EQ(holding.ticket.load(), mine());
  EXPECT_EQ(holders_.known(), &holding);
  EXPECT_EQ(&holders_.own(), &holding);
  const SharedRef another_way = find_reference(ref_.offset());
  EXPECT_EQ(Holders(another_way).known(), nullptr);
  EXPECT_EQ(Holders(another_way).find(), &holding);
  EXPECT_EQ(Holders(another_way).known(), &holding);
}

TEST_F(HoldersTest, AForkedChildHasNone) {
  Holding& parents = holders_.own();
  EXPECT_EQ(Child([&] {
              EXPECT_EQ(holders_.find(), nullptr);
              EXPECT_NE(&holders_.own(), &parents);
            }).wait(),
            0);
  test::notice_deaths();
  EXPECT_EQ(holders_.known(), &parents);
}

TEST_F(HoldersTest, ThereAreAsManyAsProcesses) {
  constexpr std::size_t count = 3 * HoldingBlock::most;
  for (std::size_t i = 0; i < count; ++i) {
    test::run_and_die([&] { step::store(holders_.own().what, 7); });
  }
  std::set<std::uint64_t> tickets;
  EXPECT_FALSE(holders_.any([&](Ticket who, const Holding& holding) {
    EXPECT_EQ(holding.what.load(), 7U);
    tickets.insert(who.word());
    return false;
  }));
  EXPECT_EQ(tickets.size(), count);
  EXPECT_EQ(test::use_now().parts, 2U);
  test::notice_deaths();
  holders_.for_each([](Holding& holding) { empty(holding); });
  holders_.own();
  EXPECT_EQ(first().entries[0].ticket.load(), mine()) << "an empty one is given away again";
}

TEST_F(HoldersTest, EndWithTheObject) {
  const auto before = test::use_now();
  {
    const SharedRef ref = Units::create(1, false);
    for (std::size_t i = 0; i < 2 * HoldingBlock::most; ++i) {
      test::run_and_die([&] { Holders(ref).own(); });
    }
    test::notice_deaths();
    EXPECT_EQ(test::use_now().parts, before.parts + 1);
  }
  EXPECT_EQ(test::use_now().parts, before.parts);
  EXPECT_EQ(test::use_now().objects, before.objects);
}

TEST_F(HoldersTest, WhoLeavesEmptiesItsOwn) {
  const SharedRef other = Units::create(1, false);
  EXPECT_EQ(Child([&] {
              Holders(other).own().what = 5;
              holders_.own().what = 6;
              {
                const SharedRef gone = Units::create(1, false);
                Holders(gone).own().what = 7;
              }
              const SharedRef in_its_place =
                  publish_object(allocate(sizeof(UnitsState)), ObjectType::plain);
              leave_participant();
            }).wait(),
            0);
  EXPECT_FALSE(holders_.any([](Ticket, const Holding&) { return true; }));
  EXPECT_FALSE(Holders(other).any([](Ticket, const Holding&) { return true; }));
  test::notice_deaths();
}

TEST_F(HoldersTest, WhoIsKilledDoesNot) {
  test::run_and_die([&] { holders_.own().what = 6; });
  test::notice_deaths();
  EXPECT_TRUE(holders_.any(
      [](Ticket who, const Holding& holding) { return is_over(who) && holding.what.load() == 6; }));
}

TEST_F(HoldersTest, AnObjectIsFoundOnlyWhereOneIs) {
  const Offset block = allocate(64);
  EXPECT_FALSE(find_reference(block));
  EXPECT_FALSE(find_reference(block + 64 * 64 + 64));
  deallocate(block);
  EXPECT_TRUE(find_reference(ref_.offset()) == ref_);
  Offset former = 0;
  {
    const SharedRef gone = Units::create(1, false);
    former = gone.offset();
    EXPECT_FALSE(find_reference(former + 64));
  }
  EXPECT_FALSE(find_reference(former));
}

}  // namespace
}  // namespace multiprocess::detail
