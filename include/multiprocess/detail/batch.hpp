// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/arena.hpp>
#include <multiprocess/detail/step.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace multiprocess::detail {

/// Work for a pool, in the arena: one callable and the items that it is to be called with, in
/// chunks. Each chunk has a word that says whose it is, and goes from free to claimed to done. It
/// is claimed by the one store that says by whom, so that a kill leaves no doubt about whose it
/// was.
struct Batch {
  enum Flag : std::uint32_t {
    attended = 1,        // the pool's own thread is told of its end
    told_each = 2,       // who waits is woken for each chunk
    timed = 4,           // each item has a time limit
    stops_at_error = 8,  // the rest of a chunk is left out after an item that threw
    word_each = 16,      // a result word for each item, else for each chunk
    takes_token = 32,    // the callable hears of requests to stop
    seeded = 64,         // items come with a seed of their own
    heavy = 128,         // it is freed as soon as it can be
  };
  /// From so many bytes on it is heavy, with all its messages.
  static constexpr std::size_t heavy_size = std::size_t{64} << 10;

  std::atomic<std::uint64_t> next;  // the batch behind it in its lane
  std::uint64_t number;             // no other batch has it but the rests of this one
  std::atomic<std::uint64_t> turn;  // greater than that of the one before it in its lane
  std::atomic<std::uint64_t> lane;
  std::uint64_t code;  // message with the callable

  std::uint64_t first;  // the items are [first, last), numbered as in the call
  std::uint64_t last;
  std::uint64_t chunk;  // items in a chunk
  std::uint64_t chunks;
  std::uint64_t states;  // where the chunks' words lie

  std::uint64_t whole_chunk;  // items in a chunk of the call, which `messages` counts by
  std::uint64_t plain_in;     // items that are used in place, 0: encoded ones
  std::uint64_t messages;     // a message for each chunk of the call; 0: the item is in `code`
  std::uint64_t plain_out;    // where results of a plain type go, 0: each is a message
  std::uint64_t words;        // what became of an item or a chunk: see Result
  std::uint64_t trace;        // a TracedChunk for each chunk, 0: nobody wants to know

  std::uint64_t call;  // for people: its number, and
  std::uint64_t base;  // how many items of the call lie before those of this batch

  std::atomic<std::uint64_t> coming;  // message with a large value of the only item

  std::atomic<std::uint64_t> complete;  // every chunk is done: see completed_first

  std::atomic<std::uint32_t> flags;
  std::atomic<std::uint32_t> waited;   // somebody sleeps until it is
  std::atomic<std::uint32_t> claimed;  // nothing is left to claim
  std::atomic<std::uint32_t> scans;    // orders what is done before what is seen

  alignas(64) std::atomic<std::uint64_t> cursor;  // chunks before it were offered to somebody
  std::atomic<std::uint64_t> done_before;         // chunks before it are done

  std::atomic<std::uint32_t>* chunk_states() const noexcept {
    return at<std::atomic<std::uint32_t>>(states);
  }
  std::atomic<std::uint64_t>& word(std::uint64_t index) const noexcept {
    return at<std::atomic<std::uint64_t>>(words)[index];
  }
  bool has(Flag flag) const noexcept { return (flags.load(std::memory_order_relaxed) & flag) != 0; }
  std::uint64_t begin_of(std::uint64_t number_of_chunk) const noexcept {
    return first + number_of_chunk * chunk;
  }
  std::uint64_t end_of(std::uint64_t number_of_chunk) const noexcept {
    const std::uint64_t end = begin_of(number_of_chunk) + chunk;
    return end < last ? end : last;
  }
  /// Which result word an item's error or message stands in.
  std::uint64_t word_of(std::uint64_t item) const noexcept {
    return has(word_each) ? item : item / whole_chunk;
  }
};

/// What is in `complete`: that it was not attended then, or as which of those that were. So their
/// callbacks can be made in the order in which they were complete.
inline constexpr std::uint64_t completed_unattended = 1;
inline constexpr std::uint64_t completed_first = 2;

/// When a chunk began and ended, and where.
struct TracedChunk {
  std::uint64_t begin;
  std::uint64_t end;
  std::uint32_t place;
  std::int32_t pid;
};

/// What stands in a result word: where the message lies, and what it is. 0: nothing yet.
namespace result {

inline constexpr std::uint64_t plain = 1;      // the result lies in place
inline constexpr std::uint64_t no_memory = 2;  // there was none to say more
inline constexpr std::uint64_t error = 4;      // the message is an error, else a value
inline constexpr std::uint64_t mask = 63;

/// From so many bytes on a value may be copied while it is being written.
inline constexpr std::size_t large = std::size_t{1} << 20;

constexpr Offset message(std::uint64_t word) noexcept {
  return word & ~mask;
}

/// Of the block that is the result of an item: no other block of the pool has this tag, except by
/// chance those of items that are far away.
constexpr std::uint64_t tag(std::uint64_t batch_number, std::uint64_t item) noexcept {
  return ((batch_number * 0x9e3779b97f4a7c15U + item) << 2 | 2) & ((std::uint64_t{1} << 28) - 1);
}

}  // namespace result

namespace chunk_state {

inline constexpr std::uint32_t free = 0;
inline constexpr std::uint32_t done = std::numeric_limits<std::uint32_t>::max();

constexpr std::uint32_t claimed_by(std::uint32_t place) noexcept {
  return place + 1;
}

}  // namespace chunk_state

inline constexpr std::uint64_t no_chunk = ~std::uint64_t{0};

/// What a look at all chunks of a batch found.
struct Survey {
  std::uint64_t free = no_chunk;  // the first that is
  bool all_done = true;
};
Survey survey(Batch& batch) noexcept;

/// One worker's way through a batch: it reserves some chunks that follow one another, and claims
/// them one by one. What it has reserved and not yet claimed others may claim, once there is
/// nothing else: so a worker that is busy, or killed, keeps nothing from being done.
class ChunkClaims {
 public:
  explicit ChunkClaims(std::uint32_t place) noexcept : mine_(chunk_state::claimed_by(place)) {}

  /// Begins a batch.
  void enter() noexcept {
    reserved_ = reserved_end_ = 0;
    all_done_ = false;
  }

  /// False when it is not free.
  bool try_claim(Batch& batch, std::uint64_t chunk) const noexcept;

  /// no_chunk when nothing is left to claim.
  std::uint64_t claim(Batch& batch) noexcept;

  /// What that last claim saw, which got none: nothing is left to do either.
  bool saw_all_done() const noexcept { return all_done_; }

  /// The last chunk took so long: short ones are reserved in greater numbers.
  void took(std::uint64_t nanoseconds) noexcept;

 private:
  static constexpr std::uint64_t most = 32;

  std::uint32_t mine_;
  std::uint64_t reserved_ = 0;
  std::uint64_t reserved_end_ = 0;
  std::uint64_t stride_ = 1;
  bool all_done_ = false;
};

}  // namespace multiprocess::detail
