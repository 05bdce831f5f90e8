// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/block_item.hpp>
#include <multiprocess/detail/item_queue.hpp>
#include <multiprocess/detail/os/handle.hpp>
#include <multiprocess/detail/shared_ref.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

namespace multiprocess::detail {

/// The two directions of a pipe in the arena; direction i leads to side i.
struct PipeState {
  struct Direction {
    QueueState queue;
    alignas(64) BellState bell;
  };
  std::array<Direction, 2> directions;
};

/// One side of a pipe, as a process sees it through its descriptor: messages go through the arena,
/// the descriptor says whether anybody is at the other side.
class PipeEnd {
 public:
  /// Both directions, empty.
  static SharedRef create();

  /// Nobody closed `end` meanwhile. `seen` belongs to the process; it begins with 0.
  PipeEnd(const SharedRef& pipe, unsigned side, os::NativeHandle end,
          std::atomic<std::uint64_t>& seen) noexcept
      : in_(direction(pipe, side)),
        out_(direction(pipe, 1 - side)),
        in_bell_(in_.bell, end, seen),
        out_bell_(out_.bell, end, seen) {}

  /// Outcome::ended when nobody is left at the other side.
  Outcome put(Bytes bytes, std::span<const SharedRef> beside) const;
  Outcome get(BlockItem& item, CopyAlong* along) const;

  /// The next put() asks the system in any case whether anybody is left.
  void ask_again() const noexcept { out_bell_.ask_again(); }

  /// True when get() would not wait.
  bool wait_ready(os::Deadline deadline) const { return in().wait_ready(deadline); }
  bool has_items() const noexcept { return in().has_item(); }

  /// Between these two, the descriptor is readable when items come or the other side goes; not for
  /// those that are there already.
  void begin_watch() const noexcept { in_bell_.begin_watch(); }
  void end_watch() const noexcept { in_bell_.end_watch(); }
  /// Makes the descriptor tell the truth again after it was readable without reason.
  void silence() const noexcept;

  /// This process has closed a descriptor of this side.
  void note_closing() const noexcept;

 private:
  static PipeState::Direction& direction(const SharedRef& pipe, unsigned side) noexcept {
    return static_cast<PipeState*>(pipe.address())->directions[side];
  }
  ItemQueue in() const noexcept { return {in_.queue, in_bell_}; }
  ItemQueue out() const noexcept { return {out_.queue, out_bell_}; }

  PipeState::Direction& in_;
  PipeState::Direction& out_;
  Bell in_bell_;
  Bell out_bell_;
};

}  // namespace multiprocess::detail
