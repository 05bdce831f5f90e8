// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "words.hpp"

#include <multiprocess/queue.hpp>

/// What a worker tells: the end of a chunk, or, when there is no more work, all words it counted.
struct Report {
  std::uint32_t worker = 0;
  std::uint32_t chunk = 0;
  Status status = Status::counted;
  bool last = false;
  Counts words = {};
};

/// The target of a worker: counts chunks until the queue of tasks is shut down and empty.
/// With `gets_lost` it dies before it hands its words in, as if it had been killed.
void work(std::uint32_t number, const multiprocess::Queue<Chunk>& tasks,
          const multiprocess::Queue<Report>& reports, bool gets_lost);
