// SPDX-License-Identifier: BSD-3-Clause
#include <multiprocess/detail/chunk_run.hpp>

#include <multiprocess/detail/heap.hpp>
#include <multiprocess/detail/message.hpp>
#include <multiprocess/detail/remote_error.hpp>
#include <multiprocess/error.hpp>

#include <chrono>
#include <climits>
#include <cstdlib>
#include <new>

namespace multiprocess::detail {

namespace {

constinit thread_local std::uint64_t task_seed_here = 0;

/// Sebastiano Vigna's splitmix64: one step.
constexpr std::uint64_t scramble(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31);
}

Offset make_message(Bytes bytes) {
  const Offset block = Message::prepare(bytes.size(), {});
  Message::write(block, bytes.data());
  return block;
}

/// The text that Python has, with what it cannot say left out: the value.
[[noreturn]] void throw_no_room() {
  throw MaybeEncodingError("Error sending result. Reason: shared memory is short");
}

}  // namespace

Offset ChunkRun::message() const noexcept {
  return at<std::uint64_t>(batch_.messages)[begin_ / batch_.whole_chunk];
}

void ChunkRun::note_beginning(std::uint64_t item) noexcept {
  if (batch_.has(Batch::timed)) {
    place_.since.store(nanoseconds_now(), std::memory_order_relaxed);  // raw: a figure
  }
  if (batch_.has(Batch::seeded)) {
    const std::uint64_t seed = derive_seed(board_.seed, batch_.call, batch_.base + item);
    set_task_seed(seed);
    std::srand(static_cast<unsigned>(seed));
  }
}

void ChunkRun::begin(std::uint64_t item, Offset message) noexcept {
  auto& owner = owner_word(message);
  const std::uint64_t has_references = owner.load(std::memory_order_relaxed) & owner::message_flag;
  step::store(place_.result, message);
  step::store(owner, owner_of_result(board_, batch_.number, item) | has_references);
}

void ChunkRun::commit(std::uint64_t item, Offset message, std::uint64_t kind) noexcept {
  step::store(batch_.word(batch_.word_of(item)), message | kind);
  step::store(place_.result, 0);
}

void ChunkRun::put_message(std::uint64_t item, Bytes bytes, std::span<const SharedRef> beside) {
  Offset message = 0;
  try {
    message = Message::prepare(bytes.size(), beside);
  } catch (const std::bad_alloc&) {
    throw_no_room();
  }
  begin(item, message);
  if (bytes.size() >= result::large && batch_.last == 1) {
    step::store(batch_.coming, message, std::memory_order_seq_cst);
    if (batch_.waited.load(std::memory_order_seq_cst) != 0) {
      board_.done.wake(INT_MAX);  // who waits may copy along
    }
  }
  Message::write(message, bytes.data());
  commit(item, message, 0);
}

void ChunkRun::put_error(std::uint64_t item, std::uint64_t last) noexcept {
  const std::uint64_t end = batch_.has(Batch::word_each) ? last : item + 1;
  for (std::uint64_t each = item; each < end; ++each) {
    try {
      ScratchBuffer buffer;
      OutputArchive archive(*buffer);
      archive.put(nanoseconds_now());
      archive.put(each);
      archive(pack_current_exception());
      const Offset message = make_message(buffer->bytes());
      begin(each, message);
      commit(each, message, result::error);
    } catch (...) {
      step::store(batch_.word(batch_.word_of(each)), result::no_memory);
    }
  }
}

std::uint64_t nanoseconds_now() noexcept {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

void set_task_seed(std::uint64_t seed) noexcept {
  task_seed_here = seed;
}

std::uint64_t current_task_seed() noexcept {
  return task_seed_here;
}

std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t number, std::uint64_t item) noexcept {
  return scramble(scramble(seed ^ scramble(number)) + item);
}

}  // namespace multiprocess::detail
