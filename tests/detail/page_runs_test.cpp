// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/page_runs.hpp>

#include <multiprocess/error.hpp>

#include "support/arena_use.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <new>
#include <random>
#include <set>
#include <vector>

namespace multiprocess::detail {
namespace {

std::uint64_t mine() {
  return owner::private_to(this_participant());
}

std::uint32_t take(std::uint32_t order) {
  Transaction change;
  return take_run(change, order, mine());
}

void put(std::uint32_t page, bool discarded) {
  Transaction change;
  put_run(change, page, discarded);
}

TEST(PageRuns, OrdersFitSizes) {
  EXPECT_EQ(order_for(0), 0U);
  EXPECT_EQ(order_for(1), 0U);
  EXPECT_EQ(order_for(arena_page), 0U);
  EXPECT_EQ(order_for(arena_page + 1), 1U);
  EXPECT_EQ(order_for(2 * arena_page), 1U);
  EXPECT_EQ(order_for(2 * arena_page + 1), 2U);
  EXPECT_EQ(order_for(std::size_t{1} << 30), 14U);
  EXPECT_THROW(order_for((std::size_t{1} << 36) + 1), ValueError);
  EXPECT_THROW(order_for(~std::size_t{0}), ValueError);
}

TEST(PageRuns, PagesAndOffsetsAreTheSameThing) {
  for (const std::uint32_t page : {0U, 1U, 1000U}) {
    EXPECT_EQ(page_of(page_offset(page)), page);
    EXPECT_EQ(page_of(page_offset(page) + arena_page - 1), page);
  }
}

TEST(PageRuns, ARunKnowsItsOwnerAndOrder) {
  const std::uint32_t page = take(3);
  EXPECT_EQ(run_order(page), 3U);
  EXPECT_EQ(page_info(page).owner.load(), mine());
  EXPECT_EQ(page % 8, 0U);
  put(page, true);
  EXPECT_EQ(page_info(page).owner.load(), 0U);
}

TEST(PageRuns, AColdRunHasNothingCommitted) {
  const std::uint32_t page = take(2);
  EXPECT_EQ(page_info(page).committed.load(), 0U);
  page_info(page).committed = 4 * arena_page;
  put(page, true);
  const std::uint32_t again = take(2);
  EXPECT_EQ(again, page);
  EXPECT_EQ(page_info(again).committed.load(), 0U);
  put(again, true);
}

TEST(PageRuns, AWarmRunIsTakenFirst) {
  const std::uint32_t cold = take(1);
  const std::uint32_t warm = take(1);
  const std::uint64_t kept = heap_state().warm_bytes.load();
  page_info(warm).committed = arena_page;
  put(warm, false);
  EXPECT_EQ(heap_state().warm_bytes.load(), kept + arena_page);
  put(cold, true);
  EXPECT_EQ(take(1), warm);
  EXPECT_EQ(page_info(warm).committed.load(), arena_page);
  EXPECT_EQ(heap_state().warm_bytes.load(), kept);
  put(warm, true);
}

TEST(PageRuns, KeepsNoMoreWarmThanAllowed) {
  const std::uint32_t page = take(0);
  page_info(page).committed = arena_page;
  EXPECT_FALSE(keeps_too_much(page));
  const std::uint64_t kept = heap_state().warm_bytes.load();
  heap_state().warm_bytes = std::uint64_t{256} << 20;
  EXPECT_TRUE(keeps_too_much(page));
  heap_state().warm_bytes = kept;
  put(page, true);
}

TEST(PageRuns, SeveralAreTakenInOneTransaction) {
  Transaction change;
  std::set<std::uint32_t> pages;
  for (std::uint32_t order = 0; order < 6; ++order) {
    pages.insert(take_run(change, order, mine()));
  }
  EXPECT_EQ(pages.size(), 6U);
  for (const std::uint32_t page : pages) {
    put_run(change, page, true);
  }
}

TEST(PageRuns, AFailedTransactionTakesNothing) {
  const std::uint32_t expected = take(4);
  put(expected, true);
  try {
    Transaction change;
    take_run(change, 4, mine());
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
  EXPECT_EQ(take(4), expected);
  put(expected, true);
}

TEST(PageRuns, ThereIsAnEndOfThem) {
  Transaction change;
  std::vector<std::uint32_t> pages;
  try {
    while (true) {
      pages.push_back(take_run(change, 18, mine()));
    }
  } catch (const std::bad_alloc&) {
  }
  EXPECT_LE(pages.size(), arena_header().page_count >> 18);
  for (const std::uint32_t page : pages) {
    put_run(change, page, true);
  }
}

TEST(PageRuns, HalvesBecomeWholeAgain) {
  std::mt19937 random(3);
  const std::uint32_t whole = take(8);
  put(whole, true);
  struct Run {
    std::uint32_t page;
    std::uint32_t order;
  };
  std::vector<Run> runs;
  const auto overlaps = [&runs](const Run& run) {
    return std::any_of(runs.begin(), runs.end(), [&run](const Run& other) {
      return run.page < other.page + (1u << other.order) &&
             other.page < run.page + (1u << run.order);
    });
  };
  for (int i = 0; i < 2000; ++i) {
    const auto order = static_cast<std::uint32_t>(random() % 6);
    const Run run{take(order), order};
    ASSERT_FALSE(overlaps(run));
    runs.push_back(run);
    while (runs.size() > 60) {
      std::swap(runs[random() % runs.size()], runs.back());
      put(runs.back().page, true);
      runs.pop_back();
    }
  }
  for (const Run& run : runs) {
    put(run.page, true);
  }
  EXPECT_EQ(take(8), whole);
  put(whole, true);
}

}  // namespace
}  // namespace multiprocess::detail
