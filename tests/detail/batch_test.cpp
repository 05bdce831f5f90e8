// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/batch.hpp>

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/heap.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <new>
#include <set>

namespace multiprocess::detail {
namespace {

/// Of so many chunks of three items, but for the last one of one.
class Work {
 public:
  explicit Work(std::uint64_t chunks) {
    batch_.chunks = chunks;
    batch_.chunk = 3;
    batch_.last = 3 * chunks - 2;
    batch_.states = offset_of(states_);
  }
  ~Work() { deallocate(place_); }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  Batch& batch() const noexcept { return batch_; }
  void finish(std::uint64_t chunk) const { states_[chunk] = chunk_state::done; }

 private:
  using States = std::atomic<std::uint32_t>;

  Offset place_ = allocate(sizeof(Batch) + 100 * sizeof(States));
  Batch& batch_ = *new (at<Batch>(place_)) Batch{};
  States* states_ = new (&batch_ + 1) States[100]{};
};

TEST(Batch, KnowsTheItemsOfAChunk) {
  const Work work(4);
  EXPECT_EQ(work.batch().begin_of(0), 0u);
  EXPECT_EQ(work.batch().end_of(0), 3u);
  EXPECT_EQ(work.batch().begin_of(3), 9u);
  EXPECT_EQ(work.batch().end_of(3), 10u);
}

TEST(Batch, ResultsOfNearItemsAreToldApart) {
  std::set<std::uint64_t> tags;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    for (std::uint64_t item = 0; item < 10'000; ++item) {
      tags.insert(result::tag(number, item));
      EXPECT_GT(result::tag(number, item), static_cast<std::uint64_t>(BoardPart::message))
          << number << ' ' << item;
    }
  }
  EXPECT_EQ(tags.size(), 30'000u);
}

TEST(Batch, EachChunkIsClaimedOnce) {
  const Work work(5);
  ChunkClaims one(0);
  ChunkClaims two(1);
  one.took(0);  // in future more at once
  one.took(0);
  EXPECT_EQ(one.claim(work.batch()), 0u);
  EXPECT_EQ(two.claim(work.batch()), 4u);
  EXPECT_EQ(two.claim(work.batch()), 1u) << "what the other one has reserved only";
  EXPECT_EQ(one.claim(work.batch()), 2u);
  EXPECT_EQ(one.claim(work.batch()), 3u);
  EXPECT_EQ(one.claim(work.batch()), no_chunk);
  EXPECT_EQ(two.claim(work.batch()), no_chunk);
  EXPECT_EQ(work.batch().chunk_states()[3], chunk_state::claimed_by(0));
  EXPECT_EQ(work.batch().chunk_states()[4], chunk_state::claimed_by(1));
}

/// So many chunks are reserved when another one is needed; each of them takes so long.
std::uint64_t reserve(ChunkClaims& claims, const Work& work, std::uint64_t nanoseconds) {
  const std::uint64_t before = work.batch().cursor;
  EXPECT_NE(claims.claim(work.batch()), no_chunk);
  claims.took(nanoseconds);
  const std::uint64_t reserved = work.batch().cursor - before;
  for (std::uint64_t i = 1; i < reserved; ++i) {
    EXPECT_NE(claims.claim(work.batch()), no_chunk);
    claims.took(nanoseconds);
  }
  return reserved;
}

TEST(Batch, MoreChunksAreReservedAtOnceWhileTheyAreShort) {
  const Work work(100);
  ChunkClaims claims(0);
  EXPECT_EQ(reserve(claims, work, 100), 1u);
  EXPECT_EQ(reserve(claims, work, 100), 2u);
  EXPECT_EQ(reserve(claims, work, 100), 8u);
  EXPECT_EQ(reserve(claims, work, 100), 32u);
  EXPECT_EQ(reserve(claims, work, 1'000'000), 32u);
  for (int times = 0; times < 10; ++times) {
    EXPECT_EQ(reserve(claims, work, 1'000'000), 1u) << "others may take what is left";
  }
}

TEST(Batch, WhoClaimsNothingMoreSeesWhetherAllIsDone) {
  const Work work(2);
  ChunkClaims one(0);
  ChunkClaims two(1);
  work.finish(one.claim(work.batch()));
  const std::uint64_t other = two.claim(work.batch());
  EXPECT_EQ(one.claim(work.batch()), no_chunk);
  EXPECT_FALSE(one.saw_all_done());
  work.finish(other);
  EXPECT_EQ(two.claim(work.batch()), no_chunk);
  EXPECT_TRUE(two.saw_all_done());
}

TEST(Batch, WhatWasSeenOfOneSaysNothingOfTheNext) {
  const Work first(1);
  const Work second(2);
  ChunkClaims claims(0);
  first.finish(claims.claim(first.batch()));
  claims.claim(first.batch());
  EXPECT_TRUE(claims.saw_all_done());
  claims.enter();
  second.finish(claims.claim(second.batch()));
  EXPECT_FALSE(claims.saw_all_done());
}

TEST(Batch, ASurveyFindsWhatIsFree) {
  const Work work(3);
  EXPECT_EQ(survey(work.batch()).free, 0u);
  work.finish(0);
  work.finish(2);
  EXPECT_EQ(survey(work.batch()).free, 1u);
  work.finish(1);
  EXPECT_EQ(survey(work.batch()).free, no_chunk);
  EXPECT_TRUE(survey(work.batch()).all_done);
}

}  // namespace
}  // namespace multiprocess::detail
