// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/batch.hpp>
#include <multiprocess/detail/shared_ref.hpp>
#include <multiprocess/detail/word.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace multiprocess::detail {

/// What is known of one long task.
struct SlowTask {
  std::uint64_t nanoseconds;
  std::uint64_t number;  // of the call
  std::uint64_t item;
};

enum class WorkerState : std::uint32_t {
  starting,
  ready,    // initialized
  failed,   // its initializer threw: see `report`
  retired,  // has done enough, and leaves
  left,     // has nothing more to do, and leaves
};

/// It will have ended soon.
constexpr bool is_leaving(WorkerState state) noexcept {
  return state == WorkerState::retired || state == WorkerState::left;
}

/// Where one worker of a pool works; the next one takes it over when that has ended. What it has in
/// hand stands here, so that its death leaves no doubt about that.
struct alignas(64) Place {
  std::atomic<std::uint64_t> batch;   // what it looks at: nobody frees that meanwhile
  std::atomic<std::uint64_t> item;    // 1 + the item of it in hand; 0: none yet
  std::atomic<std::uint64_t> since;   // when it took that, if the batch is timed
  std::atomic<std::uint64_t> result;  // a message on its way into its word
  std::atomic<std::uint64_t> report;  // message: why it cannot work
  std::atomic<WorkerState> state;
  Signal stop;                          // a change of the word: an item is to stop
  std::atomic<std::uint64_t> stop_for;  // stop_word of that item; 0: none

  // Written by the worker for people to read.
  alignas(64) std::atomic<std::uint64_t> busy;  // nanoseconds
  std::atomic<std::uint64_t> ready_at;
  std::atomic<std::uint64_t> chunks_done;
  std::array<SlowTask, 5> slowest;
};

/// Batches of one priority, the oldest first. Only the pool's own process appends; whoever finds
/// nothing left to claim in the first one, and another one behind it, moves on.
struct Lane {
  std::atomic<std::uint64_t> head;
};

/// The shared side of a pool. All of its blocks are parts of it: so what a worker writes to stays
/// until the last worker has ended, whatever becomes of the process that made the pool.
struct alignas(64) Board {
  static constexpr std::uint32_t most_lanes = 15;
  static constexpr std::uint64_t no_lane = 0xf;

  CallingSignal work;                   // workers sleep here
  CallingSignal done;                   // and who waits for them here
  Signal attention;                     // and here the pool's own thread
  std::atomic<std::uint64_t> attended;  // how often it was to look
  std::atomic<std::uint32_t> closing;   // nothing will be added
  std::atomic<std::uint32_t> tidy;      // nothing is left but the board itself
  std::atomic<std::uint64_t> heard_of;  // batches that were complete and attended
  std::atomic<std::uint64_t> order;     // the lanes, highest priority first, 4 bits each
  std::array<Lane, most_lanes> lanes;
  std::atomic<std::uint64_t> exit_call;  // message: what a worker does before it leaves

  std::uint32_t places;
  std::uint32_t depth;        // pools within pools
  std::uint64_t most_chunks;  // after which a worker retires; 0: never
  std::uint64_t most_memory;  // likewise, in bytes; 0: no limit
  std::uint64_t seed;

  Place& place(std::uint32_t index) noexcept { return reinterpret_cast<Place*>(this + 1)[index]; }
};
static_assert(sizeof(Place) % 64 == 0);

/// The pool's own process sees to it, and counts as nobody's.
SharedRef make_board(std::uint32_t places, std::uint32_t depth);

/// Throws TypeError when what was received is no board.
void require_board(const SharedRef& received);

/// Blocks of a board: what a part is for says its tag.
enum class BoardPart : std::uint64_t { batch = 0, message = 1 };

/// A new block that belongs to the board. Throws std::bad_alloc.
Offset allocate_part(Board& board, std::size_t size);
/// The message, which is private to this process, belongs to the board from now on.
void adopt_message(Board& board, Offset message) noexcept;
/// The owner word of the result of an item, but for the flag of messages.
std::uint64_t owner_of_result(const Board& board, std::uint64_t number,
                              std::uint64_t item) noexcept;
/// Whether the block, which may be free again, is that result.
bool is_result(Offset block, const Board& board, std::uint64_t number, std::uint64_t item) noexcept;

/// Which item of which call is to stop.
constexpr std::uint64_t stop_word(std::uint64_t number, std::uint64_t item) noexcept {
  return (number << 32) ^ (item + 1);
}
/// The item in hand is to stop, if it is still this one.
void request_stop(Place& place, std::uint64_t number, std::uint64_t item) noexcept;
bool is_to_stop(const Place& place) noexcept;

/// Wakes so many workers.
void call_workers(Board& board, std::uint64_t count) noexcept;

/// Every chunk is done, and whoever waits for that is told, once.
void complete(Board& board, Batch& batch) noexcept;

/// The pool's own thread is to look.
void call_attention(Board& board) noexcept;

}  // namespace multiprocess::detail
