// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "progress.hpp"
#include "result.hpp"
#include "worker.hpp"

#include <optional>
#include <set>

/// Keeps the books: which chunk was counted by whom, and whose words have come in.
class Ledger {
 public:
  explicit Ledger(const Chunks& chunks);

  void enter(Report report);
  bool has_words_of(std::uint32_t worker) const { return handed_in_.contains(worker); }

  /// The sum. Chunks whose worker never handed in its words are counted here.
  Result close();

 private:
  const Chunks& chunks_;
  std::vector<std::optional<Report>> notes_;  // by chunk
  std::set<std::uint32_t> handed_in_;
  Progress progress_;
  Result result_;
};
