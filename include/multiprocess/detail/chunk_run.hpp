// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/codec.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stop_token>

namespace multiprocess::detail {

/// How the task in hand hears that it is to stop.
class StopListener {
 public:
  virtual ~StopListener() = default;
  /// For one item.
  virtual std::stop_token begin() = 0;
  virtual void end() = 0;
};

/// A chunk in a worker's hand: where its items come from and its results go.
///
/// A result is complete with the one store that sets its word. Until then the worker's place says
/// which block it lies in, and the block's owner word what has become of it.
class ChunkRun {
 public:
  ChunkRun(Board& board, Batch& batch, Place& place, std::uint64_t begin, std::uint64_t end,
           StopListener& stops) noexcept
      : board_(board), batch_(batch), place_(place), stops_(stops), begin_(begin), end_(end) {}

  std::uint64_t begin() const noexcept { return begin_; }
  std::uint64_t end() const noexcept { return end_; }
  bool stops_at_error() const noexcept { return batch_.has(Batch::stops_at_error); }
  StopListener& stops() const noexcept { return stops_; }

  /// The item is in hand: should this process end now, it is the one that is lost.
  void take(std::uint64_t item) noexcept {
    if ((batch_.flags.load(std::memory_order_relaxed) & (Batch::timed | Batch::seeded)) != 0)
        [[unlikely]] {
      note_beginning(item);
    }
    step::store(place_.item, item + 1);
  }

  /// Of the call; in place.
  template <class T>
  const T* plain_inputs() const noexcept {
    return at<T>(batch_.plain_in);
  }
  template <class T>
  T* plain_results() const noexcept {
    return at<T>(batch_.plain_out);
  }

  /// A chunk of the call comes as one message; ours may be a part of it, which begins after so many
  /// items.
  Offset message() const noexcept;
  std::uint64_t skipped() const noexcept { return begin_ % batch_.whole_chunk; }

  /// The result lies in place.
  void put_plain(std::uint64_t item) noexcept {
    if (batch_.has(Batch::word_each)) {
      step::store(batch_.word(item), result::plain);
    }
  }
  /// Throws MaybeEncodingError when shared memory is short.
  void put_message(std::uint64_t item, Bytes bytes, std::span<const SharedRef> beside);

  /// The exception in hand is what became of these items. For use in a `catch` block.
  void put_error(std::uint64_t item, std::uint64_t last) noexcept;

 private:
  void note_beginning(std::uint64_t item) noexcept;
  /// The message is going to be the item's result.
  void begin(std::uint64_t item, Offset message) noexcept;
  /// It is.
  void commit(std::uint64_t item, Offset message, std::uint64_t kind) noexcept;

  Board& board_;
  Batch& batch_;
  Place& place_;
  StopListener& stops_;
  std::uint64_t begin_;
  std::uint64_t end_;
};

/// Nanoseconds on the clock that all processes of the machine share.
std::uint64_t nanoseconds_now() noexcept;

/// What `task_seed()` says in this thread.
void set_task_seed(std::uint64_t seed) noexcept;
std::uint64_t current_task_seed() noexcept;

/// Of an item of a call.
std::uint64_t derive_seed(std::uint64_t seed, std::uint64_t number, std::uint64_t item) noexcept;

}  // namespace multiprocess::detail
