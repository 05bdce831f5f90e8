// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/batch.hpp>

#include <algorithm>

namespace multiprocess::detail {

Survey survey(Batch& batch) noexcept {
  step::add(batch.scans, 1);  // who did the last chunk sees everything done
  const auto* const states = batch.chunk_states();
  const std::uint64_t before = batch.done_before.load(std::memory_order_acquire);
  Survey found;
  std::uint64_t done_before = before;
  for (std::uint64_t i = before; i < batch.chunks; ++i) {
    const std::uint32_t state = states[i].load(std::memory_order_acquire);
    if (state == chunk_state::done) {
      done_before += i == done_before ? 1 : 0;
      continue;
    }
    found.all_done = false;
    if (state == chunk_state::free) {
      found.free = i;
      break;
    }
  }
  if (done_before != before) {
    step::store(batch.done_before, done_before);
  }
  return found;
}

bool ChunkClaims::try_claim(Batch& batch, std::uint64_t chunk) const noexcept {
  std::uint32_t expected = chunk_state::free;
  return batch.chunk_states()[chunk].load(std::memory_order_relaxed) == expected &&
         step::cas(batch.chunk_states()[chunk], expected, mine_);
}

std::uint64_t ChunkClaims::claim(Batch& batch) noexcept {
  while (true) {
    while (reserved_ < reserved_end_) {
      if (const std::uint64_t chunk = reserved_++; try_claim(batch, chunk)) {
        return chunk;
      }
    }
    if (batch.cursor.load(std::memory_order_relaxed) >= batch.chunks) {
      break;
    }
    reserved_ = step::add(batch.cursor, stride_);
    reserved_end_ = std::min(reserved_ + stride_, batch.chunks);
  }
  while (true) {
    const Survey found = survey(batch);
    if (found.free == no_chunk) {
      step::store(batch.claimed, 1, std::memory_order_relaxed);
      all_done_ = found.all_done;
      return no_chunk;
    }
    if (try_claim(batch, found.free)) {
      return found.free;
    }
  }
}

void ChunkClaims::took(std::uint64_t nanoseconds) noexcept {
  constexpr std::uint64_t is_short = 2'000;
  stride_ = nanoseconds < is_short ? std::min(stride_ * 2, most) : 1;
}

}  // namespace multiprocess::detail
