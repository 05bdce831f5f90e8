// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "chaos/crew.hpp"
#include "chaos/goods.hpp"
#include "chaos/ledger.hpp"
#include "chaos/victims.hpp"
#include "support/chance.hpp"

#include <multiprocess/detail/heap.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

// MULTIPROCESS_CHAOS_WITHOUT broadcast, backstop or both: switches cures off, and a test must fail

namespace multiprocess::test {

/// What all tests of the program together have done.
struct Totals : testing::Environment {
  std::uint64_t kills = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t received = 0;
  std::uint64_t in_hand = 0;
  std::uint64_t excuses = 0;  // the most that could have been in hand
  std::uint64_t shortages = 0;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  double seconds() const;

  void SetUp() override;
  void TearDown() override;
};
extern Totals& totals;

/// No faults in the ledger; adds to the totals.
void add_up(const Ledger& ledger, const Crew& crew);

/// Of the library's memory: blocks, and places of processes.
struct InUse {
  detail::HeapUse heap;
  std::uint32_t places = 0;

  friend bool operator==(const InUse& a, const InUse& b) {
    return a.heap.objects == b.heap.objects && a.heap.parts == b.heap.parts &&
           a.heap.private_blocks == b.heap.private_blocks && a.places == b.places;
  }
};

/// A test after which everything must have come back.
class Chaos : public testing::Test {
 protected:
  Chaos();
  void SetUp() override;
  void TearDown() override;

  static Works make_works(const Ledger& ledger, std::ptrdiff_t capacity);
  void pause();
  /// Any of the crew.
  void kill_somebody(Crew& crew);
  /// One way to start for each of that role who is missing.
  void fill_up(Crew& crew, Kind kind, const std::vector<Start>& starts, Role role,
               std::size_t wanted);

  Random random_;

 private:
  static inline std::uint64_t tests_ = 0;
  InUse before_;
};

/// Hardly more of the killed may have had an item in hand than items are missing.
void expect_few_excuses(const Crew& crew, std::uint64_t missing);

/// What was acknowledged has arrived, or was in a killed hand.
void expect_accounted(const Ledger& ledger, const Crew& crew);

/// A mixed crew under fire; then those who put finish, and those who get take what is left.
class Traffic : public Chaos {
 protected:
  void run(const Works& works, const Ledger& ledger, Kind kind, const std::vector<Start>& starts,
           std::uint64_t kills);

 private:
  void fill_up(Crew& crew, Kind kind, const std::vector<Start>& starts, Role role);
};

}  // namespace multiprocess::test
