// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/process.hpp>
#include <multiprocess/raw_array.hpp>

#include "support/chance.hpp"
#include "support/signals.hpp"
#include "support/start_methods.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace multiprocess::test {

constexpr int crew_size = 3;

inline std::atomic_ref<int> count_at(const RawArray<int>& counts, int index) {
  return std::atomic_ref(counts[index]);
}

/// Processes that run the same work; each that is killed has a successor.
template <class Work>
class Crew {
 public:
  explicit Crew(Work work) : work_(std::move(work)) {
    for (int i = 0; i < crew_size; ++i) {
      members_.push_back(recruit());
    }
  }

  /// Kills one of them after a moment that nobody knows.
  void kill_one() {
    std::this_thread::sleep_for(std::chrono::microseconds(chance_() % 20'000));
    Process& victim = members_[chance_() % members_.size()];
    victim.kill();
    EXPECT_TRUE(victim.join(plenty));
    EXPECT_EQ(victim.exitcode(), killed);
    victim = recruit();
  }

  void end() {
    for (Process& member : members_) {
      EXPECT_TRUE(member.join(plenty));
      EXPECT_EQ(member.exitcode(), 0);
    }
  }

 private:
  Process recruit() {
    Process member(work_, ++recruited_);
    member.start();
    return member;
  }

  Work work_;
  std::vector<Process> members_;
  std::minstd_rand chance_{static_cast<std::minstd_rand::result_type>(chaos_seed())};
  int recruited_ = 0;
};

}  // namespace multiprocess::test
