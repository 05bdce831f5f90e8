// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/copy_recorder.hpp>

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace multiprocess::detail {
namespace {

const PartOps ops{1, nullptr, nullptr};

/// Notes itself, as our handles do.
struct Part {
  Part() = default;
  Part(const Part&) noexcept { CopyRecorder::note(this, ops); }
  Part& operator=(const Part&) = default;
  ~Part() {}
  char content = 0;
};

TEST(CopyRecorder, FindsTheCopiesInsideAClosure) {
  const Part first;
  const Part second;
  const auto closure = [first, number = 5, second] { return first.content + number; };
  const CopyRecorder recorder;
  const auto copy = closure;
  ASSERT_EQ(recorder.parts().size(), 2U);
  for (const CopyRecorder::Part& part : recorder.parts()) {
    const auto* const where = static_cast<const char*>(part.copy);
    EXPECT_GE(where, reinterpret_cast<const char*>(&copy));
    EXPECT_LT(where, reinterpret_cast<const char*>(&copy + 1));
    EXPECT_EQ(part.ops, &ops);
  }
  EXPECT_EQ(copy(), 5);
}

TEST(CopyRecorder, SeesNothingOfOtherThreadsAndTimes) {
  const Part part;
  const Part before = part;
  const CopyRecorder recorder;
  std::jthread([&part] { const Part elsewhere = part; });
  EXPECT_TRUE(recorder.parts().empty());
}

TEST(CopyRecorder, TheInnermostOneRecords) {
  const Part part;
  const CopyRecorder outer;
  {
    const CopyRecorder inner;
    const Part copy = part;
    EXPECT_EQ(inner.parts().size(), 1U);
  }
  EXPECT_TRUE(outer.parts().empty());
  const Part copy = part;
  EXPECT_EQ(outer.parts().size(), 1U);
}

TEST(CopyRecorder, SaysWhenThereWereTooMany) {
  const CopyRecorder recorder;
  const std::vector<Part> most(CopyRecorder::most_parts, Part());
  EXPECT_EQ(recorder.parts().size(), CopyRecorder::most_parts);
  EXPECT_FALSE(recorder.overflowed());
  const Part one_more = most.front();
  EXPECT_EQ(recorder.parts().size(), CopyRecorder::most_parts);
  EXPECT_TRUE(recorder.overflowed());
}

}  // namespace
}  // namespace multiprocess::detail
