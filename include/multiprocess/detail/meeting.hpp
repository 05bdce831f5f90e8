// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <multiprocess/detail/holders.hpp>
#include <multiprocess/detail/os/deadline.hpp>
#include <multiprocess/detail/owned_lock.hpp>
#include <multiprocess/detail/word.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace multiprocess::detail {

/// Where a barrier stands, in one word: parties come and are counted until all are there, or until
/// it breaks; then the next phase begins.
struct Stage {
  static constexpr std::uint32_t most = 0x7fffffff;

  std::uint32_t phase = 0;
  bool broken = false;  // nobody is let in before a reset
  std::uint32_t count = 0;

  std::uint64_t word() const noexcept {
    return std::uint64_t{phase} << 32 | std::uint64_t{broken} << 31 | count;
  }
  static Stage from(std::uint64_t word) noexcept {
    return {static_cast<std::uint32_t>(word >> 32), (word >> 31 & 1) != 0,
            static_cast<std::uint32_t>(word) & most};
  }
};

/// A barrier in the arena. A holding says at what reset count its process has last waited.
struct MeetingState {
  static constexpr std::size_t remembered = 8;

  HoldingBlock members;
  alignas(64) std::atomic<std::uint64_t> stage;
  OwnedLock lock;                     // held for moments, whenever the stage changes
  Signal ended;                       // those who have come sleep until the phase has ended
  std::atomic<std::uint64_t> resets;  // and 1
  std::atomic<std::uint64_t> breaks;  // how many phases have ended otherwise than by all coming
  std::array<std::atomic<std::uint64_t>, remembered> broken;  // the last of them
  std::int64_t timeout;                                       // nanoseconds
  std::uint32_t parties;
  std::uint32_t acts;                 // 1: somebody does something between the last one and the end
  std::atomic<std::uint64_t> action;  // a message that says what, 0: only the creator knows
};

/// Who meets at a barrier behind a handle.
class Meeting {
 public:
  static constexpr std::uint64_t tag = owner::tag_mask - 4;

  struct Arrival {
    std::uint32_t phase;
    std::uint32_t index;   // how many had come before
    std::uint64_t breaks;  // that there had been
    bool acts;             // the last one: it is to call pass()
  };

  /// `action` is a message of this process's that the barrier takes over, or 0.
  static SharedRef create(std::uint32_t parties, std::int64_t timeout, bool acts, Offset action);

  explicit Meeting(const SharedRef& ref) noexcept
      : state_(*static_cast<MeetingState*>(ref.address())), holders_(ref) {}

  /// One more has come; if it was the last one and need not act, the phase has ended. Nothing when
  /// the barrier is broken, or not free until `deadline`. std::bad_alloc when memory is short.
  std::optional<Arrival> arrive(os::Deadline deadline) const;

  /// Waits until the others have come; breaks the barrier at the deadline, or when a process that
  /// has waited since the last reset was killed. True when the phase has ended as it should.
  bool wait(const Arrival& arrival, os::Deadline deadline) const;

  /// The last one has done what there is to do. False when the barrier broke meanwhile.
  bool pass(const Arrival& arrival) const;

  /// Breaks it, if that phase still goes on.
  void break_phase(std::uint32_t phase) const;

  void abort() const;
  void reset() const;

  /// Where it stands, deaths considered.
  Stage stage() const;

  const MeetingState& state() const noexcept { return state_; }

  static void destroy(Offset object) noexcept;

 private:
  class Locked;

  Stage now() const noexcept { return Stage::from(state_.stage.load(std::memory_order_seq_cst)); }
  void set(Stage stage) const noexcept;
  Stage look() const noexcept;
  Stage break_now(Stage stage) const noexcept;
  void begin_break(Stage stage) const noexcept;
  void finish_break() const noexcept;
  Arrival join(Stage stage) const;
  bool has_dead_member() const noexcept;
  bool has_passed(const Arrival& arrival) const noexcept;
  template <class Over>
  bool sleep(os::Deadline deadline, Over over) const;
  void tell() const noexcept;

  MeetingState& state_;
  Holders holders_;
};

}  // namespace multiprocess::detail
