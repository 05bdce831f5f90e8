// SPDX-License-Identifier: BSD-3-Clause
#include "crew.hpp"

#include <fmt/core.h>

#include <algorithm>

using namespace std::chrono_literals;

Crew::Crew(const Chunks& chunks, const Options& options) {
  for (std::uint32_t number = 0; number < options.processes; ++number) {
    const bool gets_lost = options.lose_a_worker && number == 0;
    busy_.push_back({number, multiprocess::Process(work, number, tasks_, reports_, gets_lost)});
    busy_.back().process.start();
  }
  for (const Chunk& chunk : chunks) {
    tasks_.put(chunk);
  }
  tasks_.shutdown();
}

void Crew::wait(Ledger& ledger) {
  while (!busy_.empty()) {
    if (auto report = reports_.try_get(100ms)) {
      ledger.enter(std::move(*report));
      std::erase_if(busy_, [&](Worker& worker) {
        return ledger.has_words_of(worker.number) && worker.process.join();
      });
    } else {
      look_for_dead(ledger);
    }
  }
}

void Crew::look_for_dead(Ledger& ledger) {
  const auto ended = std::partition(busy_.begin(), busy_.end(),
                                    [](const Worker& worker) { return worker.process.is_alive(); });
  // What they put before they ended is on the queue: only now does an empty queue prove a loss.
  while (auto report = reports_.try_get()) {
    ledger.enter(std::move(*report));
  }
  for (auto worker = ended; worker != busy_.end(); ++worker) {
    if (!ledger.has_words_of(worker->number)) {
      fmt::print(stderr, "wordcount: {} died (exit code {}), its chunks are counted again\n",
                 worker->process.name(), worker->process.exitcode().value_or(0));
    }
  }
  busy_.erase(ended, busy_.end());
}
