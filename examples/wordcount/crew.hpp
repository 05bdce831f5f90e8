// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "ledger.hpp"
#include "options.hpp"

#include <multiprocess/process.hpp>

/// Processes that take chunks from one queue and answer on another.
class Crew {
 public:
  /// Starts the workers and gives them all the chunks.
  Crew(const Chunks& chunks, const Options& options);

  /// Enters what the workers report, until each has handed in its words or is dead.
  void wait(Ledger& ledger);

 private:
  struct Worker {
    std::uint32_t number;
    multiprocess::Process process;
  };

  void look_for_dead(Ledger& ledger);

  multiprocess::Queue<Chunk> tasks_;
  multiprocess::Queue<Report> reports_;
  std::vector<Worker> busy_;
};
