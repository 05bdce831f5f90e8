// SPDX-License-Identifier: BSD-3-Clause
#include "ledger.hpp"

#include "files.hpp"

Ledger::Ledger(const Chunks& chunks)
    : chunks_(chunks), notes_(chunks.size()), progress_(size_of(chunks)) {}

void Ledger::enter(Report report) {
  if (report.last) {
    add(result_.words, std::move(report.words));
    handed_in_.insert(report.worker);
  } else {
    progress_.advance(chunks_[report.chunk].size());
    notes_[report.chunk] = std::move(report);
  }
}

Result Ledger::close() {
  for (const Chunk& chunk : chunks_) {
    const auto& note = notes_[chunk.number];
    const bool safe = note && has_words_of(note->worker);
    result_.note(chunk, safe ? note->status : count_words(chunk, result_.words));
  }
  progress_.finish();
  return std::move(result_);
}
