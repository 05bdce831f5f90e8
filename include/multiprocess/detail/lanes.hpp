// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/board.hpp>
#include <multiprocess/detail/participants.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace multiprocess::detail {

/// The pool's own side of its lanes: it appends batches, and knows which of them nobody can come to
/// any more.
class Lanes {
 public:
  /// With one for priority 0. Throws std::bad_alloc.
  explicit Lanes(Board& board);
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// From now on the workers see it, and may complete it at once: so many of them are to be called.
  /// Of more than 15 priorities the nearest one is taken.
  std::uint64_t append(Offset batch, int priority);

  /// Which batches nobody is at, and nobody will come to. It holds of more and more of them, so it
  /// may be asked for long.
  class Look {
   public:
    bool nobody_comes_to(Offset batch) const noexcept;

   private:
    friend class Lanes;
    std::array<std::uint64_t, Board::most_lanes> turns_{};  // of the first batch of each lane
    std::vector<Offset> places_;                            // where workers are
  };

  /// Moves on from what is over, also when no worker has come by since, and looks around. One
  /// thread at a time, and nobody frees a batch meanwhile.
  const Look& advance() noexcept;

  /// Whether anything is left to claim.
  bool has_open_work() const noexcept;

 private:
  struct Side {
    int priority = 0;
    Offset tail = 0;
    std::uint64_t turn = 0;
    std::vector<Offset> dummies;  // batches without work, so that a lane is never without one
  };

  Offset make_dummy();
  std::size_t add(int priority);
  std::size_t find(int priority);
  void append_to(std::size_t lane, Offset batch) noexcept;
  void look_around() noexcept;
  void advance_lane(std::size_t lane) noexcept;
  bool leave_heavy(std::size_t lane, Offset first) noexcept;
  void publish() noexcept;

  Board& board_;
  Ticket creator_;
  mutable std::mutex mutex_;
  std::vector<Side> sides_;
  Look look_;
};

}  // namespace multiprocess::detail
