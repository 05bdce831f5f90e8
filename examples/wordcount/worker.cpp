// SPDX-License-Identifier: BSD-3-Clause
#include "worker.hpp"

#include <cstdlib>

void work(std::uint32_t number, const multiprocess::Queue<Chunk>& tasks,
          const multiprocess::Queue<Report>& reports, bool gets_lost) {
  Counts words;
  for (const Chunk& chunk : tasks) {
    const Status status = count_words(chunk, words);
    reports.put({.worker = number, .chunk = chunk.number, .status = status});
  }
  if (gets_lost) {
    std::_Exit(3);
  }
  reports.put({.worker = number, .last = true, .words = std::move(words)});
}
